"""Contenders for one pid file, in the usual way; run as a program of its own.

    python -I -S contender.py FOLDER RACES DIE

Forks until RACES of its children have had the lock. Each child makes the file with O_EXCL, writes
its number, holds for a moment and unlinks it; DIE of 100 are killed with it in their hands, one in
five of those before the number is written. A file that is there is waited for, never taken away:
that is the remedy's part. Prints what the children met, as JSON.

`witness` is what tells: a flock that the kernel gives to one at a time and takes back at death.
Whoever has the pid file and does not get it stands beside another owner.
"""

import fcntl
import json
import os
import signal
import sys
import time

RELEASED, LOST, DOUBLE, MISSING = 0, 1, 2, 3
AT_ONCE = 3
PATIENCE = 2.0  # seconds a child waits for the lock


def child(folder: str, die: int) -> int:
    path = f"{folder}/db.pid"
    chance = os.urandom(4)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
            break
        except FileExistsError:
            if time.monotonic() > deadline:
                return LOST
            time.sleep(0.00005)
    dies = chance[0] % 100 < die
    if dies and chance[1] % 5 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    os.write(fd, b"%d\n" % os.getpid())
    os.close(fd)
    witness = os.open(f"{folder}/witness", os.O_RDWR)
    try:
        fcntl.flock(witness, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os._exit(DOUBLE)
    for _ in range(chance[2] % 3):
        time.sleep(0.00005)
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(witness)
    try:
        os.unlink(path)
    except FileNotFoundError:
        return MISSING
    return RELEASED


def main() -> None:
    folder, races, die = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    met = {"released": 0, "lost": 0, "double": 0, "missing": 0, "died": 0}
    words = {RELEASED: "released", LOST: "lost", DOUBLE: "double", MISSING: "missing"}
    running = 0
    while met["released"] + met["died"] + met["double"] + met["missing"] < races or running:
        had = met["released"] + met["died"] + met["double"] + met["missing"]
        while running < AT_ONCE and had + running < races:
            if os.fork() == 0:
                os._exit(child(folder, die))
            running += 1
        _, status = os.wait()
        running -= 1
        code = os.waitstatus_to_exitcode(status)
        met["died" if code < 0 else words[code]] += 1
    print(json.dumps(met))


if __name__ == "__main__":
    main()
