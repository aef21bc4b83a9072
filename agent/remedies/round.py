"""One remedy in one run: find, decide, act, find again, write down.

Owns that order. An attempt is written down before it is made, so that one that is killed in the
middle has counted. Refuses the rules of when (`course`), and the looks and acts themselves.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from agent.errors import CaretakerError
from agent.host.failures import FileFailure, HostFailure
from agent.remedies import course
from agent.remedies.course import Record
from agent.remedies.deed import Deed, Outcome
from agent.remedies.memory import Book
from agent.remedies.remedy import Fault, Remedy, Scene

_MOST_FAULTS = 200  # of one remedy in one run: whatever finds more is wrong itself


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants the run, for the ledger. `person`: pauses and safe mode do not bind them.

    `target`: only this one; empty means all.
    """

    actor: str
    person: bool = False
    target: str = ""


def may_run_unasked(remedy: Remedy, scene: Scene) -> bool:
    return remedy.unasked and remedy.name not in scene.manifest.remediation.off


class Round:
    """The work of one run on one remedy."""

    def __init__(self, remedy: Remedy, scene: Scene, asker: Asker, book: Book) -> None:
        self._remedy, self._scene, self._asker, self._book = remedy, scene, asker, book
        self._clock = scene.host.clock

    def run(self) -> list[Deed]:
        """Mend what may be mended. Raises nothing that a remedy raised."""
        faults, trouble = self._find()
        if trouble is not None:
            return [trouble]
        self._settle({fault.target for fault in faults})
        deeds: list[Deed] = []
        handled: set[tuple[str, str]] = set()
        while len(deeds) < _MOST_FAULTS:
            # An act may cure, or change, what was found before it: so always of the newest look.
            fault = self._next(faults, handled)
            if fault is None:
                break
            handled.add((fault.target, fault.code))
            deed = self._held_back(fault)
            if deed is None:
                deed, faults = self._act(fault, faults)
            deeds.append(deed)
        return deeds

    def plan(self) -> list[Deed]:
        """What `run` would do."""
        faults, trouble = self._find()
        if trouble is not None:
            return [trouble]
        wanted = [f for f in faults if self._asker.target in ("", f.target)]
        return [
            self._held_back(fault) or self._deed(fault, "would", fault.plan)
            for fault in wanted[:_MOST_FAULTS]
        ]

    def _next(self, faults: Sequence[Fault], handled: set[tuple[str, str]]) -> Fault | None:
        wanted = self._asker.target
        for fault in faults:
            if (fault.target, fault.code) not in handled and wanted in ("", fault.target):
                return fault
        return None

    def _find(self) -> tuple[list[Fault], Deed | None]:
        """What is wrong, or why that can't be known."""
        try:
            return self._remedy.find(self._scene), None
        except Exception as error:  # A defect of one remedy must not stop the next one.
            said = f"could not look: {_told(error)}"
            hint = error.hint if isinstance(error, CaretakerError) else ""
            return [], Deed(remedy=self._remedy.name, outcome="failed", said=said, hint=hint)

    def _settle(self, wrong: set[str]) -> None:
        """Take in what happened since the last run: acts that broke off, faults that are gone."""
        name, now = self._remedy.name, self._clock.monotonic()
        memory = self._book.memory
        for target, record in memory.targets.get(name, {}).items():
            settled = record
            if record.acting:
                why = "broken off in the middle; it counts as one that did not cure"
                self._enter(target, "failed", why)
                memory = memory.counted(name, "failed")
                settled = msgspec.structs.replace(record, acting=False)
            if target not in wrong:
                settled = course.gone(settled)
            if course.idle(settled, self._remedy.budget, now):
                memory = memory.without(name, target)
            else:
                memory = memory.with_record(name, target, settled)
        if memory != self._book.memory:
            self._book.try_to_keep(memory)

    def _held_back(self, fault: Fault) -> Deed | None:
        """Why nothing is done about it; None where something may be."""
        if not self._asker.person and not may_run_unasked(self._remedy, self._scene):
            hint = f"caretaker remedies run {self._remedy.name} {fault.target}"
            return self._deed(fault, "left", "it runs only when a person asks", hint=hint)
        if fault.refusal:
            self._note_refusal(fault)
            return self._deed(fault, "refused", fault.refusal, hint=fault.hint)
        if self._asker.person:
            return None
        decision = course.decide(
            self._record(fault.target), self._remedy.budget, self._clock.monotonic()
        )
        if decision.safe:
            self._enter_safe_mode(fault.target, decision.why)
            hint = f"caretaker remedies reset {self._remedy.name} {fault.target}"
            return self._deed(fault, "safe", decision.why, hint=hint)
        return None if decision.may else self._deed(fault, "waiting", decision.why)

    def _act(self, fault: Fault, before: list[Fault]) -> tuple[Deed, list[Fault]]:
        """Mend one fault: what came of it, and what is wrong now."""
        begun = self._clock.monotonic()
        try:
            self._begin(fault.target, begun)
        except FileFailure as failure:
            if not self._remedy.makes_room:
                said = f"not done, since it could not be counted: {failure}"
                return self._deed(fault, "failed", said), before
        said, broke = self._mend(fault)
        after, trouble = self._find()
        seconds = self._clock.monotonic() - begun
        left = trouble.said if trouble is not None else _still_wrong(fault, before, after)
        if left:
            outcome: Outcome = "failed" if broke else "uncured"
            said = said if broke else f"{said}; {left}"
        else:
            outcome = "done"
        deed = self._deed(fault, outcome, said, seconds=seconds)
        self._end(deed, left)
        self._enter(
            fault.target, "failed" if left else "done", said, seconds=seconds,
            detail={**fault.detail, "code": fault.code, "before": fault.summary,
                    "after": left or "gone", "plan": fault.plan},
        )  # fmt: skip
        return deed, before if trouble is not None else after

    def _mend(self, fault: Fault) -> tuple[str, bool]:
        """What it says it did, and whether it broke off."""
        try:
            return self._remedy.mend(self._scene, fault), False
        except Exception as error:  # A defect of one remedy must not stop the next one.
            return _told(error), True

    def _begin(self, target: str, now: float) -> None:
        """Raises FileFailure where the attempt can't be written down."""
        record = self._record(target)
        if self._asker.person:
            record = msgspec.structs.replace(record, acting=True)
        else:
            record = course.begun(record, self._remedy.budget, now)
        self._book.keep(self._book.memory.with_record(self._remedy.name, target, record))

    def _end(self, deed: Deed, left: str) -> None:
        record, now = self._record(deed.target), self._clock.monotonic()
        if not left:
            record = Record() if self._asker.person else course.cured(record)
        elif self._asker.person:
            record = msgspec.structs.replace(record, acting=False)
        else:
            record = course.uncured(record, self._remedy.budget, now=now, wall=self._clock.wall())
        name = self._remedy.name
        outcome = "failed" if left else "done"
        memory = self._book.memory.with_record(name, deed.target, record)
        self._book.try_to_keep(memory.counted(name, outcome))
        if record.safe and left and not self._asker.person:
            self._enter(deed.target, "noted", f"safe mode: {record.safe}")

    def _enter_safe_mode(self, target: str, why: str) -> None:
        record = self._record(target)
        if record.safe:
            return
        record = course.safe_mode(record, why, self._clock.wall())
        memory = self._book.memory.with_record(self._remedy.name, target, record)
        self._book.try_to_keep(memory)
        self._enter(target, "noted", f"safe mode: {why}")

    def _note_refusal(self, fault: Fault) -> None:
        """Once, until it is another one."""
        record, what = self._record(fault.target), f"{fault.code}: {fault.refusal}"
        if record.refused == what:
            return
        record = msgspec.structs.replace(record, refused=what)
        memory = self._book.memory.with_record(self._remedy.name, fault.target, record)
        self._book.try_to_keep(memory.counted(self._remedy.name, "refused"))
        detail = {**fault.detail, "code": fault.code, "before": fault.summary}
        self._enter(fault.target, "refused", fault.refusal, detail=detail)

    def _record(self, target: str) -> Record:
        return self._book.memory.record(self._remedy.name, target, self._remedy.budget)

    def _enter(
        self,
        target: str,
        outcome: str,
        why: str,
        *,
        seconds: float | None = None,
        detail: dict[str, str | int | float | bool | None] | None = None,
    ) -> None:
        self._book.enter(
            f"remedy {self._remedy.name}", target=target, outcome=outcome, why=why,
            actor=self._asker.actor, seconds=seconds, detail=detail,
        )  # fmt: skip

    def _deed(
        self, fault: Fault, outcome: Outcome, said: str, *, hint: str = "", seconds: float = 0.0
    ) -> Deed:
        return Deed(
            remedy=self._remedy.name, outcome=outcome, target=fault.target, code=fault.code,
            fault=fault.summary, said=said, hint=hint, seconds=seconds,
        )  # fmt: skip


def _still_wrong(fault: Fault, before: Sequence[Fault], after: Sequence[Fault]) -> str:
    """What is still wrong with the target, or newly so; empty where the act cured.

    Another fault that the target had before as well is no failure of this act.
    """
    others = {f.code for f in before if f.target == fault.target} - {fault.code}
    wrong = [f for f in after if f.target == fault.target and f.code not in others]
    return f"still: {wrong[0].summary}" if wrong else ""


def _told(error: Exception) -> str:
    if isinstance(error, CaretakerError):
        return error.message
    if isinstance(error, HostFailure):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'the machine'}: {error.strerror or 'refused'}"
    # Its own text may quote what it choked on, and that may be a secret.
    traceback.print_tb(error.__traceback__)
    return f"{type(error).__name__}: a defect of Caretaker; see the log"
