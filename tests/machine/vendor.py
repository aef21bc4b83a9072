"""A vendor's own folder: keys, and the signed bundles it makes, all by the real commands.

Owns what every vendor does, whatever the appliance. Refuses to put a version together: that is
each appliance's own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from bench.setup.arena import copy_tool

CREATED = "2026-11-01T00:00:00Z"


class Vendor:
    """One vendor's folder. `build` makes a bundle of a folder that a test may have changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys, self._passphrase = folder / "keys", folder / "passphrase"
        folder.mkdir(parents=True, exist_ok=True)
        self._passphrase.write_text("not for sale\n")
        said = str(self._passphrase)
        caretaker("release", "keys", "init", str(self.keys),
                  "--passphrase-file", said, "--root-passphrase-file", said)  # fmt: skip

    def give_root(self, folder: Path) -> Path:
        """A version's folder with the keys to trust beside it: an image is set up from it."""
        shutil.copy(self.keys / "root.json", folder / "root.json")
        return folder

    def build(self, folder: Path, *, version: str = "") -> Path:
        """The signed bundle of a folder."""
        bundle = self.folder / f"{folder.name}.bundle"
        words = ["--version", version] if version else []
        caretaker("release", "build", str(folder), "--output", str(bundle), "--keys",
                  str(self.keys), "--passphrase-file", str(self._passphrase),
                  "--created", CREATED, *words)  # fmt: skip
        return bundle

    def image(self, name: str, folder: Path, appliance: str) -> Path:
        """What an image of a version has: the tool, and the vendor's folder of that name."""
        shutil.copytree(self.folder / name, folder / appliance)
        copy_tool(folder / "checkout")
        return folder


def caretaker(*words: str) -> str:
    """The command on the vendor's machine."""
    argv = [sys.executable, "-I", "-m", "agent", *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}")
    return done.stdout
