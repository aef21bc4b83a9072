"""Writers that renew old files in the folders that are being purged, and miss what they lose.

Owns the writers, each a process with files of its own: replaced by rename, appended to, made,
read back and taken away. Every file is old when it is renewed, so every write is a race.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

WRITERS, FOLDERS, KEYS = 2, 20, 400
AGE = 0.5  # seconds
HERE = os.path.abspath(__file__)


@dataclass
class Race:
    writers: int = WRITERS
    written: int = 0
    lost: int = 0
    purges: int = 0
    gone: int = 0
    returned: int = 0


def race(top: Path, seconds: float) -> Race:
    from agent.host.purge import Terms, purge

    for folder in range(FOLDERS):
        (top / f"d{folder}").mkdir(parents=True)
    done = Race()
    argv = [sys.executable, "-I", "-S", HERE, str(top)]
    writers = [
        subprocess.Popen([*argv, str(who)], stdout=subprocess.PIPE, text=True)
        for who in range(WRITERS)
    ]
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = purge(fd, Terms(now=time.time(), age=AGE, folders=False), path=str(top))
            done.purges += 1
            done.gone += found.files
            done.returned += found.returned
    finally:
        os.close(fd)
        for each in writers:
            each.send_signal(signal.SIGTERM)
        for each in writers:
            written, lost = each.communicate()[0].split()
            done.written += int(written)
            done.lost += int(lost)
    return done


def write(top: str, who: str) -> None:
    """Until told to stop; prints how many writes there were and how many were lost."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    number = lost = 0
    begun = time.monotonic()
    while not stopping:
        number += 1
        name = f"{top}/d{number % FOLDERS}/{who}-{number * 7 % KEYS}"
        text = f"{who}-{number}"
        try:
            lost += not (_replaced, _appended, _spooled)[number % 3](name, text)
        except FileNotFoundError:
            lost += 1
        if number % KEYS == 0:
            # Each is renewed in the very moment in which it becomes old.
            pause = AGE - (time.monotonic() - begun) + random.uniform(-0.02, 0.02)
            time.sleep(max(0.0, pause))
            begun = time.monotonic()
    print(number, lost)


def _replaced(name: str, text: str) -> bool:
    aside = f"{name}.part"
    with open(aside, "w") as out:
        out.write(text)
    os.rename(aside, name)
    with open(name) as back:
        return back.read() == text


def _appended(name: str, text: str) -> bool:
    with open(name, "a") as out:
        out.write(text)
        out.flush()
        return os.fstat(out.fileno()).st_nlink == 1


def _spooled(name: str, text: str) -> bool:
    with open(f"{name}.new", "w") as out:
        out.write(text)
    with open(f"{name}.new") as back:
        same = back.read() == text
    os.unlink(f"{name}.new")
    return same


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2])
