"""Owns the wheels that machines without a network install from, and the tool's ready environment.

Locked wheels are fetched once for a lock file and a Python version and kept beside the roots; our
own wheel is built from the working tree each time. Refuses packages whose hash is not locked.

    python -m tests.machine.wheelhouse        fetch and build what is kept, print the paths
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.machine import checkout
from tests.machine.rootfs import WEEK_SECONDS, cache_folder, locked

REQUIREMENTS = checkout.REPOSITORY / "requirements"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64")
BOOKWORM_PYTHON = Path("/usr/bin/python3.11")

START_TOOL = """\
#!/bin/sh
# Finds its interpreter beside itself, so the environment may be bound at any path.
exec "$(dirname "$(readlink -f "$0")")/python" -I -m agent "$@"
"""


class WheelError(Exception):
    """Wheels could not be fetched or built; the message carries pip's last lines."""


def locked_wheels(python: str = "3.11") -> Path:
    """A folder with every locked runtime wheel for the Python version.

    For 3.11 a wheel of systemd-python is among them, compiled here (its index has the source
    only): its hash is therefore not in the lock.
    """
    return _kept(f"wheels-{python}", lambda part: _fetch(python, part))


def build_ours(folder: Path) -> Path:
    """Build our wheel from a copy of the working tree, since a build litters its source."""
    with tempfile.TemporaryDirectory(prefix="caretaker-wheel-") as scratch:
        checkout.copy_to(Path(scratch))
        _pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", scratch)
    return next(folder.glob("caretaker-*.whl"))


def tool_environment(source: str) -> Path:
    """A virtual environment for bookworm with the locked packages and no copy of ours.

    ``source`` is where the checkout stands in the machine: ``bin/caretaker`` runs from there.
    """
    return _kept("tool", lambda part: _make_tool(part, source))


def _fetch(python: str, part: Path) -> None:
    fetching = ["download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    fetching += [f"--platform={platform}" for platform in PLATFORMS]
    fetching += [f"--python-version={python}", f"--dest={part}"]
    _pip(*fetching, f"--requirement={REQUIREMENTS / 'runtime.lock'}")
    if python == "3.11":
        compiling = ["wheel", "--no-deps", "--require-hashes", f"--wheel-dir={part}"]
        _pip(*compiling, f"--requirement={REQUIREMENTS / 'systemd.lock'}")


def _make_tool(part: Path, source: str) -> None:
    if not BOOKWORM_PYTHON.exists():
        raise WheelError(f"{BOOKWORM_PYTHON} is needed: the machines run bookworm's Python")
    _run(str(BOOKWORM_PYTHON), "-m", "venv", "--without-pip", str(part))
    wheels = locked_wheels()
    installing = ["--python", str(part / "bin/python"), "install", "--no-deps", "--no-index"]
    _pip(*installing, *(str(wheel) for wheel in sorted(wheels.glob("*.whl"))))
    site = part / "lib/python3.11/site-packages"
    (site / "caretaker-checkout.pth").write_text(f"{source}\n")
    (part / "bin/caretaker").write_text(START_TOOL)
    (part / "bin/caretaker").chmod(0o755)


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    target = cache_folder() / f"{name}-{_lock_key()}"
    cache_folder().mkdir(parents=True, exist_ok=True)
    with locked(cache_folder() / f"{name}.lock"):
        if not target.is_dir():
            part = target.with_name(target.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(target)
            for old in cache_folder().glob(f"{name}-*"):
                if time.time() - old.stat().st_mtime > WEEK_SECONDS:
                    shutil.rmtree(old, ignore_errors=True)
    return target


def _lock_key() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in ("runtime.lock", "systemd.lock"):
        digest.update((REQUIREMENTS / name).read_bytes())
    return digest.hexdigest()[:12]


def _pip(*arguments: str) -> None:
    _run(sys.executable, "-m", "pip", "--quiet", *arguments)


def _run(*argv: str) -> None:
    ended = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    if ended.returncode != 0:
        tail = "\n".join(ended.stdout.splitlines()[-15:])
        raise WheelError(f"{' '.join(argv[:6])} … ended with {ended.returncode}:\n{tail}")


def main() -> int:
    try:
        print(locked_wheels(), tool_environment(checkout.SOURCE), sep="\n")
    except WheelError as error:
        print(f"wheelhouse: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
