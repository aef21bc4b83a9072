"""Preflight as a whole: its list, its records, a healthy machine, a second run, odd machines."""

import re
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.findings import Finding, Status, failed, passed
from agent.preflight.check import PreflightCheck, Where
from agent.preflight.run import run_preflight
from agent.preflight.subject import random_is_ready
from agent.preflight.words import size
from setup.preflight import PREFLIGHT
from setup.preflight.subject import SetupSubject
from tests.unit.preflight_machine import Scene


@pytest.fixture
def scene(root: Path) -> Scene:
    return Scene(root)


def test_there_are_more_than_the_thirty_promised() -> None:
    codes = [check.code for check in PREFLIGHT]
    assert len(codes) == len(set(codes)) >= 30
    for where in Where:
        assert sum(1 for check in PREFLIGHT if where in check.where) >= 30


@pytest.mark.parametrize("check", PREFLIGHT, ids=lambda check: check.code)
def test_a_record_says_what_and_why_and_how_to_mend_it(check: PreflightCheck[SetupSubject]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]*", check.code)
    assert check.title
    assert check.why.endswith(".")
    assert not check.fix.endswith(".")
    assert check.fix
    assert check.where


@pytest.mark.parametrize("embedded", [False, True])
def test_a_healthy_machine_passes_everything(root: Path, embedded: bool) -> None:
    for check, finding in Scene(root, embedded=embedded).look().values():
        assert finding.status is Status.PASS, (check.code, finding)
        assert check.cure(finding) == ""


def test_only_the_checks_of_the_place_are_run(root: Path) -> None:
    machine = set(Scene(root).look())
    assert "systemd" in machine
    assert "port-rights" not in machine


def test_looking_writes_nothing(scene: Scene) -> None:
    subject = scene.subject()
    before = {path: path.lstat().st_mtime_ns for path in scene.root.rglob("*")}
    run_preflight(subject, PREFLIGHT)
    assert {path: path.lstat().st_mtime_ns for path in scene.root.rglob("*")} == before


def test_a_second_run_finds_its_own_appliance_in_order(scene: Scene) -> None:
    scene.install()
    scene.listens(8086, 100)
    scene.listens(8443, 101)
    scene.listens(5432, 102)
    scene.process(10, "python3", sockets=[100], unit="caretaker.service")
    scene.process(11, "web", sockets=[101], unit="shop-web.service")
    scene.process(12, "postgres", sockets=[102], unit="postgresql@15-main.service")
    line = "{0}:x:{1}:{1}::/:/usr/sbin/nologin\n"
    people = (scene.root / "etc/passwd").read_text()
    scene.write("etc/passwd", people + line.format("caretaker", 990) + line.format("shop", 991))
    scene.write("etc/systemd/system/shop-web.service", "# Written by Caretaker from ...\n")
    scene.write("etc/systemd/system/shop.target", "# x\n# Written by Caretaker from ...\n")
    for check, finding in scene.look().values():
        assert finding.status is Status.PASS, (check.code, finding)
    assert scene.one("port-services").summary == "8443, 5432: held by this appliance"


def test_a_second_run_below_a_root_knows_its_daemon_by_the_root(root: Path) -> None:
    scene = Scene(root, embedded=True, user=1000)
    scene.install()
    scene.listens(8086, 100)
    scene.listens(8443, 101)
    daemon = ["/venv/bin/python", "-I", "-m", "agent.daemon", "--root", str(root), "--embedded"]
    scene.process(10, "python", sockets=[100], command=daemon)
    scene.process(11, "sh", command=["sh"], parent=10)
    scene.process(12, "web", sockets=[101], parent=11)
    assert scene.one("port-probe").ok
    assert scene.one("port-services").ok
    scene.process(13, "python", command=[*daemon[:5], "/another/root"])
    (root / "proc/11/stat").write_text("11 (sh) S 13 1\n")
    finding = scene.one("port-services")
    assert (finding.status, finding.detail["pid"]) == (Status.FAIL, 12)


def test_a_full_disk_does_not_stop_a_second_run(scene: Scene) -> None:
    scene.install()
    scene.facts.disk = type(scene.facts.disk)(1 << 30, 0, 1 << 20, 1 << 19, read_only=False)
    findings = {code: finding for code, (_, finding) in scene.look().items()}
    assert {code for code, finding in findings.items() if finding.code == "disk-low"} == {
        "disk-tool",
        "disk-releases",
        "disk-data",
        "disk-logs",
    }
    assert all(finding.ok for finding in findings.values())


def _raises(error: Exception) -> PreflightCheck[SetupSubject]:
    def look(_: SetupSubject) -> Finding:
        raise error

    return PreflightCheck("odd", "Odd", "Why.", "fix", look)


@pytest.mark.parametrize("error", [OSError(5, "x"), ValueError("x"), MachineError("internal", "x")])
def test_a_fact_that_cannot_be_read_warns(scene: Scene, error: Exception) -> None:
    ((_, finding),) = run_preflight(scene.subject(), [_raises(error)])
    assert (finding.status, finding.code) == (Status.WARN, "not-seen")


def test_a_defect_of_ours_is_not_hidden(scene: Scene) -> None:
    with pytest.raises(TypeError):
        run_preflight(scene.subject(), [_raises(TypeError("ours"))])


def test_a_cure_names_the_very_thing() -> None:
    fix = "kill {pid}; not {other}"
    check: PreflightCheck[SetupSubject] = PreflightCheck(
        "x", "X", "Why.", fix, lambda _: passed("")
    )
    assert check.cure(failed("x", "x", pid=7)) == "kill 7; not {other}"


def test_a_release_staged_in_an_image_is_a_payload(scene: Scene) -> None:
    (scene.root / "source/payload/bin/web").unlink()
    (scene.root / "source/payload/bin").rmdir()
    web = scene.write("opt/shop/releases/1.0-0123456789ab/bin/web", "#!/bin/sh\n")
    scene.write("opt/shop/releases/1.0-0000.part/bin/web", "")
    scene.source = scene.layout.etc
    assert scene.one("payload").ok
    assert scene.one("service-programs").code == "program-missing"
    web.chmod(0o755)
    assert scene.one("service-programs").ok


def test_a_bare_machine_is_looked_at_without_an_accident(root: Path) -> None:
    """No file at all: every check still answers."""
    scene = Scene(root)
    for path in sorted(root.rglob("*"), reverse=True):
        path.unlink() if not path.is_dir() or path.is_symlink() else path.rmdir()
    (root / "source").mkdir()
    results = run_preflight(scene.subject(), PREFLIGHT)
    assert len(results) >= 30
    assert not [check.code for check, finding in results if finding.code == "not-seen"]


@pytest.mark.real
def test_the_kernel_of_a_machine_that_runs_tests_is_seeded() -> None:
    assert random_is_ready()


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (5 << 30, "5 GiB")],
)
def test_sizes_read_well(count: int, text: str) -> None:
    assert size(count) == text
