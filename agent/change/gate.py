"""The health gate: a new version counts once all its checks have said so, several times in a row.

Owns what a good verdict is: every check looked since, with the new manifest, and none that matters
fails; every service runs. Checks are made to look, so nothing waits for their usual time. It reads
what the agent says and has no verdict of its own. Refuses to send traffic: its caller hands in what
is to be done at the first good verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from agent import asking
from agent.change.means import Judged
from agent.errors import CaretakerError
from agent.findings import Severity, Status
from agent.health.words import span
from agent.progress import Progress
from agent.remedies.remedy import Scene
from agent.services.protocol import ServiceState
from agent.status import NO_SENSE, CheckReport, StatusReport

BETWEEN = 2.0  # seconds between two verdicts that count
STEP = 0.1  # seconds between two questions
AGAIN = 0.5  # seconds before checks are made to look again while one has not looked
# Seconds before they look again while one fails: what starts fast is down for no longer than it
# takes, and what does not is not asked all the while.
SOON, GROWS, SELDOM = 0.1, 1.5, 1.0
LOOPS = 3  # ends of a service, each started again, after which it needs no more time to fail


def judge(
    scene: Scene, progress: Progress, *, first_good: Callable[[], None], agent: Agent | None = None
) -> Judged:
    """Wait for the verdict. `first_good` is called at the first good one."""
    return _Gate(scene, progress, first_good, agent or Agent(scene)).run()


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent of this machine, over its socket. Silence is an answer too: None, or False."""

    scene: Scene

    def reload(self) -> bool:
        """Have it read the manifest; True once it has. CaretakerError: it refuses it."""
        try:
            asking.post(self.scene.layout, "/reload", network=self.scene.host.network)
        except CaretakerError as error:
            if error.code == "daemon-unreachable":
                return False
            raise
        return True

    def look(self) -> None:
        try:
            asking.post(self.scene.layout, "/look", network=self.scene.host.network)
        except CaretakerError:
            return  # The verdict will be missing, which says it.

    def status(self) -> StatusReport | None:
        try:
            told = asking.get(self.scene.layout, "/status", network=self.scene.host.network)
            return msgspec.convert(told, type=StatusReport)
        except (CaretakerError, *NO_SENSE):
            return None


class _Gate:
    def __init__(
        self, scene: Scene, progress: Progress, first_good: Callable[[], None], agent: Agent
    ) -> None:
        self._scene, self._progress, self._agent = scene, progress, agent
        self._clock, self._first_good = scene.host.clock, first_good
        self._upgrade = scene.manifest.upgrade
        self._began = self._clock.monotonic()
        self._deadline = self._began + float(self._upgrade.within)
        self._restarts: dict[str, int] = {}

    def run(self) -> Judged:
        if not self._heard():
            return Judged(good=False, why="the agent does not answer")
        good, first, pause = 0, None, SOON
        while True:
            why = self._verdict()
            if why is None:
                good, first = good + 1, first or self._clock.monotonic()
                if good == 1:
                    self._first_good()
                self._progress.advance(good, self._upgrade.healthy, "items")
                if good >= self._upgrade.healthy:
                    return Judged(good=True, first_good=first)
                self._clock.sleep(BETWEEN)
                continue
            if good:
                self._progress.note(f"no longer healthy: {why}")
            good = 0
            if ended := self._hopeless():
                return self._bad(ended)
            if self._over():
                return self._bad(why)
            self._clock.sleep(pause)
            pause = min(pause * GROWS, SELDOM)

    def _heard(self) -> bool:
        """Whether the agent goes by this manifest from now on. CaretakerError: it refuses it."""
        while not self._agent.reload():
            if self._over():
                return False
            self._clock.sleep(AGAIN)
        return True

    def _verdict(self) -> str | None:
        """One verdict with looks of its own: None for a good one, else why not."""
        begun = asked = self._clock.monotonic()
        self._agent.look()
        while True:
            self._clock.sleep(STEP)
            if self._clock.monotonic() - asked >= AGAIN:
                # A check that was looking already when it was asked does not look once more.
                self._agent.look()
                asked = self._clock.monotonic()
            report = self._agent.status()
            waits = self._waits_for(report, begun)
            if report is not None and not waits:
                return "; ".join(self._complaints(report)[:3]) or None
            if self._over() or self._hopeless():
                return waits

    def _waits_for(self, report: StatusReport | None, begun: float) -> str:
        """What there is no verdict without; empty: it is one. `begun`: every look is younger."""
        if report is None:
            return "the agent does not answer"
        if report.version != self._scene.manifest.appliance.version:
            return f"the agent still looks after {report.version}"
        seconds = self._clock.monotonic() - begun
        behind = max(0.0, self._clock.wall() - report.at)
        for each in self._that_matter(report):
            if each.age is None or each.age + behind > seconds:
                return f"{each.name}: not looked at yet"
        return ""

    def _complaints(self, report: StatusReport) -> list[str]:
        found = [
            f"{each.name}: {each.summary}"
            for each in self._that_matter(report)
            if each.stale or Status.FAIL in (each.status, each.looked)
        ]
        # Not the report's: it shows services as they were some seconds ago.
        return found + [
            f"service {name}: {state.summary or state.state}"
            for name, state in self._states().items()
            if not state.running
        ]

    def _states(self) -> dict[str, ServiceState]:
        try:
            return self._scene.services.states()
        except CaretakerError:
            return {}

    def _that_matter(self, report: StatusReport) -> list[CheckReport]:
        """Checks whose failure takes a node out of service, as the engine has it."""
        declared = self._scene.manifest.checks
        return [
            each
            for each in report.checks
            if each.severity is Severity.CRITICAL
            and each.name in declared
            and not declared[each.name].shared
            and not each.muted_by
        ]

    def _hopeless(self) -> str:
        """A service that no time will help: left stopped, or ending again and again."""
        for name, state in self._states().items():
            before = self._restarts.setdefault(name, state.restarts)
            if state.state == "failed":
                return f"service {name}: {state.summary}"
            if state.restarts - before >= LOOPS:
                return f"service {name} ends again and again: {state.summary}"
        return ""

    def _over(self) -> bool:
        return self._clock.monotonic() >= self._deadline

    def _bad(self, why: str) -> Judged:
        waited = span(self._clock.monotonic() - self._began)
        return Judged(good=False, why=why, evidence={"waited": waited, "checks": why})
