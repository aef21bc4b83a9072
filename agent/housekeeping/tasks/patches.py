"""`patches`: how many updates of packages wait, and how many of them for security's sake.

Owns counting by what the package manager already knows, and the record of it for `status`. Refuses
the network, and to install anything: when a machine changes is its owner's to say.
"""

from __future__ import annotations

import re

import msgspec

from agent.errors import MachineError
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule
from agent.state import StateFile

_TIMEOUT = 300.0
_NAMED = 200
_OLD = 7 * 86400.0  # seconds; lists older than this tell little
_LISTS = "/var/lib/apt/lists"
_REBOOT = "/run/reboot-required"  # update-notifier's and unattended-upgrades'
# A simulation that neither takes the lock nor writes its cache (apt.conf(5)).
_APT = ["apt-get", "--simulate", "-o", "Debug::NoLocking=true", "-o", "Dir::Cache::pkgcache=",
        "-o", "Dir::Cache::srcpkgcache=", "--with-new-pkgs", "upgrade"]  # fmt: skip
# `Inst openssl [3.0.1] (3.0.2 Debian-Security:12/stable-security [amd64])`
_INST = re.compile(r"^Inst (\S+) (?:\[[^]]*\] )?\((.*)\)")
_DNF = ["dnf", "--cacheonly", "--quiet", "updateinfo", "list"]
# `FEDORA-2026-1 Important/Sec. openssl-3.0.2-1.x86_64`
_ADVISORY = re.compile(r"^\S+\s+(\S+)\s+(\S+)$")


class Patches(msgspec.Struct, frozen=True, kw_only=True):
    """What waits. Times are since 1970; `known` is when the package lists were fetched, 0.0 where
    nobody knows."""

    at: float
    pending: int
    security: int
    names: tuple[str, ...] = ()
    reboot: bool = False
    known: float = 0.0


def run(chores: Chores) -> Done:
    now = chores.host.clock.wall()
    found = _apt(chores)
    if found is None:
        found = _dnf(chores)
    if found is None:
        return Done(summary="this machine has neither apt nor dnf")
    security = [name for name, is_security in found.items() if is_security]
    patches = Patches(
        at=now,
        pending=len(found),
        security=len(security),
        names=tuple(security[:_NAMED]),
        reboot=chores.host.path(_REBOOT).exists(),
        known=_known(chores),
    )
    if not chores.dry:
        StateFile(chores.layout.patches, Patches).save(patches)
    return Done(
        summary=f"{patches.pending} updates wait, {patches.security} of them for security",
        items=patches.pending,
        lines=tuple(_lines(patches, now)),
    )


def _lines(patches: Patches, now: float) -> list[str]:
    lines = [f"for security: {name}" for name in patches.names]
    if patches.reboot:
        lines.append("what was installed already needs a restart of the machine")
    if patches.known and now - patches.known > _OLD:
        days = int((now - patches.known) / 86400)
        lines.append(f"the lists of packages are {days} days old; newer updates are not counted")
    return lines


def _apt(chores: Chores) -> dict[str, bool] | None:
    done = chores.host.run(_APT, timeout=_TIMEOUT)
    if done.missing:
        return None
    if not done.ok:
        raise MachineError("command-failed", f"apt-get: {done.reason}", hint="apt-get check")
    matches = [match for line in done.stdout.splitlines() if (match := _INST.match(line))]
    return {match[1]: "security" in match[2].lower() for match in matches}


def _dnf(chores: Chores) -> dict[str, bool] | None:
    done = chores.host.run(_DNF, timeout=_TIMEOUT)
    if done.missing:
        return None
    if not done.ok:
        raise MachineError("command-failed", f"dnf: {done.reason}", hint="dnf updateinfo list")
    matches = [match for line in done.stdout.splitlines() if (match := _ADVISORY.match(line))]
    found: dict[str, bool] = {}
    for match in matches:  # One package may be in several advisories.
        found[match[2]] = found.get(match[2], False) or match[1].endswith("/Sec.")
    return found


def _known(chores: Chores) -> float:
    try:
        return chores.host.path(_LISTS).stat().st_mtime
    except OSError:
        return 0.0


TASK = Task(
    name="patches",
    title="updates of packages that wait",
    schedule=Schedule(calendar="daily", jitter=Duration(4 * 3600)),
    run=run,
    timeout=900.0,
    modes=("systemd",),
)
