"""The preloaded library: built once for its sources, and the environment that brings it in.

Owns the cache folder. Refuses to run without a C compiler.
"""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

SOURCES = ("faults.c", "record.c", "calls.c", "inherit.c")
FLAGS = ("-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror")
HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("CARETAKER_TEST_CACHE", "/var/cache/caretaker-tests"))


def build() -> Path:
    """The library's path; compiled if these sources never were."""
    total = hashlib.sha256()
    for name in ("faults.h", *SOURCES):
        total.update((HERE / name).read_bytes())
    folder = _cache()
    target = folder / f"crash-{total.hexdigest()[:16]}.so"
    if not target.exists():
        aside = folder / f".{target.name}.{os.getpid()}"
        sources = [str(HERE / name) for name in SOURCES]
        subprocess.run(["gcc", *FLAGS, "-o", str(aside), *sources, "-ldl"], check=True)
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
