"""What remedies remember from one run to the next: `remedies.json`.

Owns the record of them all, carrying it over a reboot, and the file. It is root's; the daemon reads
it, so it holds no secrets. Refuses the rules (`course`).

A file that can't be read is set aside. How often anything acted is unknown then, so each target
gets one act instead of its whole budget: a disk that spoils the file can't grant acts for ever.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from agent.errors import MachineError
from agent.host import files
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.ledger import Ledger
from agent.remedies.course import Record, after_loss, carried
from agent.remedies.remedy import Budget
from agent.state import StateFile


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, as of ticks `seen` of the boot `boot`.

    `targets` is remedy -> target -> record, `counts` remedy -> outcome -> how often, ever. `lost`
    is when an earlier memory was found to be spoilt.
    """

    boot: str = ""
    seen: float = 0.0
    lost: float | None = None
    targets: dict[str, dict[str, Record]] = {}
    counts: dict[str, dict[str, int]] = {}

    def as_of(self, boot: str, now: float) -> Memory:
        """The same in this boot, at these ticks."""
        if self.boot == boot and now >= self.seen:
            return msgspec.structs.replace(self, seen=now)
        targets = {
            remedy: {name: carried(record, self.seen) for name, record in records.items()}
            for remedy, records in self.targets.items()
        }
        lost = None if self.lost is None else min(self.lost - self.seen, 0.0)
        return Memory(boot=boot, seen=now, lost=lost, targets=targets, counts=self.counts)

    def record(self, remedy: str, target: str, budget: Budget) -> Record:
        known = self.targets.get(remedy, {}).get(target)
        if known is not None:
            return known
        if self.lost is not None and self.seen - self.lost < budget.window:
            return after_loss(budget, self.lost)
        return Record()

    def with_record(self, remedy: str, target: str, record: Record) -> Memory:
        records = {**self.targets.get(remedy, {}), target: record}
        return msgspec.structs.replace(self, targets={**self.targets, remedy: records})

    def without(self, remedy: str, target: str = "") -> Memory:
        """Forget a remedy, or one target of it."""
        targets = dict(self.targets)
        records = targets.pop(remedy, {})
        if target:
            left = {name: record for name, record in records.items() if name != target}
            targets = {**targets, remedy: left} if left else targets
        return msgspec.structs.replace(self, targets=targets)

    def counted(self, remedy: str, outcome: str) -> Memory:
        counts = dict(self.counts.get(remedy, {}))
        counts[outcome] = counts.get(outcome, 0) + 1
        return msgspec.structs.replace(self, counts={**self.counts, remedy: counts})

    def safe(self) -> list[tuple[str, str, Record]]:
        """What is in safe mode: remedy, target, record."""
        return [
            (remedy, target, record)
            for remedy, records in self.targets.items()
            for target, record in records.items()
            if record.safe
        ]


class Book:
    """The memory of one run, and the ledger.

    `dry`: nothing is written, and a spoilt file stays where it is.
    """

    def __init__(self, layout: Layout, clock: Clock, *, dry: bool = False) -> None:
        """Raises FileFailure where there is a file that this user may not read."""
        self._ledger = Ledger(layout.ledger, clock)
        self._file = StateFile(layout.remedies, Memory)
        self._clock = clock
        self._dry = dry
        self.memory = self._read().as_of(clock.boot_id(), clock.monotonic())

    def keep(self, memory: Memory) -> None:
        """Raises FileFailure; then this run knows it, and the next one will not."""
        self.memory = memory.as_of(self._clock.boot_id(), self._clock.monotonic())
        if not self._dry:
            self._file.save(self.memory)

    def try_to_keep(self, memory: Memory) -> None:
        """For what may be lost: a run goes on where the disk refuses."""
        with contextlib.suppress(FileFailure):
            self.keep(memory)

    def enter(
        self,
        act: str,
        *,
        target: str,
        outcome: str,
        why: str,
        actor: str,
        seconds: float | None = None,
        detail: dict[str, str | int | float | bool | None] | None = None,
    ) -> None:
        """Into the ledger."""
        if not self._dry:
            self._ledger.write(
                act, target=target, outcome=outcome, why=why, actor=actor, seconds=seconds,
                detail=detail,
            )  # fmt: skip

    def _read(self) -> Memory:
        boot, now = self._clock.boot_id(), self._clock.monotonic()
        spoilt = Memory(boot=boot, seen=now, lost=now)
        if self._dry:
            return read_memory(self._file.path) or spoilt
        there = self._file.path.exists()
        memory = self._file.load()
        if memory is not None:
            return memory
        if not there:
            return Memory(boot=boot, seen=now)
        with contextlib.suppress(FileFailure):  # A full disk: this run knows it all the same.
            self._file.save(spoilt)
        return spoilt


def read_memory(path: Path) -> Memory | None:
    """The memory for whoever only looks; None where it is spoilt. Raises FileFailure."""
    try:
        return msgspec.json.decode(files.read_bytes(path), type=Memory)
    except FileNotFoundError:
        return Memory()
    except msgspec.DecodeError:
        return None


def open_book(layout: Layout, clock: Clock, *, dry: bool = False) -> Book:
    """Raises MachineError."""
    try:
        return Book(layout, clock, dry=dry)
    except FileFailure as failure:
        raise MachineError(
            "file-unreadable", str(failure), hint="sudo caretaker remedies"
        ) from failure
