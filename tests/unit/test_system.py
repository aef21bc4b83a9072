"""Which system a machine is: every golden os-release with the answer it must get."""

from pathlib import Path

import pytest

from agent.systems.os_release import describe, parse
from agent.systems.system import Kinship, System, known_systems, match_system

GOLDEN = Path(__file__).parents[1] / "golden" / "os-release"

EXPECTED = {
    "debian-12": ("exact", "debian-12"),
    "debian-13": ("exact", "debian-13"),
    "ubuntu-22.04": ("exact", "ubuntu-22.04"),
    "ubuntu-24.04": ("exact", "ubuntu-24.04"),
    "rhel-9.4": ("exact", "rhel-9"),
    "rocky-9.4": ("exact", "rocky-9"),
    "almalinux-9.6": ("exact", "almalinux-9"),
    "amazon-2023": ("exact", "amazon-2023"),
    # Built from one of ours, under another name.
    "centos-stream-9": ("kin", "rhel-9"),
    "oracle-9.4": ("kin", "rhel-9"),
    "linuxmint-21.3": ("kin", "ubuntu-22.04"),
    "lmde-6": ("kin", "debian-12"),
    "raspbian-12": ("kin", "debian-12"),
    # Ours in another version, or nobody's.
    "debian-11": ("none", ""),
    "debian-testing": ("none", ""),
    "ubuntu-25.04": ("none", ""),
    "rocky-8.10": ("none", ""),
    "rhel-10.0": ("none", ""),
    "amazon-2": ("none", ""),
    "fedora-42": ("none", ""),
    "opensuse-leap-15.6": ("none", ""),
    "devuan-5": ("none", ""),
    "alpine-3.20": ("none", ""),
    "arch": ("none", ""),
}


def test_every_golden_file_has_an_expected_answer() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_systems_are_told_apart(name: str) -> None:
    match = match_system(describe(parse((GOLDEN / name).read_text())))
    found = (match.kinship.value, match.system.id if match.system else "")
    assert found == EXPECTED[name]


def test_every_system_sold_has_a_golden_file() -> None:
    golden = {system for kinship, system in EXPECTED.values() if kinship == "exact"}
    assert golden == {system.id for system in known_systems()}


@pytest.mark.parametrize("system", known_systems(), ids=lambda system: system.id)
def test_a_system_can_get_python_and_a_journal_module(system: System) -> None:
    assert system.python_packages
    assert bool(system.journal_packages) != bool(system.build_packages)
    assert bool(system.codename) != bool(system.platform)


def test_installing_waits_for_the_lock_of_first_boot() -> None:
    by_id = {system.id: system for system in known_systems()}
    command = by_id["debian-12"].install_command("curl")
    assert command[:2] == ["apt-get", "install"]
    assert command[-1] == "curl"
    assert "DPkg::Lock::Timeout=600" in command
    assert "--setopt=exit_on_lock=False" in by_id["rocky-9"].refresh_command()


def test_an_unnamed_linux_is_nobody() -> None:
    assert match_system(describe({})).kinship is Kinship.NONE


def test_setup_sh_says_the_same_before_there_is_a_python() -> None:
    """It repeats a few words of the table, since nothing can read the table yet."""
    script = (Path(__file__).parents[2] / "setup/setup.sh").read_text()
    for system in known_systems():
        assert " ".join(system.python_packages) in script
        for word in (*system.family.install, *system.family.wait_for_lock):
            assert word in script, (system.id, word)
        for name, value in system.family.environment.items():
            assert f"{name}={value}" in script
