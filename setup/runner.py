"""Running the steps: look, act, look again; then the verdict.

Owns the order, what counts as changed, and what a failure means: undone where nothing of the
application has run yet, left standing where it has. Refuses to know what any step does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

import msgspec

from agent.errors import CaretakerError
from agent.host import files
from agent.host.failures import HostFailure
from setup import record, removal, report
from setup.outcome import Trouble, Verdict
from setup.report import Report, StepReport
from setup.site import Site
from setup.step import Blocker, Look, Step, Thing

PREFLIGHT = "preflight"


class StepFailed(Exception):
    """A step could not be done; `trouble` is for people."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


@dataclass
class Run:
    """One run over the steps that fit the place. `report` grows as it goes."""

    site: Site
    steps: Sequence[Step]
    report: Report
    begun: list[str] = field(default_factory=list)  # codes of the steps whose act was started

    def go(self) -> Report:
        """Run to a verdict; raises only what is a defect, and KeyboardInterrupt."""
        looks = self._look_around()
        first = self._first_blockers(looks)
        if first:
            return self._refuse(first)
        if all(look.satisfied for step, look in looks if step.code != PREFLIGHT):
            return self._nothing_to_do(looks)
        try:
            for number, step in enumerate(self.steps, 1):
                self._do(number, step)
        except StepFailed as failed:
            return self._give_up(failed.trouble)
        return self._complete()

    def _look_around(self) -> list[tuple[Step, Look]]:
        """Every look but preflight's, before anything is touched.

        Preflight asks name servers and clocks; a machine on which nothing is to be done is not
        asked again. A step that can't look yet may be able to once those before it are done. Where
        nothing was ever set up there is something to do, so only what may block is asked for.
        """
        bare = record.load(self.site.layout) is None
        found = []
        for step in self.steps:
            look = Look("", ("look again after the steps before",))
            if step.code == PREFLIGHT:
                look = Look("not needed, as nothing is to be done")
            elif step.blocks or not bare:
                with contextlib.suppress(StepFailed):
                    look = self._look(step)
            found.append((step, look))
        return found

    def _first_blockers(self, looks: list[tuple[Step, Look]]) -> list[tuple[int, Step, Blocker]]:
        return [
            (number, step, blocker)
            for number, (step, look) in enumerate(looks, 1)
            for blocker in look.blockers
        ]

    def _refuse(self, blockers: list[tuple[int, Step, Blocker]]) -> Report:
        for number, step, blocker in blockers:
            self._tell(number, step, "failed", _with_fix(blocker))
        trouble = _trouble([blocker for _, _, blocker in blockers])
        return replace(self.report, verdict=Verdict.PREFLIGHT, trouble=trouble)

    def _nothing_to_do(self, looks: list[tuple[Step, Look]]) -> Report:
        for number, (step, look) in enumerate(looks, 1):
            self._tell(number, step, "kept", look.summary)
            self._note(look)
        return self._complete()

    def _do(self, number: int, step: Step) -> None:
        clock = self.site.host.clock
        began = clock.monotonic()
        look = self._look(step)
        if look.blockers:
            for blocker in look.blockers:
                self._tell(number, step, "failed", _with_fix(blocker))
            raise StepFailed(_trouble(look.blockers))
        if not look.needs:
            self._tell(number, step, "kept", look.summary, clock.monotonic() - began)
            self._note(look)
            return
        words = self._apply(number, step)
        after = self._look(step)
        if not after.satisfied:
            left = "; ".join([*after.needs, *(each.message for each in after.blockers)])
            self._fail(number, step, f"it was done and is still not so: {left}")
        self._tell(number, step, "changed", words, clock.monotonic() - began, len(look.needs))
        self._note(after)

    def _apply(self, number: int, step: Step) -> str:
        try:
            self._remember(step)
            self.begun.append(step.code)
            return step.apply(self.site)
        except CaretakerError as error:
            self._fail(number, step, error.message, code=error.code, hint=error.hint)
        except (HostFailure, OSError) as failure:
            self._fail(number, step, str(failure))
        finally:
            if step.stands:
                files.remove(self.site.layout.first_start)

    def _look(self, step: Step) -> Look:
        try:
            return step.look(self.site)
        except CaretakerError as error:
            raise StepFailed(
                Trouble(error.code, f"{step.title}: {error.message}", error.hint)
            ) from error
        except (HostFailure, OSError) as failure:
            raise StepFailed(Trouble("step-failed", f"{step.title}: {failure}")) from failure

    def _fail(
        self, number: int, step: Step, why: str, *, code: str = "step-failed", hint: str = ""
    ) -> NoReturn:
        self._tell(number, step, "failed", why)
        raise StepFailed(Trouble(code, f"{step.title}: {why}", hint))

    def _remember(self, step: Step) -> None:
        """Write down, ahead of the first change, what stood before; ahead of the first start,
        that there may be data from now on."""
        layout, clock = self.site.layout, self.site.host.clock
        known = record.load(layout)
        if known is None:
            known = record.Installation(
                app=self.site.app,
                mode=self.site.place.mode.value,
                begun=clock.wall(),
                before=[str(thing) for thing in self._there_before()],
            )
            record.save(layout, known)
        if step.stands and not known.ran:
            record.save(layout, msgspec.structs.replace(known, ran=True))
            # Nothing has run here, so nothing is left over: caretaker-boot.service is passed over.
            files.ensure_folder(layout.first_start.parent)
            files.replace(layout.first_start, b"", durable=False)

    def _there_before(self) -> list[Thing]:
        """What stands here already. Lock, log and report made their folders before any step; a
        folder of our own name is never somebody else's."""
        layout = self.site.layout
        own = (layout.state, layout.logs, layout.run, layout.setup_report.parent)
        there = removal.present(self.site, removal.things_of(self.site, self.steps))
        return [thing for thing in there if thing.path not in own]

    def _complete(self) -> Report:
        layout = self.site.layout
        ended = replace(self.report, verdict=Verdict.HEALTHY)
        known, clock = record.load(layout), self.site.host.clock
        unfinished = known is not None and known.completed is None
        if ended.changed or unfinished:
            # Before the record is closed: a run killed here is entered by the next one.
            report.enter(layout, ended, clock)
        if known is not None and unfinished:
            record.save(layout, msgspec.structs.replace(known, completed=clock.wall()))
        return ended

    def _give_up(self, trouble: Trouble) -> Report:
        known = record.load(self.site.layout)
        if known is None or not self.begun:
            return replace(self.report, verdict=Verdict.PREFLIGHT, trouble=trouble)
        if known.ran or known.completed is not None:
            return replace(self.report, verdict=Verdict.ATTENTION, trouble=trouble)
        return self._undo(known, trouble)

    def _undo(self, known: record.Installation, trouble: Trouble) -> Report:
        things = removal.present(self.site, removal.things_of(self.site, self.steps))
        goes, _ = removal.doomed(things, before=known.before, purge=True)
        left = removal.remove(self.site, goes)
        words = f"undone: {len(goes) - len(left)} things this installation had made"
        self.site.console.tell("undo", words, removed=[str(thing) for thing in goes], left=left)
        if left:
            notes = (*self.report.notes, *(f"could not be undone: {line}" for line in left))
            return replace(self.report, verdict=Verdict.ATTENTION, trouble=trouble, notes=notes)
        record.forget(self.site.layout)
        return replace(self.report, verdict=Verdict.UNDONE, trouble=trouble)

    def _note(self, look: Look) -> None:
        for text in look.notes:
            self.site.console.tell("note", f"          note: {text}", mood="warning", words=text)
            self.report = replace(self.report, notes=(*self.report.notes, text))

    def _tell(
        self,
        number: int,
        step: Step,
        outcome: str,
        words: str,
        seconds: float = 0.0,
        changed: int = 0,
    ) -> None:
        total = len(self.steps)
        line = f"[{number:2}/{total}] {step.title:<18} {words}"
        mood = {"failed": "bad", "changed": "changed", "kept": "faint"}.get(outcome, "")
        self.site.console.tell(
            "step", line, mood=mood, number=number, total=total, code=step.code,
            title=step.title, outcome=outcome, words=words, seconds=round(seconds, 3),
            changed=changed,
        )  # fmt: skip
        told = StepReport(step.code, step.title, outcome, words, round(seconds, 3))
        self.report = self.report.with_step(told, changed=changed)
        report.write(self.site.layout, self.report, self.site.host.clock)


def _with_fix(blocker: Blocker) -> str:
    return blocker.message + (f"\n          fix: {blocker.fix}" if blocker.fix else "")


def _trouble(blockers: Sequence[Blocker]) -> Trouble:
    first = blockers[0]
    more = f" (and {len(blockers) - 1} more)" if len(blockers) > 1 else ""
    return Trouble(first.code, first.message + more, first.fix)
