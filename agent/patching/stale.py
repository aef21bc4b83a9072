"""Which units still run on files that were replaced: needrestart's verdict, or our own look.

Owns naming the unit, and the appliance's service behind it. Refuses to restart any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.host.machine import Host
from agent.host.running_code import RunningCode, running_code
from agent.manifest.model import Manifest
from agent.patching.record import Stale
from agent.services.names import unit_name

_TIMEOUT = 60.0
# Batch mode reports; `l`, only list, is said besides, since a machine's settings may say otherwise.
_NEEDRESTART = ("needrestart", "-b", "-r", "l")
_LINE = re.compile(r"^NEEDRESTART-([A-Z]+): ?(.*)$")
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+\.(?:service|scope|socket|mount|slice)")
_FILES = 5  # named for each unit


@dataclass(frozen=True, slots=True)
class Look:
    """What was found. `unseen` processes could not be looked at; `reboot` are needrestart's
    reasons for one."""

    stale: tuple[Stale, ...] = ()
    unseen: int = 0
    reboot: tuple[str, ...] = ()


def look(host: Host, manifest: Manifest | None, *, root: bool) -> Look:
    """needrestart is asked by root only: to anybody else it tells of that one's own processes."""
    processes, unseen = running_code()
    own = _by_unit((each.cgroup, each.pid, each.gone) for each in processes if each.gone)
    found = {unit: _stale(unit, pids, gone, manifest) for unit, (pids, gone) in own.items()}
    reboot: tuple[str, ...] = ()
    if root:
        units, reboot = ask_needrestart(host)
        for unit in units:
            if unit not in found:
                service = _service(unit, manifest)
                found[unit] = Stale(unit=unit, service=service, by="needrestart")
    return Look(tuple(found[unit] for unit in sorted(found)), unseen, reboot)


def ask_needrestart(host: Host) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Its units, and its reasons for a reboot; nothing where it is not installed, or fails."""
    done = host.run(_NEEDRESTART, timeout=_TIMEOUT, env={"HOME": "/root"})
    if not done.ok:
        return (), ()
    facts: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        if match := _LINE.match(line):
            facts.setdefault(match[1], []).append(match[2].strip())
    units = tuple(unit for unit in facts.get("SVC", []) if _UNIT.fullmatch(unit))
    reasons = []
    # 3: another version waits; 2: the same, with the same ABI (README.batch.md).
    if facts.get("KSTA", [""])[0] in ("2", "3"):
        expected = facts.get("KEXP", ["another one"])[0]
        reasons.append(f"kernel {expected} is installed, {facts.get('KCUR', ['?'])[0]} runs")
    if facts.get("UCSTA", [""])[0] == "2":
        reasons.append("newer microcode of the processor waits")
    return units, tuple(each for each in reasons if each.isprintable())


def running_on(
    processes: Iterable[RunningCode], files: frozenset[str], manifest: Manifest | None
) -> tuple[Stale, ...]:
    """Which units run on these files: they will be stale once the files are replaced."""
    wanted = {_place(each) for each in files}
    using = (
        (each.cgroup, each.pid, frozenset(path for path in each.files if _place(path) in wanted))
        for each in processes
    )
    found = _by_unit(each for each in using if each[2])
    return tuple(_stale(unit, *found[unit], manifest) for unit in sorted(found))


def unit_of(cgroup: str) -> str:
    """The unit that a control group is of; `user sessions` for what people run."""
    parts = cgroup.strip("/").split("/")
    if parts[0] == "user.slice":
        return "user sessions"
    if parts[-1] == "init.scope" or parts[0] == "init.scope":
        return "init.scope"
    for part in parts:
        if part.endswith((".service", ".scope")):
            return part
    return "no unit"


def _by_unit(
    found: Iterable[tuple[str, int, frozenset[str]]],
) -> dict[str, tuple[list[int], set[str]]]:
    units: dict[str, tuple[list[int], set[str]]] = {}
    for cgroup, pid, paths in found:
        pids, files = units.setdefault(unit_of(cgroup), ([], set()))
        pids.append(pid)
        files |= paths
    return units


def _stale(unit: str, pids: list[int], files: set[str], manifest: Manifest | None) -> Stale:
    return Stale(
        unit=unit,
        service=_service(unit, manifest),
        files=tuple(sorted(files)[:_FILES]),
        pids=tuple(pids),
    )


def _service(unit: str, manifest: Manifest | None) -> str:
    if manifest is None:
        return ""
    return next((name for name in manifest.services if unit_name(manifest, name) == unit), "")


def _place(path: str) -> str:
    """One name for both: /lib is a link to /usr/lib, dpkg's lists have the old place."""
    return path.removeprefix("/usr")
