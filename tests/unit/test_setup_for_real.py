"""setup.sh itself, embedded, below a temporary root: run, run again, planned, killed, removed."""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.setup import appliance
from bench.setup.arena import Arena, arena
from bench.setup.state import differences, snapshot
from bench.setup.sweep import sweep_steps
from bench.setup.trace import writes
from tests.machine import wheelhouse

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """One private environment for all: it costs seconds, the rest of a run tenths."""
    # A space: whoever quotes badly shall find out here.
    folder = tmp_path_factory.mktemp("with space")
    with arena(folder, "--wheelhouse", str(wheelhouse.locked_wheels())) as made:
        yield made


@pytest.fixture
def place(shared: Arena) -> Arena:
    shared.reset()
    return shared


def test_two_commands_of_the_readme(place: Arena) -> None:
    bare = writes(place.argv("--plan"), place.folder / "trace")
    assert bare == []
    first = place.run()
    assert (first.status, first.verdict["verdict"]) == (0, "healthy"), first
    wanted = snapshot(place.root)
    second = place.run()
    assert (second.status, second.changed) == (0, 0)
    assert second.seconds <= 2.0  # `bench.setup` holds it to 1 s, with nothing else at work
    assert differences(wanted, snapshot(place.root)) == []
    assert writes(place.argv("--plan"), place.folder / "trace") == []


def test_a_plan_names_what_the_run_then_does(place: Arena) -> None:
    planned = place.run("--plan")
    done = place.run()
    todo = {e["code"]: len(e["needs"]) for e in planned.events if e["event"] == "plan"}  # type: ignore[arg-type]
    made = {e["code"]: e["changed"] for e in done.events if e["event"] == "step"}
    # The folders of lock, log and report are made before the steps begin to count.
    assert made.pop("accounts") == todo.pop("accounts") - 3
    assert made == todo


def test_the_command_it_prints_is_the_one_that_works(place: Arena) -> None:
    place.run()
    caretaker = [f"{place.root}/opt/caretaker/venv/bin/caretaker", "--root", str(place.root)]
    status = subprocess.run([*caretaker, "status"], capture_output=True, text=True, timeout=30)
    assert status.returncode == 0, status
    assert "Tiny 1.0" in status.stdout
    stopped = subprocess.run([*caretaker, "stop"], capture_output=True, text=True, timeout=60)
    assert stopped.returncode == 0, stopped
    assert place.run().verdict["verdict"] == "healthy"  # and setup starts it again


def test_a_taken_port_is_told_with_its_holder(place: Arena) -> None:
    with socket.create_server(("127.0.0.1", place.ports[0])):
        refused = place.run()
    assert refused.status == 10
    text = json.dumps(refused.events)
    assert f"127.0.0.1:{place.ports[0]} is held by" in text
    assert f"(pid {os.getpid()})" in text
    assert not (place.root / "etc").exists()


def test_two_at_once_are_one_too_many(place: Arena) -> None:
    lock = place.root / "var/lib/caretaker/setup.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert place.run().status == 75
    assert place.run().status == 0


def test_a_service_that_fails_needs_attention_and_nothing_is_lost(place: Arena) -> None:
    program = place.source / "payload/serve"
    good = program.read_text()
    try:
        program.write_text("#!/bin/sh\nexit 3\n")
        failed = place.run("--wait", "2")
        assert (failed.status, failed.verdict["verdict"]) == (30, "needs-attention")
        assert "web" in str(failed.verdict["error"])
    finally:
        program.write_text(good)
    assert place.run().status == 0


def test_uninstalling_leaves_data_and_purging_leaves_nothing_but_the_lock(place: Arena) -> None:
    place.run()
    environment = place.root / "opt/caretaker"
    kept = place.folder / "environment"
    with _moved_back(environment, kept):
        (place.root / "var/lib/tiny/active/state/rows").write_text("precious")
        copied = subprocess.run(["cp", "-a", str(environment), str(kept)], check=True)
        assert copied.returncode == 0
        assert place.run("--uninstall").status == 0
        assert (place.root / "var/lib/tiny/active/state/rows").read_text() == "precious"
        assert not (place.root / "opt").exists() or not list((place.root / "opt").iterdir())
        subprocess.run(["cp", "-a", str(kept), str(environment)], check=True)
        assert place.run().status == 0
        assert (place.root / "var/lib/tiny/active/state/rows").read_text() == "precious"
        assert place.run("--uninstall", "--purge-data").status == 0
        left = [path for path in place.root.rglob("*") if not path.is_dir()]
        assert left == []


@contextlib.contextmanager
def _moved_back(environment: Path, kept: Path) -> Iterator[None]:
    try:
        yield
    finally:
        if kept.exists() and not environment.exists():
            kept.rename(environment)


def test_a_database_gets_its_first_content_once(place: Arena) -> None:
    rows = place.root / "var/lib/tiny/active/state/rows"
    probe, port = place.ports
    try:
        appliance.write(place.source, probe=probe, port=port, database=True)
        assert place.run().status == 0
        assert len(rows.read_text().splitlines()) == 1
        assert place.run().changed == 0
        assert writes(place.argv("--plan"), place.folder / "trace") == []
        (place.source / "payload/initialise").write_text("#!/bin/sh\necho no >&2\nexit 4\n")
        rows.unlink()
        failed = place.run()
        assert failed.status == 30
        assert "did not initialise the database: no" in str(failed.verdict["error"])
    finally:
        appliance.write(place.source, probe=probe, port=port)


def test_a_newer_payload_takes_over_with_the_data(place: Arena) -> None:
    place.run()
    (place.root / "var/lib/tiny/active/state/rows").write_text("precious")
    probe, port = place.ports
    try:
        appliance.write(place.source, probe=probe, port=port, version="1.1")
        with (place.source / "payload/serve").open("a") as program:
            program.write("# newer\n")
        planned = json.dumps(place.run("--plan").events)
        assert "copy its data, change over from 1.0" in planned
        newer = place.run()
        assert (newer.status, newer.verdict["version"]) == (0, "1.1")
        assert (place.root / "var/lib/tiny/active/state/rows").read_text() == "precious"
        assert place.run().changed == 0
    finally:
        appliance.write(place.source, probe=probe, port=port)


def test_a_wrong_answer_or_manifest_changes_nothing(place: Arena) -> None:
    wrong = place.run("--set", "grating=x")
    assert wrong.status == 3
    assert "did you mean" in json.dumps(wrong.events)
    assert not (place.root / "etc").exists()
    report = json.loads((place.root / "run/caretaker-setup/setup.json").read_text())
    assert (report["verdict"], report["exit"]) == ("refused", 3)


def test_an_environment_that_can_not_be_made_is_told_and_taken_away(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    with arena(tmp_path / "place", "--offline", "--wheelhouse", str(tmp_path / "wheels")) as bare:
        failed = bare.run()
        assert failed.status == 20
        assert "could not build the private environment" in str(failed.events[-1])
        report = json.loads((bare.root / "run/caretaker-setup/setup.json").read_text())
        assert (report["verdict"], report["exit"]) == ("failed-and-undone", 20)
        assert list((bare.root / "opt/caretaker/environments").iterdir()) == []
        assert bare.run("--uninstall").status == 0  # there is nothing


def test_a_damaged_environment_is_made_again(place: Arena) -> None:
    place.run()
    library = next((place.root / "opt/caretaker/venv/lib").glob("python3*/site-packages/msgspec"))
    (library / "__init__.py").unlink()
    again = place.run()
    assert again.status == 0
    assert any(each.get("outcome") == "making" for each in again.events)
    assert place.run().changed == 0


def test_killed_at_half_a_dozen_calls_it_converges(place: Arena) -> None:
    swept = sweep_steps(place, 6, lambda _: None)
    assert swept.failures == []
    assert swept.killed == swept.points == 6
