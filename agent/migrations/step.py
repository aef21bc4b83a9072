"""One step of a migration, or one look into a store, each a program in a cell.

Owns choosing the interpreter by the script's suffix, the checksum of every file before each run,
batches, time limits and progress. Refuses a script that is not the one that was signed.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from agent.errors import BusyError
from agent.host import cell, cgroups, files, files_step, sqlite_step
from agent.host.cell import Ended
from agent.host.failures import HostFailure
from agent.migrations import postgres_step
from agent.migrations.bench import CURSOR, SLICE, Bench, Store
from agent.migrations.folder import script_of
from agent.migrations.marks import Mark
from agent.migrations.stores import FILES
from agent.release.record import MigrationRecord
from agent.services import evidence

TIMEOUT = 3600.0  # seconds for each program of a migration that says nothing else
AGAIN = 75  # sysexits.h, EX_TEMPFAIL: there is more to do, call me again
_LOOK = 900.0  # seconds for our own acts on a store
_BATCHES = 100_000
_LINES = 12  # of what it said last
_SECRET = 4096  # bytes; no secret is longer
_DONE = re.compile(r"\s*([0-9]{1,15})\s+([0-9]{1,15})\s*")  # DONE TOTAL
_CAP = 16 << 20  # bytes of one script
_STEPS = {
    "files": (files_step.__file__, "-S"),
    "sqlite": (sqlite_step.__file__, "-S"),
    "postgres": (postgres_step.__file__,),  # psycopg is in the tool's own environment
}

Heard = Callable[[int, int], None]


class StepFailed(Exception):
    """Why, in a line; and what it said last."""

    def __init__(self, why: str, said: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.said = said


def last_words(raw: bytes, secrets: tuple[str, ...]) -> tuple[str, ...]:
    """The last lines of what a program said, fit to be shown."""
    if len(raw) >= cell.EVIDENCE:
        raw = raw[_SECRET:]  # It may begin within a secret, which nobody would know for one.
    text = raw.decode(errors="replace")
    return tuple(evidence.last_lines(text, secrets, count=_LINES))


def check_files(bench: Bench, record: MigrationRecord) -> None:
    """Compare every file of a migration with the signed record. Raises StepFailed."""
    for name, wanted in record.checksums.items():
        path = bench.scripts / record.folder / name
        if hashlib.sha256(_read(path)).hexdigest() != wanted:
            raise StepFailed(f"{name} is not the file that was signed with the release")


def _read(path: Path) -> bytes:
    try:
        return files.read_bytes(path, cap=_CAP)
    except (FileNotFoundError, HostFailure) as failure:
        raise StepFailed(f"{path.name} can't be read: {failure}") from failure


def run_step(
    bench: Bench, record: MigrationRecord, step: str, marks: tuple[Mark, ...], heard: Heard
) -> int:
    """Run up, verify or down; how many batches that took. Raises StepFailed.

    `marks` go into the store with the script, where that is SQL and its transaction can carry them.
    """
    check_files(bench, record)
    name = script_of(record.checksums, step)
    assert name is not None
    path = bench.scripts / record.folder / name
    if name.endswith(".sql"):
        store = next(
            store for store in map(bench.store, record.stores) if store.kind != "files"
        )  # Just one: `folder` refuses everything else.
        _run_sql(bench, store, step, path, marks, record.timeout or TIMEOUT, heard)
        return 1
    argv = [sys.executable, "-I", str(path)] if name.endswith(".py") else [str(path)]
    return _run_program(bench, argv, name, record, heard)


def _run_sql(
    bench: Bench,
    store: Store,
    step: str,
    path: Path,
    marks: tuple[Mark, ...],
    timeout: float,
    heard: Heard,
) -> None:
    try:
        text = _read(path).decode()
    except UnicodeDecodeError as error:
        raise StepFailed(f"{path.name} is not UTF-8") from error
    act = "verify" if step == "verify" else "apply"
    answer = ask(bench, store, act, sql=text, marks=marks, timeout=timeout, heard=heard)
    if answer.get("absent"):
        raise StepFailed(f"the store {store.name} is not there")
    _refuse_complaints(bench, path.name, answer)


def _refuse_complaints(bench: Bench, name: str, answer: dict[str, Any]) -> None:
    found = [str(each) for each in answer.get("complaints", ())]
    if found:
        said = last_words("\n".join(found).encode(), bench.secrets)
        raise StepFailed(f"{name} found something wrong: {said[0]}", said)


def _run_program(
    bench: Bench, argv: list[str], name: str, record: MigrationRecord, heard: Heard
) -> int:
    cursor = _cursor(bench, "begin")
    for batch in itertools.count(1):
        ended = in_cell(bench, argv, timeout=record.timeout or TIMEOUT, heard=heard)
        if ended.status != AGAIN or ended.timed_out or ended.trouble:
            _accept(bench, name, ended)
            return batch
        before, cursor = cursor, _cursor(bench, "cursor")
        if cursor == before or batch >= _BATCHES:
            raise StepFailed(f"{name} asks to be called again, and its cursor stays as it was")
    raise AssertionError("count() never ends")


def _accept(bench: Bench, name: str, ended: Ended) -> None:
    if ended.status == 0 and not ended.timed_out and not ended.trouble:
        return
    said = last_words(ended.evidence, bench.secrets)
    last = f": {said[-1]}" if said and not ended.trouble else ""
    raise StepFailed(f"{name}: {ended.reason}{last}", said)


def _cursor(bench: Bench, act: str) -> str:
    """What the program wrote there. `begin`: nothing of another one's, and a folder for it."""
    answer = ask(bench, bench.store(FILES), act)
    return str(answer.get("cursor", ""))


def check_store(bench: Bench, store: Store) -> str:
    """Whether the file is whole, in SQLite's judgement. Raises StepFailed; `ok`, or why not asked.

    PostgreSQL checks its pages as it reads them, and of the vendor's files only `verify` knows.
    """
    if store.kind != "sqlite":
        return "verified"
    answer = ask(bench, store, "check")
    _refuse_complaints(bench, store.name, answer)
    return "absent" if answer.get("absent") else "integrity ok"


def ask(
    bench: Bench,
    store: Store,
    act: str,
    *,
    sql: str = "",
    marks: tuple[Mark, ...] = (),
    timeout: float = _LOOK,
    heard: Heard = lambda done, total: None,
) -> dict[str, Any]:
    """One act on a store. Raises StepFailed."""
    script, *options = _STEPS[store.kind]
    asked = {"act": act, "path": str(store.path), "sql": sql, "cursor": CURSOR,
             "marks": [msgspec.structs.asdict(mark) for mark in marks]}  # fmt: skip
    argv = [sys.executable, "-I", *options, script]
    ended = in_cell(
        bench,
        argv,
        stdin=msgspec.json.encode(asked),
        timeout=timeout,
        heard=heard,
        scoped=bool(sql),
    )
    _accept(bench, store.name, ended)
    try:
        answer = msgspec.json.decode(ended.stdout, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise StepFailed(f"{store.name}: no answer that is understood") from error
    if "error" in answer:
        said = last_words(str(answer["error"]).encode(), bench.secrets)
        raise StepFailed(f"{store.name}: {' '.join(said)}", said)
    return answer


def in_cell(
    bench: Bench,
    argv: list[str],
    *,
    timeout: float,
    heard: Heard,
    stdin: bytes = b"",
    scoped: bool = True,
) -> Ended:
    """Run a program on the bench. Raises StepFailed."""

    def listen(line: str) -> None:
        if match := _DONE.fullmatch(line):
            heard(int(match[1]), int(match[2]))

    own = SLICE if scoped and bench.scene.host.systemd.booted() else ""
    try:
        ended = cell.run(
            argv,
            replace(bench.cell, slice=own),
            timeout=timeout,
            folder=bench.data,
            env=bench.environment,
            stdin=stdin,
            heard=listen,
        )
    except HostFailure as failure:
        raise StepFailed(str(failure)) from failure
    if ended.unfenced:
        bench.unfenced.add(ended.unfenced)
    return ended


def refuse_leftovers(bench: Bench) -> None:
    """Nothing of an earlier run may still write. Raises BusyError."""
    if not bench.scene.host.systemd.booted():
        return
    group = f"/caretaker.slice/{SLICE}"
    if cgroups.processes_in(group):
        bench.scene.host.systemd.control("stop", SLICE)
    left = cgroups.processes_in(group)
    if left:
        raise BusyError(
            "lock-held",
            f"an earlier migration still runs (process {left[0]}) and can't be ended",
            hint=f"systemctl status {SLICE}",
        )
