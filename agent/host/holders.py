"""Who has a file, or anything below a folder, open: one pass over /proc.

Owns the pass: descriptors, working folders, roots, programs and mappings of every process, by
inode for files and by place on the file system for folders, so that another mount namespace's
names for them do not hide a holder. Refuses to judge, and to say "nobody" for what it could not
look at: that is counted.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from agent.host.holder import Holder
from agent.host.mounts import Mount, parse_mounts
from agent.host.namespace_view import View

_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, include/linux/sched.h
_ROUNDS = 4  # looks at processes made meanwhile, which may have inherited what an ended one had
_PTRACE = 1 << 19  # CAP_SYS_PTRACE: sees through hidepid= and other users' descriptors


@dataclass(frozen=True, slots=True)
class Sought:
    """Files by (device, inode) as stat(2) has them; folders as absolute real paths.

    `devices` are the file systems of the files, as mountinfo has them; empty: not known. `home` is
    the folder that a process must be able to reach to have had to do with them; empty: any. Of
    `neighbours`, by pid, the files count and the folders don't.
    """

    files: frozenset[tuple[int, int]]
    folders: tuple[str, ...]
    devices: frozenset[tuple[int, int]]
    home: str = ""
    neighbours: frozenset[int] = frozenset()


@dataclass(slots=True)
class Sweep:
    """What was found. `unseen` counts processes that may not be looked at; `blind` says that
    there may be others that are not even listed; `foreign` are pids of other pid namespaces
    whose mounts reach `home`."""

    holders: list[Holder] = field(default_factory=list)
    unseen: int = 0
    blind: bool = False
    foreign: list[int] = field(default_factory=list)


def sweep(sought: Sought, *, but: Collection[int] = (), proc: str = "/proc") -> Sweep:
    """Look at every process `but` these. Some 0.1 ms each; OSError where there is no /proc."""
    # An init that even root may not look at is the container's or the hypervisor's, not the
    # application's: that would run as root, or as less.
    mighty = _sees_all(proc)
    found = Sweep(blind=not mighty and _hides(proc))
    views: dict[str, View] = {}
    bare, bare_views = replace(sought, folders=()), dict[str, View]()
    ours = os.readlink(f"{proc}/self/ns/pid")
    done = set(but)
    for _ in range(_ROUNDS):
        new = [pid for pid in _pids(proc) if pid not in done]
        if not new:
            break
        done.update(new)
        for pid in new:
            home = f"{proc}/{pid}"
            try:
                if os.readlink(f"{home}/ns/pid") != ours and _reaches(home, sought, views, proc):
                    found.foreign.append(pid)
                near = pid in sought.neighbours
                how = _look_at(home, bare if near else sought, bare_views if near else views, proc)
            except (FileNotFoundError, ProcessLookupError):
                continue  # It ended; what it had open went with it, or to a child.
            except PermissionError:
                found.unseen += not (_holds_nothing(home) or (pid == 1 and mighty))
                continue
            if how:
                found.holders.append(Holder(pid, _name(home), how))
    return found


def _reaches(home: str, sought: Sought, views: dict[str, View], proc: str) -> bool:
    """A container with a root of its own has never seen the lock."""
    try:
        return not sought.home or _view(home, sought, views, proc).reaches_home
    except FileNotFoundError:
        return True  # An ended main thread has no mounts to look at.


def _look_at(home: str, sought: Sought, views: dict[str, View], proc: str) -> str:
    try:
        return _look(home, sought, _view(home, sought, views, proc))
    except FileNotFoundError:
        # A main thread that ended before the others has nothing; they have it all.
        for task in os.listdir(f"{home}/task"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                thread = f"{home}/task/{task}"
                if how := _look(thread, sought, _view(thread, sought, views, proc)):
                    return how
    return ""


def _look(home: str, sought: Sought, view: View) -> str:
    """What the process has to do with it; empty: nothing. Raises OSError where it is gone."""
    for link in ("cwd", "root", "exe"):
        with contextlib.suppress(FileNotFoundError):
            place = os.readlink(f"{home}/{link}")
            if view.is_below(place):
                verb = {"cwd": "works in", "root": "has as its root"}.get(link, "runs")
                return f"{verb} {place}"
    for name in os.listdir(f"{home}/fd"):
        fd = f"{home}/fd/{name}"
        try:
            place = os.readlink(fd)
            if not place.startswith("/"):
                continue
            if view.is_below(place):
                return f"has {place} open"
            if view.may_hold(place) and _inode(os.stat(fd)) in sought.files:
                return f"has {place} open"
        except FileNotFoundError:
            continue  # Closed meanwhile.
    return _maps(home, sought, view)


def _maps(home: str, sought: Sought, view: View) -> str:
    """Files that are mapped, and may be closed since. `b7-b8 r--p 0 fd:01 1234   /x`."""
    with open(f"{home}/maps", "rb") as stream:
        text = stream.read()
    if not (view.needles and any(needle in text for needle in view.needles)) and not any(
        b" %d " % inode in text for _, inode in sought.files
    ):
        return ""
    for line in text.splitlines():
        words = line.split(None, 5)
        if len(words) < 6 or not words[5].startswith(b"/"):
            continue
        place = os.fsdecode(words[5])
        if view.is_below(place) or _mapped(words, sought):
            return f"has {place} mapped"
    return ""


def _mapped(words: Sequence[bytes], sought: Sought) -> bool:
    major, _, minor = words[3].partition(b":")
    inodes = {inode for _, inode in sought.files}
    return int(words[4]) in inodes and (int(major, 16), int(minor, 16)) in sought.devices


def _view(home: str, sought: Sought, views: dict[str, View], proc: str) -> View:
    """The process's names for what is sought: one table a mount namespace and root."""
    root = os.readlink(f"{home}/root")
    key = f"{os.readlink(f'{home}/ns/mnt')} {root}"
    if key not in views:
        ours = _mounts(f"{proc}/self")
        views[key] = View.of(
            sought.folders, sought.devices, ours, _mounts(home), root=root, home=sought.home
        )
    return views[key]


def _mounts(home: str) -> list[Mount]:
    try:
        with open(f"{home}/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
            return parse_mounts(stream)
    except OSError as error:
        if error.errno == errno.EINVAL:  # It has ended, and its mounts are gone (proc(5)).
            raise FileNotFoundError(errno.ENOENT, "it has ended", home) from error
        raise


def _holds_nothing(home: str) -> bool:
    """Kernel threads and zombies, which are nobody's to look at without rights."""
    try:
        with open(f"{home}/stat", errors="replace") as stream:
            text = stream.read()
        words = text[text.rindex(")") + 2 :].split()
        return bool(int(words[6]) & _KERNEL_THREAD) or (words[0] in "ZX" and int(words[17]) <= 1)
    except (OSError, ValueError, IndexError):
        return True  # Gone.


def _sees_all(proc: str) -> bool:
    with open(f"{proc}/self/status", errors="replace") as stream:
        effective = next((line for line in stream if line.startswith("CapEff:")), "CapEff: 0")
    return bool(int(effective.split()[1], 16) & _PTRACE)


def _hides(proc: str) -> bool:
    """Whether /proc leaves processes out (hidepid=, proc(5)), as a sandbox may have it."""
    hiding = ("hidepid=2", "hidepid=4", "hidepid=invisible", "hidepid=ptraceable")
    with open(f"{proc}/self/mountinfo", errors="replace") as stream:
        return any(
            f" {proc} " in line and any(option in line for option in hiding) for line in stream
        )


def _pids(proc: str) -> list[int]:
    return [int(name) for name in os.listdir(proc) if name.isdigit()]


def _inode(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_dev, facts.st_ino


def _name(home: str) -> str:
    try:
        with open(f"{home}/comm", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""
