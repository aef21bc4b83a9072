"""Ledgerbook's database moved to a server as providers run them, upgraded there, and moved back."""

from __future__ import annotations

import json
import re

import pytest

from tests.machine import managed
from tests.machine.ledgerbook import BUNDLES, book, books, story, upgrade, version
from tests.machine.machine import Machine, Ran

BUNDLED = "ledgerbook-db.service"
pytestmark = pytest.mark.timeout(300)  # several changes, each with a proof of seconds


@pytest.fixture
def machine(books_machine: Machine) -> Machine:
    managed.start(books_machine)
    return books_machine


def database(machine: Machine, verb: str, *words: str, url: str = "", check: bool = True) -> Ran:
    argv = ["caretaker", "database", verb, *words]
    return machine.run(argv, stdin=url, timeout=150, check=check)


def move_away(machine: Machine, *words: str, check: bool = True) -> Ran:
    more = ["--to", "-", "--ca", managed.CA, *words]
    return database(machine, "move", *more, url=managed.url(), check=check)


def memos(machine: Machine) -> list[object]:
    return [entry["memo"] for entry in books(machine)]


def where(machine: Machine) -> dict[str, object]:
    return dict(json.loads(database(machine, "status", "--json").out))


def everything(machine: Machine) -> str:
    """What a refusal must not change: the deployments, and what runs since when."""
    script = "ls -lR --time-style=full-iso /var/lib/ledgerbook/deployments /etc/systemd/system"
    units = ["ledgerbook-web.service", BUNDLED]
    pids = [machine.show(unit, "MainPID")["MainPID"] for unit in units]
    return "\n".join([*pids, machine.sh(script).out, str(managed.databases(machine))])


def test_there_through_an_upgrade_and_back(machine: Machine) -> None:
    managed.watch_arguments(machine)
    before = books(machine)
    words = ["--to", "-", "--ca", managed.CA]
    judged = database(machine, "check", *words, url=managed.url())
    assert "books may create databases" in judged.out
    state = everything(machine)
    plan = move_away(machine, "--plan").out
    assert managed.HOST in plan
    assert re.search(r"copy the database, [\d.]+ MiB", plan), plan
    assert everything(machine) == state
    moved = move_away(machine, "--yes")
    assert "is healthy" in moved.out or "runs" in moved.out, moved
    assert where(machine)["address"] == f"{managed.HOST}:{managed.PORT}/books_g2"
    assert not machine.exists(f"/etc/systemd/system/{BUNDLED}")
    assert not machine.is_active(BUNDLED)
    assert books(machine) == before
    book(machine, "June")

    upgrade(machine, f"{BUNDLES}/2.0.bundle")
    assert version(machine) == "2.0"
    assert memos(machine) == ["March", "April", "May", "June"]
    assert managed.databases(machine) == {"books": False, "books_g2": True, "books_g3": False}
    machine.run(["caretaker", "rollback", "--yes"], timeout=100)
    assert version(machine) == "1.0"
    assert managed.databases(machine) == {"books": False, "books_g2": False, "books_g3": True}
    assert book(machine, "July") == 5

    database(machine, "move", "--to", "bundled", "--yes")
    assert where(machine)["placement"] == "bundled"
    assert machine.is_active(BUNDLED)
    assert memos(machine) == ["March", "April", "May", "June", "July"]
    assert book(machine, "August") == 6
    assert managed.databases(machine) == {"books": False, "books_g2": True, "books_g3": True}
    told = [line for line in story(machine) if re.fullmatch(r"\w+: done", line)]
    assert told == ["move: done", "upgrade: done", "rollback: done", "move: done"]
    assert managed.leaks(machine) == []
    assert machine.failed_units() == []
    machine.run(["sleep", "0.5", f"0.{managed.SECRET}"], check=False)
    machine.run(["sh", "-c", "sleep 0.5", managed.SECRET])  # The watcher does see such a thing.
    assert managed.leaks(machine) != []


REFUSED = {
    "no TLS": (managed.url(), "ALTER SYSTEM SET ssl = off", "ssl = on"),
    "unreachable": (managed.url(port=1), "", "see that the server runs"),
    "another authority": (managed.url(), "", "--ca FILE"),
    "no such role": (managed.url(user="nobody"), "", "right password for nobody"),
    "may make none": (
        managed.url(user="plain", name="shelf"),
        f"CREATE ROLE plain LOGIN PASSWORD '{managed.PASSWORD}'",
        "ALTER ROLE plain CREATEDB",
    ),
    "extension": (managed.url(), "", "CREATE EXTENSION pg_buffercache"),
}


def test_refused_before_anything_moves_and_killed_it_converges(machine: Machine) -> None:
    _every_refusal(machine)
    bundled_sql(machine, "DROP EXTENSION pg_buffercache")
    _kills(machine)


def _every_refusal(machine: Machine) -> None:
    state = everything(machine)
    for name, (url, prepare, cure) in REFUSED.items():
        words = ["--to", "-", *([] if name == "another authority" else ["--ca", managed.CA])]
        if name == "extension":
            bundled_sql(machine, "CREATE EXTENSION pg_buffercache")
        if prepare:
            managed.sql(machine, f"{prepare}; SELECT pg_reload_conf()")
        done = database(machine, "move", *words, "--yes", url=url, check=False)
        assert done.code == 4, (name, done)
        assert cure in done.err, (name, done.err)
        assert managed.SECRET not in done.err + done.out
        managed.sql(machine, "ALTER SYSTEM RESET ssl; SELECT pg_reload_conf()")
    judged = database(machine, "check", *words, url=url, check=False)
    assert (judged.code, cure in judged.out) == (4, True), judged
    assert everything(machine) == state
    assert story(machine) == []


def bundled_sql(machine: Machine, text: str, role: str = "postgres") -> list[str]:
    """What the bundled server answers its own user."""
    argv = ["psql", "-XAtq", "-h", "/run/ledgerbook", "-U", role, "-d", "ledgerbook"]
    return machine.run(argv, stdin=f"{text};\n", user="ledgerbook").out.splitlines()


# It waits for a step to be told, and kills whoever is at it.
KILL = """
import pathlib, subprocess, sys, time
told = pathlib.Path("/run/caretaker-change/progress.jsonl")
until = time.monotonic() + 60
while time.monotonic() < until:
    if told.exists() and f'"{sys.argv[1]}"' in told.read_text():
        break
    time.sleep(0.01)
time.sleep(float(sys.argv[2]))
unit = "caretaker-change.service"
subprocess.run(["systemctl", "kill", "-s", "KILL", "--kill-whom=main", unit], check=True)
"""


def kill_at(machine: Machine, step: str, after: float) -> None:
    machine.put("/srv/kill.py", KILL)
    machine.spawn(["python3", "/srv/kill.py", step, str(after)])


def _kills(machine: Machine) -> None:
    """While it copies, and after its flip."""
    bundled_sql(
        machine,
        "INSERT INTO entry (booked_on, account, cents, memo)"
        " SELECT '2025-05-05', 'rent', g, 'rent ' || g FROM generate_series(1, 100000) g",
        role="ledgerbook",
    )
    before = books(machine)
    kill_at(machine, "copy", 0.5)
    cut = move_away(machine, "--yes", check=False)
    assert (cut.code, "1.0 runs again" in cut.err) == (8, True), cut
    machine.run(["caretaker", "health", "--wait", "30s"], timeout=40)
    assert books(machine) == before
    assert where(machine)["placement"] == "bundled"

    kill_at(machine, "gate", 0.5)
    assert move_away(machine, "--yes").code == 0  # Its own recovery proved it.
    assert books(machine) == before
    assert where(machine)["address"] == f"{managed.HOST}:{managed.PORT}/books_g2"
    assert managed.databases(machine) == {"books": False, "books_g2": False}
    again = move_away(machine, "--yes", check=False)
    assert (again.code, "already" in again.err) == (2, True), again
    assert story(machine) == [
        "move: begun", "move recovery: begun", "move: failed", "move: begun", "move flip: done",
        "move recovery: begun", "move gate: done", "move: done",
    ]  # fmt: skip
