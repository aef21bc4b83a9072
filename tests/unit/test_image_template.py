"""The Packer template: accepted by the real 1.6.6, and with newer fields for the newer."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import hcl2
import pytest
from click.testing import CliRunner

from packer.cli import image_template
from packer.golden import machine, seed
from packer.golden.build import Build
from packer.golden.template_text import MAIN, PLUGINS, TEMPLATE, render
from tests.unit.image_course import a_build

Architecture = Literal["amd64", "arm64"]
Accelerator = Literal["tcg", "kvm"]

SOURCES = {"qemu", "amazon-ebs", "azure-arm", "googlecompute"}
# What marketplaces ask for and 1.6.6 does not know (the plugins' documented arguments).
NEWER: dict[str, dict[str, object]] = {
    "amazon-ebs": {"imds_support": "v2.0", "boot_mode": "uefi-preferred", "tpm_support": "v2.0"},
    "azure-arm": {
        "security_type": "TrustedLaunch",
        "secure_boot_enabled": True,
        "vtpm_enabled": True,
    },
    "googlecompute": {"enable_secure_boot": True, "enable_vtpm": True},
}


def sources(text: str) -> dict[str, dict[str, Any]]:
    found = {}
    for each in hcl2.loads(text)["source"]:
        for kind, named in each.items():
            found[kind.strip('"')] = next(iter(named.values()))
    return found


def bare(value: object) -> object:
    """Newer python-hcl2 keep the quotes."""
    return value.strip('"') if isinstance(value, str) else value


def test_both_renderings_have_the_four_sources() -> None:
    for minimum in ("1.6", "1.10"):
        assert set(sources(render(minimum)[MAIN])) == SOURCES


def test_the_newer_has_every_field_that_marketplaces_want_and_the_older_none() -> None:
    old, new = sources(render("1.6")[MAIN]), sources(render("1.10")[MAIN])
    for kind, fields in NEWER.items():
        for name, value in fields.items():
            assert bare(new[kind][name]) == value
            assert name not in old[kind]
    features = [bare(each) for each in new["googlecompute"]["image_guest_os_features"]]
    assert {"UEFI_COMPATIBLE", "GVNIC"} <= set(features)


def test_plugins_are_named_for_the_newer_alone() -> None:
    assert list(render("1.6")) == [MAIN]
    plugins = hcl2.loads(render("1.10")[PLUGINS])["packer"][0]["required_plugins"][0]
    wanted = {"qemu", "amazon", "azure", "googlecompute"}
    assert {name.strip('"') for name in plugins if not name.startswith("__")} == wanted


def test_no_marketplace_image_is_encrypted_and_no_key_stays() -> None:
    aws = sources(render("1.6")[MAIN])["amazon-ebs"]
    assert aws["encrypt_boot"] is False
    assert aws["ssh_clear_authorized_keys"] is True


def test_the_command_writes_what_is_rendered(tmp_path: Path) -> None:
    out = tmp_path / "packer"
    done = CliRunner().invoke(
        image_template.command, ["--output", str(out), "--packer-min", "1.10"]
    )
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == [MAIN, PLUGINS]
    assert "required_plugins" in (out / PLUGINS).read_text()


def test_the_script_in_the_machine_is_plain_sh() -> None:
    done = shutil.which("sh")
    assert done
    text = (TEMPLATE / "install.sh").read_text()
    assert text.startswith("#!/bin/sh\n")
    assert "set -eu" in text


def ordered(root: Path, architecture: Architecture, accelerator: Accelerator) -> Build:
    """A build whose base is there, with Packer's folders."""
    build, _, _ = a_build(root)
    build.wanted = replace(build.wanted, architecture=architecture, accelerator=accelerator)
    build.base_disk = root / "b.qcow2"
    build.base_disk.write_bytes(b"disk")
    for each in (build.places.packer, build.places.upload):
        each.mkdir(parents=True, exist_ok=True)
    return build


@pytest.mark.parametrize(
    ("architecture", "accelerator", "program", "kind", "processor"),
    [
        ("amd64", "tcg", "qemu-system-x86_64", "q35", "max"),
        ("arm64", "tcg", "qemu-system-aarch64", "virt", "max,pauth-impdef=on"),
        ("arm64", "kvm", "qemu-system-aarch64", "virt", "max"),
    ],
)
def test_the_machine_is_one_of_the_image_s_architecture(
    tmp_path: Path, architecture: Architecture, accelerator: Accelerator,
    program: str, kind: str, processor: str,
) -> None:  # fmt: skip
    told = machine.variables(ordered(tmp_path, architecture, accelerator))
    for name, value in (
        ("qemu_binary", program),
        ("machine_type", kind),
        ("processor", processor),
        ("accelerator", accelerator),
    ):
        assert f"-var={name}={value}" in told
    declared = {next(iter(each)).strip('"') for each in hcl2.loads(render("1.6")[MAIN])["variable"]}
    assert {each.removeprefix("-var=").partition("=")[0] for each in told} <= declared


@pytest.mark.real
@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_packer_itself_accepts_all_four_sources_offline(
    tmp_path: Path, architecture: Architecture
) -> None:
    program = shutil.which("packer")
    if program is None:
        pytest.skip("there is no packer here: apt-get install packer")
    (tmp_path / MAIN).write_text(render("1.6")[MAIN])
    build = ordered(tmp_path, architecture, "tcg")
    seed.make(build.places.secret, build.places.packer / "seed")
    done = subprocess.run(
        [program, "validate", *machine.variables(build), MAIN],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Error" not in done.stdout + done.stderr


@pytest.mark.real
def test_packer_would_write_the_template_just_so(tmp_path: Path) -> None:
    program = shutil.which("packer")
    if program is None:
        pytest.skip("there is no packer here: apt-get install packer")
    for name in (MAIN, PLUGINS):
        shutil.copy(TEMPLATE / name, tmp_path / name)
        argv = [program, "fmt", "-check", "-diff", name]
        done = subprocess.run(
            argv, cwd=tmp_path, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
