"""The base disk and its tree, made before or now.

Owns finding or making them, and keeping what was made under a name that says out of what. Refuses
a base whose digest is not the one its maker wrote down.
"""

from __future__ import annotations

from pathlib import Path

from agent.errors import UsageError
from packer.golden import digests
from packer.golden.build import Build

DISK, TREE = "base.qcow2", "root.tar"


def bring(build: Build) -> str:
    """Fill in the build's base. Raises CaretakerError and OSError."""
    folder = Path(build.wanted.base)
    if not (folder / DISK).is_file():
        raise UsageError("usage", f"there is no base disk in {folder}",
                         hint=f"caretaker image base --output {folder}")  # fmt: skip
    build.base_disk, build.base_tree = (folder / DISK).resolve(), (folder / TREE).resolve()
    build.inputs["base"] = digests.of_file(build.base_tree)
    return str(folder)
