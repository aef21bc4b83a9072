"""The course of one upgrade of the system, in steps that may each be the last.

Owns the order: finish what was cut short, ask for health, fetch, forecast the disk, install in
small transactions, restart what may be, ask for health again. What it was killed in is what it
begins with when it is run again. Refuses to go on after a step that failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from agent.errors import BusyError, CaretakerError, MachineError, UnhealthyError
from agent.host import uncut
from agent.ledger import Ledger
from agent.patching import reboot, restarts, room, stale
from agent.patching.apt import LOCK_PATIENCE
from agent.patching.boots import begin_counting
from agent.patching.health import health_now, wait_healthy
from agent.patching.kept import patches_file, read_patches, waiting
from agent.patching.packages import Command, Packages, Wounds
from agent.patching.record import Simulated
from agent.patching.request import Changed, OsOutcome, OsRequest
from agent.progress import Progress
from agent.remedies.remedy import Scene

ACT = "os-upgrade"
_LONGEST = 7200.0  # seconds that one program may take before nobody waits for it any more
_TRIES = 10  # for the lock of the lists, which apt does not wait for
_PAUSE = 6.0
_TOLD = 60  # packages in the ledger's entry
Run = Callable[..., uncut.Ran]


@dataclass
class Course:
    """One upgrade. `stopped` says whether somebody asked for its end."""

    scene: Scene
    packages: Packages
    request: OsRequest
    progress: Progress
    run: Run = uncut.run
    stopped: Callable[[], bool] = lambda: False
    outcome: OsOutcome = field(default_factory=OsOutcome)

    def go(self) -> OsOutcome:
        """Raises CaretakerError, HostFailure and OSError; `outcome` then says how far it came."""
        begun = self.scene.host.clock.monotonic()
        before = self.packages.versions()
        try:
            self._all(before)
        finally:
            self._sum_up(before, begun)
        return self.outcome

    def _all(self, before: dict[str, str]) -> None:
        self._wait_for_turn()
        self._mend()
        self._healthy_before()
        self._refresh()
        self.progress.step("plan", "Work out what is to be done")
        found = self.packages.simulate(self.request.scope, sized=True)
        if found.updates or found.new or found.removed:
            room.demand(self.scene.host, found)
            self.progress.step("fetch", "Fetch the packages")
            self._do(self.packages.fetch(self.request.scope, found))
            self._install(found)
        self._restart()
        self._healthy_after(changed=bool(self._changed(before)))

    def _wait_for_turn(self) -> None:
        """Somebody else's installation is not cut short, and not called interrupted."""
        clock = self.scene.host.clock
        deadline = clock.monotonic() + LOCK_PATIENCE
        told = False
        while holder := self.packages.busy():
            if not told:
                self.progress.note(f"process {holder} installs packages; waiting for its end")
                told = True
            if clock.monotonic() >= deadline or self.stopped():
                message = f"process {holder} still installs or removes packages"
                raise BusyError("lock-held", message, hint="caretaker os upgrade")
            clock.sleep(2.0)

    def _mend(self) -> None:
        """In rounds: what is half there is only seen once dpkg has merged its own notes."""
        seen: list[Wounds] = []
        said = ""
        while (wounds := self.packages.wounds()) and wounds not in seen:
            if not seen:
                self.progress.step("mend", "Finish an installation that was cut short")
            seen.append(wounds)
            for command in self.packages.mend(wounds):
                done = self._run(command)
                if done.status is None:
                    raise _still_runs(command, done)
                said = said if done.ok else done.reason
        if wounds:
            names = ", ".join((*wounds.half, *wounds.unfinished)[:5])
            raise MachineError(
                "patching-failed",
                f"an installation was cut short and can't be finished ({names}): {said}",
                hint=f"sudo less +G {self.scene.layout.os_log}",
            )
        each_name = (name for each in seen for name in (*each.unfinished, *each.half))
        mended = tuple(dict.fromkeys(each_name)) or ("dpkg's own notes",)
        self.outcome = replace(self.outcome, mended=mended if seen else ())

    def _healthy_before(self) -> None:
        self.progress.step("health-before", "Ask whether the application is healthy")
        health = health_now(self.scene.host, self.scene.layout)
        if health.good:
            return
        if self.request.unhealthy:
            self.progress.note(f"not healthy before the upgrade: {health.why}")
            return
        raise UnhealthyError(
            "unhealthy",
            f"nothing was changed, since the application is not healthy before: {health.why}",
            hint="caretaker status; or: caretaker os upgrade --unhealthy",
        )

    def _refresh(self) -> None:
        if not self.request.refresh:
            return
        command = self.packages.refresh()
        self.progress.step("refresh", "Fetch the lists of packages")
        done = self._run(command)
        for _ in range(_TRIES):
            if done.ok or "ould not get lock" not in done.output or self.stopped():
                break
            self.scene.host.clock.sleep(_PAUSE)
            done = self._run(command)
        if done.ok:
            return
        known = self.packages.known()
        if done.status is None or not known:
            raise MachineError(
                "patching-failed",
                f"the lists of packages could not be fetched: {done.reason}",
                hint="sudo apt-get update",
            )
        days = (self.scene.host.clock.wall() - known) / 86400
        self.progress.note(f"lists could not be fetched ({done.reason}); {days:.0f} days old")

    def _install(self, found: Simulated) -> None:
        steps = self.packages.steps(self.request.scope, found)
        self.progress.step("install", "Install")
        begin_counting(self.scene.host, self.scene.layout, len(found.updates))
        self._note("begun", f"{len(found.updates)} updates, scope {self.request.scope}")
        marks = self.packages.marks()
        try:
            for number, step in enumerate(steps):
                self.progress.advance(number, len(steps), "items")
                if self.stopped():
                    message = f"was told to stop: {number} of {len(steps)} steps are done"
                    raise MachineError("patching-failed", message, hint="caretaker os upgrade")
                if self._needed(step):
                    self.progress.note(step.title)
                    self._do(step)
            self.progress.advance(len(steps), len(steps), "items")
        finally:
            for command in self.packages.keep_marks(marks):
                self._run(command)

    def _needed(self, step: Command) -> bool:
        """Whether it was not done along with an earlier one."""
        there = self.packages.versions()
        return any(there.get(each.name, "") != each.after for each in step.packages)

    def _restart(self) -> None:
        scene = self.scene
        look = stale.look(scene.host, scene.manifest, root=True)
        choice = restarts.choose(look.stale, scene.manifest, asked=self.request.restart)
        done: list[str] = []
        failed: list[str] = []
        if choice.now:
            self.progress.step("restart", "Restart what runs on replaced files")
            done, failed = restarts.restart(scene, choice, self.progress)
        waits = tuple(each.service or each.unit for each in choice.waiting)
        self.outcome = replace(
            self.outcome,
            restarted=tuple(done),
            waiting=waits,
            reboot=reboot.reasons(scene.host, of_needrestart=look.reboot),
        )
        if failed:
            raise MachineError("service-failed", "; ".join(failed), hint="caretaker status")

    def _healthy_after(self, *, changed: bool) -> None:
        if not (changed or self.outcome.restarted or self.outcome.mended):
            return
        self.progress.step("health-after", "Wait until the application is healthy")
        health = wait_healthy(self.scene.host, self.scene.layout, self.scene.manifest)
        self.outcome = replace(self.outcome, health=health.why or "healthy")
        if not health.good and not self.request.unhealthy:
            raise UnhealthyError(
                "unhealthy",
                f"the packages are installed, and the application is not healthy: {health.why}",
                hint="caretaker status; what changed: caretaker ledger",
            )

    def _do(self, command: Command) -> None:
        done = self._run(command)
        if done.status is None:
            raise _still_runs(command, done)
        if not done.ok:
            said = f"{command.title}: {done.reason}"
            hint = f"sudo less +G {self.scene.layout.os_log}"
            raise MachineError("patching-failed", said, hint=hint)

    def _run(self, command: Command) -> uncut.Ran:
        env = self.packages.environment
        return self.run(command.argv, log=self.scene.layout.os_log, longest=_LONGEST, env=env)

    def _changed(self, before: dict[str, str]) -> tuple[Changed, ...]:
        after = self.packages.versions()
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        pairs = (Changed(name, before.get(name, ""), after.get(name, "")) for name in names)
        return tuple(sorted(pairs, key=lambda each: each.name))

    def _sum_up(self, before: dict[str, str], begun: float) -> None:
        """What changed is told whatever came of the rest."""
        clock = self.scene.host.clock
        try:
            changed = self._changed(before)
            state = patches_file(self.scene.layout)
            kept = read_patches(self.scene.layout)
            state.save(waiting(self.packages, kept, clock.wall()))
        except CaretakerError:
            changed = self._changed(before)  # What waits is worked out again by the daily task.
        seconds = clock.monotonic() - begun
        self.outcome = replace(
            self.outcome, scope=self.request.scope, changed=changed, seconds=seconds
        )

    def _note(self, outcome: str, why: str) -> None:
        ledger = Ledger(self.scene.layout.ledger, self.scene.host.clock)
        ledger.write(ACT, outcome=outcome, why=why, actor=self.request.actor)


def write_end(scene: Scene, request: OsRequest, outcome: OsOutcome) -> None:
    """The ledger's entry of the whole: each package with its versions."""
    told = {
        each.name: f"{each.before or 'new'} → {each.after or 'gone'}"
        for each in outcome.changed[:_TOLD]
    }
    why = f"{len(outcome.changed)} packages changed"
    if outcome.failure is not None:
        why = f"{outcome.failure.message}; {why}"
    if outcome.reboot:
        why += f"; a reboot is needed: {outcome.reboot[0]}"
    Ledger(scene.layout.ledger, scene.host.clock).write(
        ACT,
        target=outcome.scope,
        outcome="failed" if outcome.failure else "done",
        why=why,
        actor=request.actor,
        seconds=outcome.seconds,
        detail={**told},
    )


def _still_runs(command: Command, done: uncut.Ran) -> MachineError:
    said = f"{command.title} still runs after {done.seconds:.0f} s, and goes on (pid {done.pid})"
    return MachineError("command-timeout", said, hint="sudo systemctl status caretaker-os")
