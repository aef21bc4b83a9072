"""The root file system: a folder made into an ext4 image, the same bytes each time.

Owns mke2fs with fixed ids and the times that it takes from the build machine. Refuses root mounts
and loop devices: the folder is read, the image is a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.errors import MachineError
from agent.host import disk_file
from agent.host.machine import Host
from packer.disk.system import is_plain
from packer.program import program

Owner = tuple[str, int, int]  # path in the tree, uid, gid

# GRUB 2.06 reads neither metadata_csum_seed nor orphan_file, which newer tools turn on.
_FEATURES = "^metadata_csum_seed,^orphan_file"
_RESERVED = range(3, 11)  # inodes without times of their own (but resize 7, journal 8)


def make(
    host: Host, tree: Path, path: Path, size: int, *, id_: str, hash_seed: str, epoch: int,
    owners: Iterable[Owner] = (),
) -> None:  # fmt: skip
    """Make the image of `size` bytes from the folder. Raises MachineError, FileFailure.

    `owners` is for whoever is not root, and so could not give the folder's files away.
    """
    with disk_file.fresh(path, size):
        pass
    env = {"E2FSPROGS_FAKE_TIME": str(epoch), "SOURCE_DATE_EPOCH": str(epoch)}
    extended = f"hash_seed={hash_seed},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0"
    argv = ("mke2fs", "-q", "-F", "-t", "ext4", "-L", "root", "-U", id_, "-E", extended,
            "-O", _FEATURES, "-d", str(tree), str(path))  # fmt: skip
    program(host, argv, timeout=300, env=env)
    same_times(host, path, epoch, owners)


def same_times(host: Host, path: Path, epoch: int, owners: Iterable[Owner] = ()) -> None:
    """Give every inode in use one time of change and access, and the owners that are told.

    mke2fs -d copies those of the folder, which nobody can set (e2fsprogs before 1.47.1).
    """
    facts = program(host, ("dumpe2fs", str(path)), timeout=120)
    if facts.truncated:
        raise MachineError("build-failed", f"dumpe2fs {path} says more than is read",
                           hint="make `root` smaller in the system's file")  # fmt: skip
    script = "".join([*_given(owners), *_commands(facts.stdout, epoch)]).encode()
    env = {"E2FSPROGS_FAKE_TIME": str(epoch)}
    argv = ("debugfs", "-w", "-f", "-", str(path))
    done = program(host, argv, timeout=300, stdin=script, env=env)
    # It goes on after a command that failed, and ends well.
    complaints = [line for line in done.stderr.splitlines() if not line.startswith("debugfs 1.")]
    if complaints:
        raise MachineError("build-failed", f"debugfs {path}: {complaints[0][:200]}")


def _given(owners: Iterable[Owner]) -> Iterator[str]:
    for path, uid, gid in owners:
        if (not is_plain(path) and path != "/") or '"' in path:
            raise MachineError("build-failed", f"{path[:80]!r} is no name that debugfs takes")
        yield f'sif "{path}" uid {uid}\nsif "{path}" gid {gid}\n'


def _commands(facts: str, epoch: int) -> Iterator[str]:
    for inode in in_use(facts):
        if inode in _RESERVED and inode not in (7, 8):
            continue
        if inode == 1:
            continue
        for name, value in (("ctime", f"@{epoch}"), ("atime", f"@{epoch}"),
                            ("ctime_extra", "0"), ("atime_extra", "0")):  # fmt: skip
            yield f"sif <{inode}> {name} {value}\n"


def in_use(facts: str) -> Iterator[int]:
    """The numbers of the inodes that dumpe2fs does not call free."""
    total = re.search(r"^Inode count:\s+(\d+)$", facts, re.MULTILINE)
    if total is None:
        raise MachineError("build-failed", "dumpe2fs did not say how many inodes there are")
    free = sorted(
        (int(first), int(last or first))
        for line in re.findall(r"^  Free inodes: ?(.*)$", facts, re.MULTILINE)
        for first, _, last in (part.strip().partition("-") for part in line.split(","))
        if first
    )
    at = 1
    for first, last in [*free, (int(total[1]) + 1, 0)]:
        yield from range(at, first)
        at = last + 1
