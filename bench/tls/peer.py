"""Debian's make-ssl-cert, killed as soon as it changes a file, and run again as a package would.

Most of its run it looks for prime numbers; a kill then hurts nobody. So each kill waits for the
first change of key or certificate, and comes a little later than the one before.
It runs in a mount namespace where /etc/ssl is a folder of ours, so the machine's own pair is left
alone. Needs root.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.tls import reading

TOOL = "/usr/sbin/make-ssl-cert"
MAKE = ("generate-default-snakeoil", "--force-overwrite")
_STEP = 0.0002  # seconds that each kill comes later after the first change
AGAIN = ("generate-default-snakeoil",)


@dataclass
class Found:
    """`bad`: kills that left no pair that matches; `stuck`: its next run took that for good."""

    killed: int = 0
    bad: int = 0
    stuck: int = 0


def available() -> bool:
    return os.geteuid() == 0 and Path(TOOL).exists()


def sweep(folder: Path, count: int, told: Callable[[str], None]) -> Found:
    ssl, start, found = folder / "ssl", folder / "start", Found()
    for part in ("certs", "private"):
        (ssl / part).mkdir(parents=True)
    subprocess.run(_argv(ssl, MAKE), check=True, capture_output=True, timeout=60)
    shutil.copytree(ssl, start, symlinks=True)
    for number in range(count):
        shutil.rmtree(ssl)
        shutil.copytree(start, ssl, symlinks=True)
        if not _killed(_argv(ssl, MAKE), ssl, number * _STEP):
            continue
        found.killed += 1
        if not _good(ssl):
            found.bad += 1
            subprocess.run(_argv(ssl, AGAIN), capture_output=True, timeout=60)
            found.stuck += not _good(ssl)
        told(f"make-ssl-cert: {number + 1} of {count} kills")
    return found


def _argv(ssl: Path, words: tuple[str, ...]) -> list[str]:
    script = 'mount --bind "$1" /etc/ssl && shift && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", str(ssl), TOOL, *words]


def _killed(argv: list[str], ssl: Path, delay: float) -> bool:
    before = _versions(ssl)
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)  # fmt: skip
    while child.poll() is None and _versions(ssl) == before:
        pass
    time.sleep(delay)
    killed = child.poll() is None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return killed


def _versions(ssl: Path) -> list[tuple[int, int, int]]:
    found = []
    for name in ("private/ssl-cert-snakeoil.key", "certs/ssl-cert-snakeoil.pem"):
        with contextlib.suppress(FileNotFoundError):
            facts = (ssl / name).stat()
            found.append((facts.st_ino, facts.st_size, facts.st_mtime_ns))
    return found


def _good(ssl: Path) -> bool:
    try:
        key = reading.key_in((ssl / "private/ssl-cert-snakeoil.key").read_bytes())
        (leaf,) = reading.certificates_in((ssl / "certs/ssl-cert-snakeoil.pem").read_bytes())
        return reading.belong_together(key, leaf)
    except (OSError, *reading.UNPARSED):
        return False
