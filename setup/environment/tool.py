"""The tool itself: the part of a checkout that is installed, under a name made of its content.

Owns which files that is, their digest, and putting them at `/opt/caretaker/tools/<digest>` with
`/opt/caretaker/tool` pointing there. Installed and checkout have the same shape, so setup.sh runs
from either. Refuses libraries (`libraries.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from agent.host import files, spawn, staging, trees
from agent.version import version_in

PARTS = ("agent", "packer", "setup", "support", "systemd", "requirements")
PROJECT = "pyproject.toml"
_LEFT_OUT = ("__pycache__", ".part", ".pyc", "~", ".swp")


@dataclass(frozen=True, slots=True)
class Tool:
    """A tree that setup.sh stands in, and the home it is installed to."""

    source: Path
    home: Path

    @property
    def link(self) -> Path:
        return self.home / "tool"

    @property
    def installed(self) -> Path:
        """What the link names; itself where there is no link yet."""
        return self.link.resolve()

    def chosen(self) -> dict[str, Path]:
        """Path below the tool -> file, in the order of names. OSError."""
        found = {}
        for part in PARTS:
            top = self.source / part
            if not top.is_dir():
                continue
            for leaf in trees.walk(top):
                name = f"{part}/{leaf.relative}"
                if leaf.is_file and not _left_out(name):
                    found[name] = top / leaf.relative
        found[PROJECT] = self.source / PROJECT
        return found

    def digest(self) -> str:
        """Twelve hex digits over names and contents. OSError."""
        total = hashlib.sha256()
        for name, path in self.chosen().items():
            total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
        return total.hexdigest()[:12]

    def need(self) -> str:
        """Why it must be put in place; empty where it stands. OSError."""
        if not self.installed.is_dir() or not self.link.is_symlink():
            return "it is not there yet"
        if self.installed == self.source.resolve():
            return ""
        return "" if self.installed.name == self.digest() else "this is another version"

    def install(self, python: Path) -> Path:
        """Stage, compile with the environment's own Python, and flip the link. FileFailure."""
        target = self.home / "tools" / self.digest()
        if not target.is_dir():
            staging.stage_files(
                self.chosen(), target, before_rename=lambda aside: self._complete(aside, python)
            )
        files.replace_link(self.link, f"tools/{target.name}")
        return target

    def tidy(self, *, keep: Path | None) -> None:
        """Remove versions that neither the link nor `keep` names. FileFailure."""
        tidy(self.home / "tools", {self.installed, *([keep] if keep else [])})

    def _complete(self, aside: Path, python: Path) -> None:
        version = version_in(self.source)
        about = aside / f"caretaker-{version}.dist-info"
        files.ensure_folder(about)
        files.replace(
            about / "METADATA",
            f"Metadata-Version: 2.1\nName: caretaker\nVersion: {version}\n".encode(),
        )
        # The daemon runs in a sandbox that can't write; compiled here, it starts quicker. The
        # path is the one it is imported by, so that tracebacks name a file that exists.
        argv = [str(python), "-I", "-m", "compileall", "-q", "-s", str(aside), "-p",
                str(self.link), str(aside)]  # fmt: skip
        spawn.run(argv, timeout=300)


def tidy(folder: Path, keep: set[Path]) -> None:
    """Remove what is in a folder but for `keep`. FileFailure."""
    for each in sorted(folder.iterdir()) if folder.is_dir() else []:
        if each.resolve() not in keep:
            trees.remove(each)


def _left_out(name: str) -> bool:
    return any(word in name if word.startswith("_") else name.endswith(word) for word in _LEFT_OUT)
