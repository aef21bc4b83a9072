"""systems.toml and the golden files, against the systems themselves as far as they can be had."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.systems.os_release import describe, parse, read_os_release
from agent.systems.system import Kinship, System, known_systems, match_system
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

GOLDEN = Path(__file__).parents[1] / "golden" / "os-release"
# Ubuntu's roots are built without apt, which only an installed system has.
WITH_APT = ("bookworm", "trixie")
ROOTS = {
    "bookworm": "debian-12",
    "trixie": "debian-13",
    "jammy": "ubuntu-22.04",
    "noble": "ubuntu-24.04",
}

pytestmark = pytest.mark.slow


def system(root: str) -> System:
    (found,) = [system for system in known_systems() if system.id == ROOTS[root]]
    return found


@pytest.mark.parametrize("root", ROOTS)
def test_a_real_system_is_known_and_the_golden_file_is_like_its_own(
    roots: Callable[[str], Path], root: str
) -> None:
    real = read_os_release(roots(root))
    match = match_system(real)
    assert (match.kinship, match.system) == (Kinship.EXACT, system(root))
    golden = describe(parse((GOLDEN / ROOTS[root]).read_text()))
    # The title carries the point release.
    assert (real.id, real.version, real.like, real.codenames, real.platform) == (
        golden.id,
        golden.version,
        golden.like,
        golden.codenames,
        golden.platform,
    )


@pytest.fixture
def booted(machines: Boot, request: pytest.FixtureRequest) -> tuple[Machine, System]:
    return machines(request.param), system(request.param)


@pytest.mark.parametrize("booted", ROOTS, indirect=True)
def test_what_the_table_says_of_a_system_is_so(booted: tuple[Machine, System]) -> None:
    machine, known = booted
    assert machine.run(["systemctl", "--version"]).out.startswith(f"systemd {known.systemd} ")
    script = "import sys, venv; print(sys.version_info >= (3, 11))"
    assert machine.run([known.python, "-c", script]).out.strip() == "True"
    family = known.family
    for program in (family.accounts, *family.trust_update[:1]):
        assert machine.run(["sh", "-c", f"command -v {program}"]).ok
    assert machine.exists(family.nologin)
    assert machine.exists(family.trust_folder)
    assert machine.run(["getent", "group", family.journal_group]).ok
    for lock in family.locks:
        assert machine.exists(str(Path(lock).parent))
    installed = machine.run(["dpkg-query", "-Wf", "${Package}\n"]).out.split()
    assert set(known.python_packages) <= set(installed)


@pytest.mark.parametrize("booted", WITH_APT, indirect=True)
def test_the_install_command_is_one_the_system_understands(
    booted: tuple[Machine, System],
) -> None:
    machine, known = booted
    environment = dict(known.family.environment)
    argv = known.install_command(*known.python_packages)
    assert machine.run(argv, env=environment, timeout=60).ok
