"""dnf and rpm behind the interface of `packages`.

Owns their command lines. No machine with dnf was at hand when this was written: it is tested on
answers written from dnf's manual, and that is all. Refuses to run what changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from agent.errors import MachineError
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.host.record_lock import record_holder
from agent.host.spawn import Completed
from agent.patching import dnf_said
from agent.patching.packages import Command, Wounds
from agent.patching.record import Scope, Simulated, Update

_TIMEOUT = 300.0
_CACHE = "/var/cache/dnf"
_LOCK = "/var/lib/rpm/.rpm.lock"
_DATABASES = ("/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite")
_QUERY = "%{NAME}.%{ARCH} %{EPOCH}:%{VERSION}-%{RELEASE}\\n"
_READING = ("dnf", "--cacheonly", "--quiet")
_CHANGING = ("dnf", "--assumeyes", "--quiet", "--setopt=clean_requirements_on_remove=false")


@dataclass(frozen=True)
class Dnf:
    """dnf on this machine."""

    host: Host
    name: str = "dnf"

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": "/root"}

    def simulate(self, scope: Scope, *, sized: bool = False) -> Simulated:
        flags = ("--security",) if scope == "security" else ()
        # Without --quiet: that would leave the table out. Exit status 1 is the "no" we gave.
        argv = ("dnf", "--cacheonly", "--assumeno", *flags, "upgrade")
        done = self.host.run(argv, timeout=_TIMEOUT, env=self.environment)
        if done.status not in (0, 1) or done.missing or done.timed_out:
            raise self._failure(done)
        found = dnf_said.simulated(done.stdout, self.versions())
        said = self._run(*_READING, "updateinfo", "list", "--updates").stdout
        advised = dnf_said.advisories(said)
        return replace(found, updates=tuple(_advised(each, advised) for each in found.updates))

    def fingerprint(self) -> str:
        for place in _DATABASES:
            try:
                facts = self.host.path(place).stat()
            except OSError:
                continue
            return f"{facts.st_mtime_ns}-{facts.st_size} {self.known()}"
        return ""

    def known(self) -> float:
        newest = 0.0
        for path in self.host.path(_CACHE).glob("*/repodata/repomd.xml"):
            try:
                newest = max(newest, path.stat().st_mtime)
            except OSError:
                continue
        return newest

    def held(self) -> tuple[str, ...]:
        """By the plugin `versionlock`; none where it is not installed."""
        done = self.host.run((*_READING, "versionlock", "list"), timeout=_TIMEOUT)
        return tuple(done.stdout.split()) if done.ok else ()

    def versions(self) -> dict[str, str]:
        return dnf_said.installed(self._run("rpm", "-qa", "--queryformat", _QUERY).stdout)

    def busy(self) -> int:
        try:
            return record_holder(self.host.path(_LOCK))
        except FileFailure:
            return 0  # Only root may look.

    def wounds(self) -> Wounds:
        """rpm knows no such state: a package is in its data base, or it is not."""
        return Wounds()

    def mend(self, wounds: Wounds) -> tuple[Command, ...]:
        return ()

    def refresh(self) -> Command:
        return Command("fetch the lists of packages", (*_CHANGING, "makecache", "--refresh"))

    def fetch(self, scope: Scope, found: Simulated) -> Command:
        flags = ("--security",) if scope == "security" else ()
        argv = (*_CHANGING, *flags, "--downloadonly", "upgrade")
        return Command("fetch the packages", argv)

    def steps(self, scope: Scope, found: Simulated) -> tuple[Command, ...]:
        return tuple(
            Command(each.told, (*_CHANGING, "upgrade", dnf_said.full_name(each)), (each,))
            for each in found.updates
        )

    def marks(self) -> frozenset[str]:
        return frozenset()  # dnf keeps the reason of a package that it upgrades.

    def keep_marks(self, before: frozenset[str]) -> tuple[Command, ...]:
        return ()

    def files(self, names: tuple[str, ...]) -> frozenset[str]:
        if not names:
            return frozenset()
        done = self.host.run(("rpm", "--query", "--list", *names), timeout=_TIMEOUT)
        return frozenset(line for line in done.stdout.splitlines() if line.startswith("/"))

    def _run(self, *argv: str) -> Completed:
        done = self.host.run(argv, timeout=_TIMEOUT, env=self.environment)
        if not done.ok:
            raise self._failure(done)
        return done

    def _failure(self, done: Completed) -> MachineError:
        said = f"{done.argv[0]}: {done.reason}"
        return MachineError("patching-failed", said, hint="sudo dnf check")


def _advised(update: Update, advised: dict[str, list[dnf_said.Advised]]) -> Update:
    told = advised.get(dnf_said.full_name(update), [])
    security = [each for each in told if each.security]
    return replace(
        update,
        fix=update.after if security else "",
        advisories=tuple(each.id for each in told),
        severity=security[0].severity if security else "",
    )
