"""File systems of each kind, in files behind loop devices; and data to put on them.

Owns making both and taking them away, whatever happens in between.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

KINDS = {
    "btrfs": ["mkfs.btrfs", "-q"],
    "xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"],
    "ext4": ["mkfs.ext4", "-q"],
}
_SMALL = 4000  # bytes of a small file, on average
_LARGE = 64 << 20


@contextmanager
def disk(kind: str, scratch: Path, size: int) -> Iterator[Path]:
    """A fresh one, mounted; unmounted and gone afterwards."""
    image, point = scratch / f"{kind}.image", scratch / kind
    point.mkdir()
    subprocess.run(["truncate", "-s", str(size), image], check=True)
    subprocess.run([*KINDS[kind], image], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop,noatime", image, point], check=True)
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)
        image.unlink()
        point.rmdir()


def fill(top: Path, total: int) -> int:
    """Data of about `total` bytes: a tenth in small files, a tenth in SQLite, the rest in large
    files. How many files it is."""
    dice = random.Random(1)
    small = total // 10 // _SMALL
    for number in range(small):
        folder = top / f"small/{number // 500}"
        if number % 500 == 0:
            folder.mkdir(parents=True)
        (folder / str(number)).write_bytes(dice.randbytes(dice.randrange(200, 2 * _SMALL - 200)))
    with closing(sqlite3.connect(top / "app.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text BLOB)")
        rows = ((dice.randbytes(1000),) for _ in range(total // 10 // 1000))
        database.executemany("INSERT INTO rows (text) VALUES (?)", rows)
        database.commit()
    block = dice.randbytes(1 << 20)
    large = max(1, total * 8 // 10 // _LARGE)
    for number in range(large):
        with (top / f"large-{number}").open("wb") as stream:
            for _ in range(_LARGE >> 20):
                stream.write(block)
    return small + large + 1
