"""Whether a lock is held, free or left over: the rules, and the reason in words.

Owns the judgement. Pure: evidence in, verdict out. Every doubt ends in `Unknown`, since a lock
that is put aside under its holder's feet makes two owners, and one left standing only a service
that is down already.

`Stale` takes all of these: a regular file with one name on a local file system; its service down
and its control group empty; nobody with the file, or what it guards, open; no process of another
pid namespace that could be the holder; every process seen; and the one proof that goes with the
kind (`identity` for a number, age for a file that only exists).
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.locks import content
from agent.locks.evidence import Evidence, LockFile
from agent.locks.identity import Doubt, Proof, another_process, before_this_boot, plausible
from agent.manifest.upkeep import Lock

# File systems of this machine alone. Of all others (NFS, CIFS, FUSE, 9p, Ceph, GFS2, …) another
# machine may hold the lock, with a number from its own table.
LOCAL = frozenset(
    (
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "zfs", "bcachefs"),
        *("tmpfs", "ramfs", "overlay"),
    )
)
BEING_WRITTEN = 60.0  # seconds in which a file without a number may only be young
_RUNS = ("active", "starting", "stopping")
_KERNEL_KINDS = ("flock", "fcntl")


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody holds it."""

    reason: str
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Free:
    """Nobody holds it, and it is in nobody's way."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stale:
    """Nobody holds it, and it keeps the next holder out. `word` is the reason in a file's name."""

    reason: str
    word: str
    code: str = "lock-stale"


@dataclass(frozen=True, slots=True)
class Unknown:
    """It can't be told; a person must. `code` is a finding's."""

    reason: str
    code: str = "lock-doubtful"


Verdict = Held | Free | Stale | Unknown


def judge(lock: Lock, seen: Evidence) -> Verdict:
    """The verdict on what was seen of a lock that is there."""
    if seen.kernel:
        holder = seen.kernel[0]
        return Held(str(holder), holder.pid)
    if lock.kind in _KERNEL_KINDS:
        # The kernel gave it back with its last holder; the file is only the place where it hangs.
        return Free("nobody holds it; the file itself is in nobody's way")
    if (refusal := _unfit(seen.file, seen.file_system)) is not None:
        return refusal
    if seen.service in _RUNS:
        return Held(f"its service is {seen.service}")
    return _witnesses(seen) or _by_kind(lock, seen)


def _unfit(file: LockFile, file_system: str) -> Unknown | None:
    """A thing at the path that no rule here speaks of."""
    if file.shape != "file":
        what = {"folder": "a folder", "link": "a symbolic link"}.get(file.shape, "no regular file")
        return Unknown(f"it is {what}", "lock-unreadable")
    if file.content is None:
        return Unknown("it is larger than any lock file", "lock-unreadable")
    if file.names != 1:
        # Some programs lock by link(2): the other name is their claim.
        return Unknown(f"the file has {file.names} names, so another may be in use")
    if file_system not in LOCAL:
        kind = file_system or "an unknown file system"
        return Unknown(f"it stands on {kind}, where another machine may hold it")
    return None


def _witnesses(seen: Evidence) -> Verdict | None:
    """Somebody who may hold it, whatever its content says."""
    if seen.members:
        pids = ", ".join(map(str, seen.members[:5]))
        return Unknown(f"its service is {seen.service}, yet processes of it run: {pids}")
    if seen.openers:
        return Held(str(seen.openers[0]), seen.openers[0].pid)
    if seen.strangers:
        return Unknown(f"{seen.strangers[0]}, in another pid namespace")
    if seen.attached:
        return Held(f"{seen.attached} processes use the shared memory of its server")
    if seen.unseen or seen.blind:
        many = f"{seen.unseen} processes" if seen.unseen else "processes"
        return Unknown(f"{many} may not be looked at, and one of them may hold it")
    return None


def _by_kind(lock: Lock, seen: Evidence) -> Verdict:
    if lock.kind == "exists":
        return _by_age(lock, seen)
    bytes_ = seen.file.content or b""
    named = named_in(lock, bytes_)
    if named is None:
        return _without_number(bytes_, seen)
    proof = another_process(lock, named, seen)
    if isinstance(proof, Proof):
        return Stale(proof.reason, proof.word)
    if isinstance(proof, Doubt):
        return Unknown(proof.reason)
    return Held(f"process {named.pid} lives", named.pid)


def named_in(lock: Lock, bytes_: bytes) -> content.Named | None:
    """The holder that the file names; None where it names none, or holds no number by its kind."""
    if lock.kind == "postgres":
        return content.read_postmaster(bytes_)
    pid = content.read_pid(bytes_) if lock.kind == "pidfile" else None
    return content.Named(pid) if pid is not None else None


def _without_number(bytes_: bytes, seen: Evidence) -> Verdict:
    past = before_this_boot(seen)
    if past:
        return Stale("it names no process and was written before this boot", "boot", "lock-garbled")
    age = seen.wall - max(seen.file.written, seen.file.changed)
    if not content.is_blank(bytes_):
        # `{"pid": 7}` may be somebody's own way to say who holds it.
        return Unknown("it does not begin with the number of a process", "lock-garbled")
    if age <= BEING_WRITTEN:
        return Held("it is empty and young: somebody may be writing it")
    return Stale("it is empty, and nobody is writing it", "empty", "lock-garbled")


def _by_age(lock: Lock, seen: Evidence) -> Verdict:
    last = max(seen.file.written, seen.file.changed)
    if not plausible(last, seen):
        return Unknown("its time can't be right, so its age proves nothing")
    age = seen.wall - last
    if age <= lock.older_than:
        return Held(f"it is {age:.0f} s old; up to {lock.older_than} somebody may hold it")
    if before_this_boot(seen):
        return Stale("it was made before this boot", "boot")
    return Stale(f"it is {age:.0f} s old and its service is down", "age")
