"""Power cuts below a real ext4: what the kernel itself had written, flush by flush.

Owns the devices: an image behind a file that logs writes and flushes (`blocks.c`), a loop device on
it, and their end. For each flush the disk is what was written up to it, and some of what came
after, in part: ext4 replays its journal over that, and the operation recovers from what it finds.
"""

import contextlib
import random
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.crash import library, tree
from bench.crash.forks import Ended
from bench.crash.operation import Job, Tally
from bench.crash.sweep import DONE, State, Sweeper

SIZE = 48 << 20  # bytes of the file system
AFTER = 3  # disks for each flush, besides the one that holds all up to it
PROGRAM = "blocks.c"


@dataclass(frozen=True)
class Write:
    at: int
    content: bytes


def cuts(sweeper: Sweeper, home: Path, job: Job) -> Tally:
    """Cut the power of a disk on which the operation ran; at most `job.blocks` disks."""
    tally, begun = Tally(sweeper.operation.name, "ext4 power cut"), time.monotonic()
    base, writes, done = _recorded(sweeper, home)
    dice = random.Random(4)
    disks = list(_disks(writes, dice))
    step = max(1, -(-len(disks) // job.blocks))
    for moment, some in disks[::step]:
        image = home / "image"
        shutil.copyfile(base, image)
        with image.open("r+b") as stream:
            for write in some:
                stream.seek(write.at)
                stream.write(write.content)
        with _mounted(image, home / "look"):
            found = tree.without(tree.read(home / "look"), ("lost+found", "run"))
        sweeper.put(State(found))
        tally.scenarios += 1
        ended = Ended(DONE, 0) if moment > done else Ended(b"", -9)
        tally.violations += [
            f"power cut of ext4 after write {moment} of {len(writes)}: {each}"
            for each in sweeper.judged(ended, booting=True)
        ]
    tally.seconds = time.monotonic() - begun
    return tally


def _disks(writes: list[Write | None], dice: random.Random) -> Iterator[tuple[int, list[Write]]]:
    flushes = [place for place, one in enumerate(writes) if one is None]
    for place, after in zip(flushes, [*flushes[1:], len(writes)], strict=True):
        sure = [one for one in writes[:place] if one is not None]
        unsure = [one for one in writes[place:after] if one is not None]
        yield place, sure
        for _ in range(AFTER if unsure else 0):
            yield place, sure + [one for one in unsure if dice.random() < 0.5]


def _recorded(sweeper: Sweeper, home: Path) -> tuple[Path, list[Write | None], int]:
    """The image before, every write and flush (None), and how many there were at the end."""
    base, backing, notes = home / "base", home / "backing", home / "writes"
    with base.open("wb") as stream:
        stream.truncate(SIZE)
    _call("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(base))
    sweeper.put(sweeper.before)
    with _mounted(base, home / "look"):
        _call("cp", "--archive", f"{sweeper.root}/.", str(home / "look"))
    shutil.copyfile(base, backing)
    with _logged(backing, notes, home / "fuse") as disk, _mounted(disk, sweeper.root):
        ended = sweeper.struck("none", 0)
        if ended.said != DONE:
            raise RuntimeError(f"on ext4: {ended.said.decode()}")
        done = len(_read(notes))
    return base, _read(notes), done


@contextmanager
def _logged(backing: Path, notes: Path, where: Path) -> Iterator[Path]:
    where.mkdir()
    program = [str(library.build_program(PROGRAM, "fuse3")), str(backing), str(notes), str(where)]
    server = subprocess.Popen(program)
    try:
        deadline = time.monotonic() + 10
        while not (where / "disk").exists():
            if time.monotonic() > deadline or server.poll() is not None:
                raise RuntimeError("the logging disk did not come up")
            time.sleep(0.02)
        yield where / "disk"
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(where)], check=False)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()
        server.wait()


@contextmanager
def _mounted(image: Path, where: Path) -> Iterator[None]:
    where.mkdir(exist_ok=True)
    with ExitStack() as undo:
        loop = _call("losetup", "--find", "--show", str(image)).strip()
        undo.callback(_call, "losetup", "--detach", loop)
        _call("mount", "-t", "ext4", loop, str(where))
        undo.callback(_call, "umount", str(where))
        yield


def _call(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{argv}: {done.stderr}")
    return done.stdout


def _read(notes: Path) -> list[Write | None]:
    raw, at, found = notes.read_bytes(), 0, list[Write | None]()
    while at < len(raw):
        place, size = struct.unpack_from("2Q", raw, at)
        found.append(Write(place, raw[at + 16 : at + 16 + size]) if size else None)
        at += 16 + size
    return found
