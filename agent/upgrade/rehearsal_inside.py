"""The process on the stage of a rehearsal: it runs the candidate's services and looks at them.

`python -I -m agent.upgrade.rehearsal_inside` in a cell (`agent.host.cell`): a Candidate comes in on
stdin, a Played goes out on stdout. Its end is the end of everything it started. Owns the verdict:
every service runs and every critical check passes, so many times in a row. Refuses to touch
anything outside the stage, which its namespaces would not let it anyway.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
from msgspec import Struct

from agent.findings import Finding, Severity
from agent.health.context import Context
from agent.health.look import look_once
from agent.host import cell, files, users
from agent.host.accounts import is_root
from agent.host.as_user import as_user
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.checks import Check
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.services.credentials import looker
from agent.services.embedded import Supervisor
from agent.upgrade.rehearsal_scene import Candidate, cast, values_on_stage

_BETWEEN = 1.0  # seconds between two good verdicts
_AGAIN = 0.2  # seconds after one that was not
_AT_ONCE = 8  # looks
_LINES = 5  # of a service's log


class Failure(Struct, frozen=True):
    """What kept the candidate from being good: a check or a service, and what was seen."""

    name: str
    summary: str


class Played(Struct, frozen=True, kw_only=True):
    """`first_good` is seconds from the start to the first good verdict."""

    good: bool
    first_good: float | None = None
    failures: tuple[Failure, ...] = ()
    evidence: dict[str, str] = {}


def play(candidate: Candidate) -> Played:
    """Start all, look until it is good often enough or its time is over."""
    whole = parse(candidate.manifest)
    app = whole.appliance.name
    real = replace(Layout(Path(candidate.root)), app=app)
    stage = replace(Layout(Path(candidate.stage)), app=app)
    manifest, _ = cast(whole, real)
    values = values_on_stage(
        manifest, real, release=Path(candidate.release), data=Path(candidate.data),
        run=run_folder(app),
    )  # fmt: skip
    host = Host()
    account = users.find(app) if is_root() and not real.embedded else None
    # Below a root of its own services may be of any user, and none is the application's.
    mode, owner = (0o755, account.owner) if account else (0o1777, None)
    files.ensure_folder(run_folder(app), mode=mode, owner=owner)
    supervisor = Supervisor(manifest, stage, host, values)
    eyes = as_user(host, looker(manifest)) if is_root() and not real.embedded else host
    # The machine's layout: its certificates are looked at where they are.
    contexts = {name: Context(eyes, real, values, supervisor, name) for name in manifest.checks}
    supervisor.open()
    return _Watch(manifest, supervisor, contexts, host).run()


def run_folder(app: str) -> Path:
    """What `{run}` is on the stage, whose /run is its own."""
    return Path("/run") / app


class _Watch:
    def __init__(
        self,
        manifest: Manifest,
        supervisor: Supervisor,
        contexts: dict[str, Context],
        host: Host,
    ) -> None:
        self._manifest, self._supervisor, self._contexts = manifest, supervisor, contexts
        self._clock = host.clock

    def run(self) -> Played:
        begun, wanted = self._clock.monotonic(), self._manifest.upgrade.healthy
        deadline = begun + self._manifest.upgrade.within
        good, first = 0, None
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while True:
                failures = self._failures(pool)
                now = self._clock.monotonic()
                if failures:
                    good, first = 0, None
                else:
                    good, first = good + 1, now - begun if first is None else first
                cell.tell(good, wanted)
                if good >= wanted:
                    return Played(good=True, first_good=first)
                if now >= deadline:
                    return Played(good=False, failures=failures, evidence=self._evidence())
                self._clock.sleep(_BETWEEN if good else _AGAIN)

    def _failures(self, pool: ThreadPoolExecutor) -> tuple[Failure, ...]:
        matters = {
            name: check
            for name, check in self._manifest.checks.items()
            if check.severity is Severity.CRITICAL and not check.shared
        }
        findings = pool.map(self._look, matters.items())
        found = [
            Failure(name, finding.summary)
            for name, finding in zip(matters, findings, strict=True)
            if not finding.ok
        ]
        found += [
            Failure(f"service {name}", state.summary or state.state)
            for name, state in self._supervisor.states().items()
            if not state.running
        ]
        return tuple(found)

    def _look(self, named: tuple[str, Check]) -> Finding:
        name, check = named
        return look_once(check, self._contexts[name])

    def _evidence(self) -> dict[str, str]:
        found = {}
        for name in self._supervisor.names():
            lines = self._supervisor.evidence(name).splitlines()[-_LINES:]
            if lines:
                found[name] = "\n".join(lines)
        return found


def main() -> int:
    candidate = msgspec.json.decode(sys.stdin.buffer.read(), type=Candidate)
    sys.stdout.buffer.write(msgspec.json.encode(play(candidate)))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
