"""`caretaker support-bundle` as people call it: below a root of its own, and at the vendor's."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner, Result

from agent.cli.program import program
from agent.errors import CaretakerError
from agent.layout import Layout
from support.cli import support_bundle_scene as scenes
from support.cli.support_bundle_commands import NAMES, find
from support.scene import is_rescue

pytestmark = pytest.mark.real
REPOSITORY = Path(__file__).parents[2]
ONLY = ("--only", "memory", "--only", "configuration", "--only", "kernel")
MANIFEST = """
[appliance]
name = "shop"
version = "1.2"
support = "help@vendor.example"
[services.web]
command = ["/usr/bin/true"]
[support]
skip = ["kernel"]
"""
PASSWORD = "x7-Kp9" + "-tangerine-44"


@pytest.fixture
def appliance(root: Path) -> Path:
    (root / "etc/caretaker/keys").mkdir(parents=True)
    (root / "etc/caretaker/appliance.toml").write_text(MANIFEST)
    (root / "etc/shop").mkdir()
    (root / "etc/shop/app.ini").write_text(f"[db]\npassword = {PASSWORD}\nhost = db1\n")
    return root


def run(root: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """In a process of its own: it gives way and forks, which a test's process should not."""
    done = subprocess.run(
        [sys.executable, "-m", "agent", "--root", root, "support-bundle", *words],
        capture_output=True, text=True, cwd=REPOSITORY, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


def here(*words: str) -> Result:
    return CliRunner().invoke(program, ["support-bundle", *words])


def test_one_is_made_looked_into_searched_and_opened(appliance: Path, tmp_path: Path) -> None:
    said = run(appliance, *ONLY, "--case", "4711")
    lines = said.stdout.splitlines()
    assert len(lines) < 20
    path = lines[0]
    assert path.startswith(str(appliance / "var/lib/caretaker/bundles/shop-"))
    assert path.endswith("-4711.support.tar.zst")
    assert "not encrypted" in said.stdout
    assert "help@vendor.example" in said.stdout

    assert "sound: " in here("verify", path).output
    assert "configuration/application/app.ini" in here("list", path).output
    found = here("grep", "password", path, "--in", "configuration/*")
    assert "app.ini:2:password = REDACTED-" in found.output
    assert PASSWORD not in found.output
    assert here("grep", "no such line at all", path).exit_code == 1
    target = tmp_path / "case"
    assert here("open", path, str(target)).exit_code == 0
    assert "REDACTED-" in (target / "configuration/application/app.ini").read_text()


def test_it_is_encrypted_to_the_key_in_the_image(appliance: Path, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    (appliance / "etc/caretaker/keys/support.age").write_text(f"{identity.to_public()}\n")
    private = tmp_path / "vendor.key"
    private.write_text(str(identity))
    told = json.loads(run(appliance, *ONLY, "--json").stdout.splitlines()[-1])
    assert told["file"].endswith(".age")
    assert told["encrypted_to"] == "the vendor"
    assert here("verify", told["file"], "--identity", str(private)).exit_code == 0
    (appliance / "etc/caretaker/keys/support.age").write_text("age1broken\n")
    failed = run(appliance, *ONLY, code=2)
    assert "support.age, line 1" in failed.stderr
    clear = json.loads(run(appliance, *ONLY, "--no-encrypt", "--json").stdout.splitlines()[-1])
    assert clear["encrypted_to"] == ""


def test_a_plan_is_quick_and_writes_nothing(appliance: Path) -> None:
    before = sorted(appliance.rglob("*"))
    begun = time.monotonic()
    said = run(appliance, "--plan").stdout
    assert time.monotonic() - begun < 5  # 0.5 s on a machine that is not busy
    assert "configuration" in said
    assert [line.split()[0] for line in said.splitlines() if "left out" in line] == ["kernel"]
    planned = json.loads(run(appliance, "--plan", "--json").stdout)
    assert planned["excluded"] == ["kernel"]
    assert planned["raw"] > 0 < planned["estimate"]
    assert sorted(appliance.rglob("*")) == before


def test_a_preview_shows_masked_lines_and_writes_no_bundle(appliance: Path) -> None:
    said = run(appliance, "--preview", "--only", "configuration").stdout
    assert "password = REDACTED-" in said
    assert PASSWORD not in said
    assert "nothing was written" in said
    assert not (appliance / "var/lib/caretaker/bundles").exists()


def test_unredacted_wants_a_word_and_says_so_in_its_name(appliance: Path) -> None:
    assert "needs a person to confirm" in run(appliance, "--unredacted", code=2).stderr
    told = json.loads(
        run(appliance, "--unredacted", "--yes", "--json", "--only", "configuration")
        .stdout.splitlines()[-1]
    )  # fmt: skip
    assert "-UNREDACTED" in told["name"]
    assert told["redaction"] == "off"
    assert "NOT REDACTED" in here("verify", told["file"]).output


def test_what_a_pseudonym_stands_for_is_known_here_alone(appliance: Path) -> None:
    from agent.errors import UsageError

    run(appliance, *ONLY)
    done = CliRunner().invoke(
        program, ["--root", str(appliance), "support-bundle", "reveal", "host-zzzz"]
    )
    assert isinstance(done.exception, UsageError)
    assert done.exception.code == "pseudonym-unknown"


def test_what_changed_between_two_is_told(appliance: Path) -> None:
    first = run(appliance, *ONLY).stdout.splitlines()[0]
    (appliance / "etc/shop/app.ini").write_text(f"[db]\npassword = {PASSWORD}\nhost = db2\n")
    (appliance / "etc/shop/new.ini").write_text("[x]\ny = 1\n")
    time.sleep(1.1)  # the name has seconds in it
    second = run(appliance, *ONLY).stdout.splitlines()[0]
    told = here("diff", first, second)
    assert told.exit_code == 1
    assert "added    configuration/application/new.ini" in told.output
    assert "changed  configuration/application/app.ini" in told.output
    assert "    -host = " in told.output


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--only", "memry"), "did you mean|memory"),
        (("--output", "-", "--volume", "20M"), "no volumes"),
        (("--encrypt-to", "x", "--no-encrypt"), "exclude each other"),
        (("--case", "../../x"), "part of a file's name"),
        (("--since", "yesterday"), "is no time"),
        (("--since", "1h", "--until", "2h"), "not before"),
        (("--volume", "1K"), "64KiB at least"),
        (("--max-size", "10K"), "1MiB at least"),
    ],
)
def test_what_makes_no_sense_is_said(appliance: Path, words: tuple[str, ...], what: str) -> None:
    done = CliRunner().invoke(program, ["--root", str(appliance), "support-bundle", *words])
    said = f"{done.output} {done.exception}"
    assert done.exit_code
    assert any(each in said for each in what.split("|")), said


def test_every_subcommand_is_there_and_teaches() -> None:
    for name in NAMES:
        command = find(name)
        assert command is not None
        assert command.name == name
        assert "caretaker support-bundle" in (command.help or "")


def test_a_manifest_that_hides_and_cannot_be_read_is_not_passed_over(appliance: Path) -> None:
    path = appliance / "etc/caretaker/appliance.toml"
    path.write_text("this is no manifest\n")
    assert scenes.world_of(Layout(appliance), rescue=None).manifest is None
    path.write_text("this is no manifest\n[hide.customers]\npattern = 'K-[0-9]+'\n")
    with pytest.raises(CaretakerError, match="hide"):
        scenes.world_of(Layout(appliance), rescue=None)


def test_a_mounted_disk_is_told_from_an_appliance_of_its_own(root: Path) -> None:
    assert not is_rescue(Path("/"))
    assert not is_rescue(root)
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/lib/os-release").write_text("ID=debian\n")
    assert is_rescue(root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_who_is_not_root_is_told_what_to_do() -> None:
    with pytest.raises(CaretakerError, match="only root"):
        CliRunner().invoke(program, ["support-bundle"], catch_exceptions=False)
