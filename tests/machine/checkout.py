"""Owns the answer to "which files are the project": what git would see of the working tree.

New and changed files count, ignored ones do not. Refuses to read what is in them.
"""

import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = "/src"
"""Where it stands in every machine, read-only."""


def files() -> list[Path]:
    """Paths relative to the repository. A file that git knows but the tree lost is left out."""
    asked = ["git", "-C", str(REPOSITORY), "ls-files", "-z", "--cached", "--others"]
    listed = subprocess.run([*asked, "--exclude-standard"], capture_output=True, check=True)
    names = {Path(name) for name in listed.stdout.decode().split("\0") if name}
    return sorted(name for name in names if os.path.lexists(REPOSITORY / name))


def copy_to(target: Path) -> None:
    """Copy the project into the empty or missing folder ``target``."""
    for name in files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target / name, follow_symlinks=False)
