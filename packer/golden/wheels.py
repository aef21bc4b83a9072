"""The wheels that the image's libraries are made of: a folder, or fetched by their locked hashes.

Owns fetching them for the image's own Python and processor, once, and keeping them for the next
build. Refuses packages whose hash is not locked, and to build one from source.
"""

from __future__ import annotations

import re
import shlex
import sys
import tarfile
from pathlib import Path

from agent.errors import MachineError, UsageError
from agent.host import files, trees
from agent.host.pip import pip_environment, pip_wheel
from packer.golden import digests
from packer.golden.build import SOURCE, Build

LOCK = SOURCE / "requirements/runtime.lock"
_PATIENCE = 900.0  # seconds
_PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64"}
# The oldest C library of a system here is RHEL 9's 2.34 (PEP 600).
_PLATFORMS = ("manylinux_2_28", "manylinux2014", "manylinux_2_17")
_PYTHON = re.compile(r"(?:\./)?usr/bin/python3")
_VERSION = re.compile(r"python(3\.\d+)")


def bring(build: Build) -> Path:
    """Where they are. Raises CaretakerError, FileFailure, OSError."""
    asked = build.wanted.wheelhouse
    for folder in (Path(asked) if asked else None, SOURCE / "wheelhouse"):
        if folder is not None and any(folder.glob("*.whl")):
            return folder
    if asked:
        argv = ["python3", "-m", "pip", *_words(), "-d", asked]
        raise UsageError("usage", f"there are no wheels in {asked}", hint=shlex.join(argv))
    words = [build.inputs["base"], build.wanted.architecture, digests.of_file(LOCK)]
    kept = build.places.cache / f"wheels-{digests.of_words(words)[:20]}"
    if not kept.is_dir():
        _fetch(build, kept)
    return kept


def _fetch(build: Build, target: Path) -> None:
    """All of them, or no folder."""
    pip = pip_wheel()
    if pip is None:
        raise MachineError("command-missing", "this Python has no pip to fetch wheels with",
                           hint="sudo apt-get install python3-venv")  # fmt: skip
    part = target.with_name(f"{target.name}.part")
    trees.remove(part)
    files.ensure_folder(part)
    build.told.note("fetching the libraries, each by its locked hash")
    argv = [sys.executable, f"{pip}/pip", *_words(), *_tags(build), "-d", str(part)]
    done = build.host.run(argv, timeout=_PATIENCE, env=pip_environment())
    if not done.ok:
        trees.remove(part)
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or [done.reason]
        message = f"the libraries could not be fetched: {lines[-1][:300]}"
        hint = "see whether the network is there, or bring wheels: --wheelhouse WHEELS"
        raise MachineError("build-failed", message, hint=hint)
    files.rename(part, target)


def _words() -> list[str]:
    return ["download", "--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes",
            "--no-deps", "--only-binary=:all:", "-r", str(LOCK)]  # fmt: skip


def _tags(build: Build) -> list[str]:
    """Always said, though they are often this machine's own."""
    processor = _PROCESSORS[build.wanted.architecture]
    platforms = [f"--platform={each}_{processor}" for each in _PLATFORMS]
    return [f"--python-version={python_of(build.base_tree)}", *platforms]


def python_of(tree: Path) -> str:
    """Which Python the base disk brings: "3.11". Raises MachineError."""
    with tarfile.open(tree) as source:
        for entry in source:
            if _PYTHON.fullmatch(entry.name) and (found := _VERSION.search(entry.linkname)):
                return found[1]
    raise MachineError("build-failed", f"there is no /usr/bin/python3 in {tree.name}",
                       hint="name it among the packages of the system")  # fmt: skip
