"""The preloaded library: built once for its sources, and the environment that brings it in.

Owns the cache folder. Refuses to run without a C compiler.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

SOURCES = ("faults.c", "record.c", "calls.c", "inherit.c")
FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror")
HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("CARETAKER_TEST_CACHE", "/var/cache/caretaker-tests"))


def build() -> Path:
    """The library's path; compiled if these sources never were."""
    flags = (*FLAGS, "-fPIC", "-shared", "-fvisibility=hidden")
    return _built("crash", (*SOURCES, "faults.h"), flags, ("-ldl",))


def build_program(source: str, *packages: str) -> Path:
    """A program of one source, with libraries that pkg-config knows."""
    asked = ["pkg-config", "--cflags", "--libs", *packages]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    return _built(source, (source,), FLAGS, tuple(told))


def _built(name: str, used: Sequence[str], flags: Sequence[str], more: Sequence[str]) -> Path:
    total = hashlib.sha256()
    for each in used:
        total.update((HERE / each).read_bytes())
    target = _cache() / f"{name}-{total.hexdigest()[:16]}"
    if not target.exists():
        aside = target.with_name(f".{target.name}.{os.getpid()}")
        sources = [str(HERE / each) for each in used if each.endswith(".c")]
        subprocess.run(["gcc", *flags, "-o", str(aside), *sources, *more], check=True)
        aside.rename(target)
    return target


def _cache() -> Path:
    """Where another user's processes can load it from too."""
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"caretaker-crash-{os.getuid()}"
        folder.mkdir(mode=0o755, exist_ok=True)
        return folder
    return CACHE


def environment(shared: Path) -> dict[str, str]:
    """What a process needs in its environment to be counted, children and all."""
    return {
        **os.environ,
        "LD_PRELOAD": str(build()),
        "CRASH_SHARED": str(shared),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }
