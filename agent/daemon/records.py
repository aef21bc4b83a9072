"""Everything the daemon writes down: log, history, ledger, status.json, systemd's status line.

Owns what goes where. All of it goes through the scribe, so no caller ever waits for a disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from agent.daemon import chronicle, events
from agent.daemon.events import Events
from agent.daemon.scribe import Scribe
from agent.health.verdict import Verdict
from agent.history import History, Sample
from agent.host import files
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.ledger import Ledger, mend
from agent.log import Log
from agent.services.protocol import ServiceState
from agent.status import EventReport, StatusReport


class Noted(Protocol):
    """Note an act in the ledger."""

    def __call__(
        self, act: str, *, outcome: str = "done", why: str = "", actor: str = "", target: str = ""
    ) -> None: ...


class Records:
    """Safe from any thread."""

    def __init__(self, layout: Layout, host: Host, log: Log, *, history_limit: int) -> None:
        self.events = Events()
        self._layout = layout
        self._host = host
        self._log = log
        self._history = History(layout.history, history_limit)
        self._ledger = Ledger(layout.agent_ledger, host.clock)
        self._report: Callable[[], StatusReport] | None = None
        self._scribe = Scribe(self._broken)

    def start(self, report: Callable[[], StatusReport]) -> None:
        """`report` makes the newest status report; it is called in the scribe's thread."""
        self._report = report
        self._scribe.start()
        self._scribe.put("ledger", lambda: self._mended("ledger.db", mend(self._ledger.path)))
        self._scribe.put("history", lambda: self._mended("history.db", self._history.mend()))
        self._scribe.put("events", lambda: self.events.load(self._layout))
        self.refresh()

    def heard(self, old: Verdict | None, new: Verdict) -> None:
        """A change of the verdict, as `Desk` tells it."""
        wall = self._host.clock.wall()
        self.events.add(events.of_verdict(old, new, wall))
        for line in chronicle.lines(old, new):
            self._put_line(line)
        changes = tuple(chronicle.changes(old, new, wall))
        if changes:
            self._scribe.put("history", lambda: self._history.add(changes=changes))
        self.refresh()
        self.tell_systemd(f"STATUS={chronicle.headline(new)}")

    def noted(
        self,
        act: str,
        *,
        outcome: str = "done",
        why: str = "",
        actor: str = "",
        target: str = "",
        evidence: str = "",
    ) -> None:
        """An act of the daemon's own, for ledger, log and the list of events.

        `evidence`: lines of a log, for the ledger alone.
        """
        who = actor or "caretaker"
        what = f"{act} {target}".strip()
        self.events.add([EventReport(self._host.clock.wall(), what, outcome, why)])
        fields = {"act": act, "target": target or None, "outcome": outcome, "actor": who}
        said = chronicle.Line(
            "error" if outcome == "failed" else "info",
            f"{what}: {outcome}{f': {why}' if why else ''}",
            fields,
        )
        self._put_line(said)

        def write() -> None:
            if not self._ledger.write(
                act,
                target=target,
                outcome=outcome,
                why=why,
                actor=who,
                detail={"lines": evidence} if evidence else None,
            ):
                raise FileFailure(self._ledger.path, "write", "the disk refused")

        self._scribe.put("ledger", write)

    def happened(self, what: str, outcome: str) -> None:
        """What another process did and wrote into its own ledger: for the list of events only."""
        self.events.add([EventReport(self._host.clock.wall(), what, outcome, "")])
        self.refresh()

    def warn(self, message: str, **fields: object) -> None:
        """A line of the log that is neither a verdict nor an act."""
        self._put_line(chronicle.Line("warning", message, fields))

    def service(self, state: ServiceState) -> None:
        """A service of the supervisor's changed its state."""
        bad = state.state in ("failed", "backoff")
        fields = {"service": state.name, "state": state.state, "restarts": state.restarts}
        message = f"service {state.name}: {state.summary or state.state}"
        self._put_line(chronicle.Line("warning" if bad else "info", message, fields))
        self.refresh()

    def limit_history(self, limit: int) -> None:
        """Bytes, from the next entry on."""
        self._history = History(self._layout.history, limit)

    def sampled(self, facts: dict[str, float]) -> None:
        sample = Sample(self._host.clock.wall(), facts)
        self._scribe.put("history", lambda: self._history.add(sample=sample))

    def refresh(self) -> None:
        """Write status.json anew."""
        self._scribe.put("status", self._write_status, only_newest=True)

    def keep(self, path: str, content: bytes) -> None:
        """Put a small file of the daemon's own in place, unless it says the same already."""

        def write() -> None:
            place = self._layout.root / path
            try:
                if files.read_bytes(place) == content:
                    return
            except (FileNotFoundError, FileFailure):
                pass
            files.replace(place, content, mode=0o640)

        self._scribe.put("note", write)

    def tell_systemd(self, *states: str) -> None:
        self._scribe.put("systemd", lambda: self._host.systemd.notify(*states))

    def complaints(self) -> list[str]:
        return self._scribe.complaints()

    def finish(self, within: float) -> bool:
        return self._scribe.finish(within)

    def broken(self, name: str, error: BaseException) -> None:
        """A defect in a job of the timetable."""
        self.warn(f"{name} broke; this is a defect of Caretaker", error=_trace(error))

    def _put_line(self, line: chronicle.Line) -> None:
        self._scribe.put("log", lambda: self._say(line))

    def _say(self, line: chronicle.Line) -> None:
        getattr(self._log, line.loudness)(line.message, **line.fields)

    def _mended(self, name: str, done: str) -> None:
        if done:
            self.noted("state-rebuilt", target=name, why=done)

    def _write_status(self) -> None:
        assert self._report is not None
        content = msgspec.json.encode(self._report())
        files.replace(self._layout.status, content, mode=0o644, durable=False)

    def _broken(self, error: BaseException) -> None:
        self._log.error("an entry broke; this is a defect of Caretaker", error=_trace(error))


def _trace(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(error))
