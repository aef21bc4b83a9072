"""The sweep: an operation is struck at each call, recovered, run again, and judged.

Owns the order of a scenario. Runs inside the preloaded worker; each part is a forked child, so the
worker imports once and keeps nothing of it.
"""

import contextlib
import gc
import json
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.crash import tree
from bench.crash.forks import Ended, forked, ready, started
from bench.crash.operation import Failed, Job, Operation, Tally
from bench.crash.shared import Call, Kind, Shared
from bench.crash.world import world_of

DONE, REFUSED, WRONG = b"done", b"refused: ", b"wrong: "


@dataclass(frozen=True)
class State:
    """A disk, and what runs: services outlive a change that is killed, and no power cut."""

    disk: tree.Tree
    world: bytes = b""


@dataclass
class Sweeper:
    """One operation at one place. `root` is the appliance's root, on a memory file system."""

    operation: Operation
    shared: Shared
    root: Path
    before: State = field(default_factory=lambda: State({}))

    def prepare(self) -> None:
        """Make the state before the operation, and import all that it needs, once for all forks."""
        self.put(State({}))
        self.operation.prepare(self.root)
        self.before = self.look()
        with contextlib.suppress(Failed):
            self.operation.act(self.root)
        self.operation.judge(self.root, "new")
        gc.collect()
        gc.freeze()

    def put(self, state: State) -> None:
        """Make the disk, and what runs on the machine, as it was."""
        tree.write(state.disk, self.root)
        beside = world_of(self.root)
        beside.unlink(missing_ok=True)
        if state.world:
            beside.write_bytes(state.world)

    def look(self) -> State:
        beside = world_of(self.root)
        return State(tree.read(self.root), beside.read_bytes() if beside.exists() else b"")

    def calls(self) -> list[Call]:
        """Those that the undisturbed operation makes. Raises RuntimeError where it fails."""
        self.put(self.before)
        ended = self.struck("none", 0)
        if ended.said != DONE:
            raise RuntimeError(f"{self.operation.name}, undisturbed: {ended.said.decode()}")
        found = self.shared.calls()
        if wrong := self.judged(ended):
            raise RuntimeError(f"{self.operation.name}, undisturbed: {wrong}")
        return found

    def struck(
        self, kind: Kind, number: int, *, recovery: bool = False, recording: bool = False
    ) -> Ended:
        """The operation (or its recovery), with one fault, on the tree as it is now."""

        self.shared.arm(kind, number, recording=recording)
        try:
            return forked(lambda: self._told(recovery=recovery))
        finally:
            self.shared.disarm()

    def rivalled(self, number: int) -> tuple[Ended, Ended]:
        """The operation, which stands still before a call while another run of it does its own."""
        self.shared.arm("pause", number)
        first = started(lambda: self._told(recovery=False))
        try:
            while not self.shared.struck and not ready(first):
                time.sleep(0.0005)
            self.shared.ignore()
            second = forked(lambda: self._told(recovery=False), beside=first.pid)
        finally:
            self.shared.resume()
            ended = first.finish()
            self.shared.disarm()
        return ended, second

    def _told(self, *, recovery: bool) -> bytes:
        try:
            if recovery:
                self.operation.recover(self.root, False)
            else:
                self.operation.act(self.root)
        except Failed as error:
            return REFUSED + str(error).encode()
        except Exception:  # the oracle's business, not the worker's end
            return WRONG + traceback.format_exc(limit=-3).encode()
        return DONE

    def judged(self, ended: Ended, *, booting: bool = False) -> list[str]:
        """Recover, judge, run again, judge, run once more: what is wrong with the tree now."""
        if ended.said.startswith(WRONG):
            return [f"it did not end cleanly: {ended.said.decode()}"]
        if ended.crashed:
            return [ended.said.decode()]
        changed = ended.said == DONE
        after = forked(
            lambda: json.dumps(self._aftermath(changed=changed, booting=booting)).encode()
        )
        if after.status != 0:
            return [f"recovery died: {after.said.decode()}"]
        found: list[str] = json.loads(after.said)
        return found

    def _aftermath(self, *, changed: bool, booting: bool) -> list[str]:
        one = self.operation
        try:
            one.recover(self.root, booting)
            if wrong := one.judge(self.root, "new" if changed else "either"):
                return [f"after recovery: {each}" for each in wrong]
            if not (one.once and not one.judge(self.root, "new")):
                one.act(self.root)
            if wrong := one.judge(self.root, "new"):
                return [f"after the re-run: {each}" for each in wrong]
            if one.once:
                return []
            settled = tree.without(tree.read(self.root), one.passing)
            one.act(self.root)
            one.recover(self.root, False)
            again = tree.without(tree.read(self.root), one.passing)
        except Failed as error:
            return [f"the re-run refuses: {error}"]
        except Exception:  # any way to break is a violation, and is told as one
            return [f"the re-run fails: {traceback.format_exc(limit=-4)}"]
        return [f"a second run: {each}" for each in tree.differences(settled, again)]


def points(calls: list[Call], kind: Kind, job: Job) -> Iterator[int]:
    """The numbers of the calls to strike."""
    wanted = [
        number
        for number, call in enumerate(calls, 1)
        if call.writes or kind not in ("torn", "short")
    ]
    yield from wanted[job.first :: job.every]


def single(sweeper: Sweeper, calls: list[Call], kind: Kind, job: Job) -> Tally:
    """One fault at each point."""
    tally, begun = Tally(sweeper.operation.name, kind), time.monotonic()
    for number in points(calls, kind, job):
        sweeper.put(sweeper.before)
        ended = sweeper.struck(kind, number)
        tally.scenarios += 1
        tally.violations += [
            f"{kind} at call {number} ({calls[number - 1]}): {each}"
            for each in sweeper.judged(ended)
        ]
        if job.stop_at and len(tally.violations) >= job.stop_at:
            break
    tally.seconds = time.monotonic() - begun
    return tally


def rival(sweeper: Sweeper, calls: list[Call], job: Job) -> Tally:
    """Another run at each point: it is refused or does it all, and never half of each."""
    tally, begun = Tally(sweeper.operation.name, "rival"), time.monotonic()
    for number in points(calls, "pause", replace(job, every=job.rivals)):
        sweeper.put(sweeper.before)
        first, second = sweeper.rivalled(number)
        tally.scenarios += 1
        where = f"a second run at call {number} ({calls[number - 1]})"
        told = [f"{where}: {each}" for each in sweeper.judged(first)]
        if not told and not second.said.startswith((DONE, REFUSED)):
            told = [f"{where}: the second: {second.said.decode()}"]
        if not told and DONE not in (first.said, second.said):
            told = [f"{where}: both refuse: {first.said!r}, {second.said!r}"]
        tally.violations += told
        if job.stop_at and len(tally.violations) >= job.stop_at:
            break
    tally.seconds = time.monotonic() - begun
    return tally


def double(sweeper: Sweeper, calls: list[Call], job: Job) -> Tally:
    """Killed, and killed again in the recovery: from each different state that a kill leaves."""
    tally, begun = Tally(sweeper.operation.name, "double"), time.monotonic()
    seen: set[int] = set()
    numbers = list(points(calls, "kill", job))
    for number in numbers[:: max(1, len(numbers) // job.doubles)]:
        sweeper.put(sweeper.before)
        sweeper.struck("kill", number)
        left = sweeper.look()
        if tree.key(left.disk) in seen:
            continue
        seen.add(tree.key(left.disk))
        sweeper.struck("none", 0, recovery=True)
        total = sweeper.shared.count
        for second in range(1, total + 1, max(1, total // job.seconds)):
            sweeper.put(left)
            ended = sweeper.struck("kill", second, recovery=True)
            tally.scenarios += 1
            where = f"kill at call {number} ({calls[number - 1]}), recovery killed at {second}"
            tally.violations += [
                f"{where}: {each}"
                for each in sweeper.judged(Ended(b"", -9) if ended.said == DONE else ended)
            ]
        if job.stop_at and len(tally.violations) >= job.stop_at:
            break
    tally.seconds = time.monotonic() - begun
    return tally
