"""Collecting what is known of a lock: its file, its service, the kernel's table, every process.

Owns the order, cheapest first: the pass over all processes is made only where the service is down.
Refuses to judge, and to touch anything.
"""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterable
from pathlib import Path

import msgspec

from agent.host import holders, passport, users
from agent.host.descent import Place
from agent.host.holder import Holder
from agent.host.holders import Sought, Sweep
from agent.host.machine import Host
from agent.host.mounts import Mount, mount_under, parse_mounts
from agent.locks.evidence import Evidence, LockFile, Shape
from agent.locks.identity import same_program
from agent.locks.judgement import named_in
from agent.locks.kernel_locks import kernel_locks
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values, expand_record
from agent.manifest.upkeep import Lock
from agent.services.protocol import Services, ServiceState, State

CAP = 64 << 10  # bytes; postmaster.pid has some hundred
_SET = 2.0  # seconds; a smaller step turns no judgement (identity.MARGIN)
_MANAGER = (
    *("busctl", "get-property", "org.freedesktop.systemd1", "/org/freedesktop/systemd1"),
    "org.freedesktop.systemd1.Manager",
)
_LOOKS, _PAUSE = 6, 0.6  # seconds; longer than what services know of a unit stays fresh
_YOUNG = 30.0  # seconds
_TRIES = 3
_KERNEL_KINDS = ("flock", "fcntl")
_DOWN = ("stopped", "failed", "backoff")


def gather(
    lock: Lock, place: Place, *, host: Host, manifest: Manifest, services: Services
) -> Evidence:
    """What is known of the lock at a place where a file was. The lock comes from `prepared`.

    Other services of the appliance may be at home in a folder that is guarded only by default.
    Raises CaretakerError where the service manager does not answer, OSError, FileFailure.
    """
    for _ in range(_TRIES):
        before = _settled(lock, place, host, services)
        seen = _at_once(lock, place, before.state, host, manifest, services)
        # What was seen of a service that came up meanwhile goes together with nothing.
        after = services.state(lock.service)
        if before == after and not (seen.members and _is_restless(after, host)):
            break
        host.clock.sleep(_PAUSE)
    return seen


def _at_once(
    lock: Lock, place: Place, state: State, host: Host, manifest: Manifest, services: Services
) -> Evidence:
    file = look(place)
    mounts = parse_mounts(host.kernel.lines("/proc/self/mountinfo"))
    mount = mount_under(place.file, mounts)
    seen = Evidence(
        file=file,
        wall=host.clock.wall(),
        uptime=host.clock.monotonic(),
        file_system=mount.kind if mount is not None else "",
        service=state,
        kernel=kernel_locks(host, place.facts, mount.device if mount is not None else (0, 0)),
    )
    if state not in _DOWN or file.shape != "file" or lock.kind in _KERNEL_KINDS:
        return seen
    named = named_in(lock, file.content or b"")
    near = _neighbours(lock, services) if is_implied(lock, manifest) else frozenset()
    swept = holders.sweep(_sought(lock, place, mount, near), but=(os.getpid(),))
    return dataclasses.replace(
        seen,
        steady=_is_steady(host),
        members=tuple(services.pids(lock.service)),
        # Our own number can't be the holder's: it was given to us after that one ended.
        suspect=passport.of(named.pid) if named and named.pid != os.getpid() else None,
        openers=tuple(swept.holders),
        strangers=_strangers(lock, named.pid if named else 0, file.owner, swept),
        unseen=swept.unseen,
        blind=swept.blind,
        attached=_attached(host, named.memory if named else None),
        user=_user(lock, manifest),
    )


def _is_odd(lock: Lock, file: LockFile, services: Services, now: float) -> bool:
    """Whether the file does not look like the running service's own. Cheap, and no judgement."""
    if lock.kind in _KERNEL_KINDS or file.shape != "file":
        return False
    if lock.kind == "exists":
        return now - max(file.written, file.changed) > lock.older_than
    named = named_in(lock, file.content or b"")
    return named is None or named.pid not in services.pids(lock.service)


def _settled(lock: Lock, place: Place, host: Host, services: Services) -> ServiceState:
    """The service's state; of one that is started over and over, that between two starts.

    A program that finds its lock taken ends at once, and is up for a moment each second. Nothing
    is waited for where the file looks like the running service's own.
    """
    for _ in range(_LOOKS):
        found = services.state(lock.service)
        if found.state in _DOWN or not _is_restless(found, host):
            break
        if not _is_odd(lock, look(place), services, host.clock.wall()):
            break
        host.clock.sleep(_PAUSE)
    return found


def _is_restless(state: ServiceState, host: Host) -> bool:
    return state.restarts > 0 or host.clock.wall() - state.since < _YOUNG


def look(place: Place) -> LockFile:
    """The file as it was opened. OSError."""
    facts = place.facts
    shape = _shape(facts.st_mode)
    return LockFile(
        shape=shape,
        written=facts.st_mtime,
        changed=facts.st_ctime,
        owner=facts.st_uid,
        names=facts.st_nlink,
        content=place.read(CAP) if shape == "file" else None,
    )


def prepared(lock: Lock, values: Values) -> Lock:
    """The lock with placeholders filled in and `protects` as it is meant.

    Where nothing is declared that is the folder it stands in, below the data; of /run nothing,
    where everybody's sockets are. A PostgreSQL server works in the folder of its postmaster.pid.
    Raises ManifestError.
    """
    filled = expand_record(lock, values)
    own, data = str(Path(filled.path).parent), values.paths["data"]
    guards = list(filled.protects)
    if lock.kind == "postgres" or (not guards and f"{own}/".startswith(f"{data}/")):
        guards.append(own)
    return msgspec.structs.replace(filled, protects=guards)


def is_implied(lock: Lock, manifest: Manifest) -> bool:
    """Whether the manifest leaves open what a prepared lock guards."""
    declared = [each for each in manifest.locks.values() if each.service == lock.service]
    return lock.kind != "postgres" and not any(each.protects for each in declared)


def _neighbours(lock: Lock, services: Services) -> frozenset[int]:
    """The processes of the appliance's other services."""
    others = [name for name in services.names() if name != lock.service]
    return frozenset(pid for name in others for pid in services.pids(name))


def _sought(lock: Lock, place: Place, mount: Mount | None, near: frozenset[int]) -> Sought:
    facts = place.facts
    return Sought(
        files=frozenset({(facts.st_dev, facts.st_ino)}),
        folders=tuple(os.path.realpath(each) for each in lock.protects),
        devices=frozenset({mount.device} if mount is not None else ()),
        home=os.path.realpath(place.path.parent),
        neighbours=near,
    )


def _strangers(lock: Lock, pid: int, owner: int, swept: Sweep) -> tuple[Holder, ...]:
    """Processes of other pid namespaces that may have written the file.

    They know themselves by another number than we do. One counts that can reach the file and runs
    the lock's program, or has the number of the file in its own namespace and belongs to the
    file's owner. A PostgreSQL server works in the folder that is looked for anyway.
    """
    if lock.kind == "postgres":
        return ()
    found = []
    for each in swept.foreign:
        other = passport.of(each)
        if other is None or not other.lives:
            continue
        known_as_pid = pid in other.numbers - {each} and owner in other.users
        if known_as_pid or same_program(lock, other):
            how = f"is process {pid} there" if known_as_pid else "runs the same program"
            found.append(Holder(each, "", how))
    return tuple(found)


def _is_steady(host: Host) -> bool:
    """Whether the wall clock is known not to have been set since boot.

    systemd notes both clocks when it starts (org.freedesktop.systemd1(5)). Slewing moves both, a
    suspended machine only one: then it is not known.
    """
    if not host.systemd.booted():
        return False
    then = []
    for name in ("UserspaceTimestamp", "UserspaceTimestampMonotonic"):
        done = host.run([*_MANAGER, name], timeout=5.0)
        kind, _, microseconds = done.stdout.strip().partition(" ")
        if not done.ok or kind != "t" or not microseconds.isdigit():
            return False
        then.append(int(microseconds) / 1e6)
    now = host.clock.wall() - host.clock.monotonic()
    return abs(now - (then[0] - then[1])) < _SET


def _attached(host: Host, memory: int | None) -> int:
    """Who uses a shared memory segment: `nattch` of /proc/sysvipc/shm (proc(5))."""
    if memory is None:
        return 0
    try:
        rows: Iterable[str] = list(host.kernel.lines("/proc/sysvipc/shm"))
    except OSError:
        return 0  # A kernel without System V memory has no segment that anybody could use.
    for row in rows:
        words = row.split()
        if len(words) > 6 and words[1] == str(memory) and words[6].isdigit():
            return int(words[6])
    return 0


def _user(lock: Lock, manifest: Manifest) -> int | None:
    """The user the service runs as, where the manifest is who says that."""
    service = manifest.services.get(lock.service)
    if service is None or service.unit:
        return None
    account = users.find(service.user or manifest.appliance.name)
    return account.uid if account is not None else None


def _shape(mode: int) -> Shape:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"
