"""The libraries: a virtual environment that holds what the lock file names, and nothing else.

Owns `/opt/caretaker/environments/<key>` and the link `venv` to the one in use. It is built where
it will stand (virtual environments can't be moved) and counts only once its record is in it, the
last thing written. Refuses packages whose hash is not locked.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import files, spawn, trees
from agent.host.pip import pip_environment, pip_wheel

RECORD = "caretaker.json"  # inside an environment that is complete
TOOL_PATH = "caretaker-tool.pth"
BUILD_TIMEOUT = 900.0  # seconds


@dataclass(frozen=True, slots=True)
class Libraries:
    """The environment for one lock file and one Python, below `home`."""

    home: Path
    lock: Path
    variant: str = ""  # what else makes it another environment: the mode

    @property
    def link(self) -> Path:
        return self.home / "venv"

    @property
    def python(self) -> Path:
        return self.link / "bin/python"

    @property
    def key(self) -> str:
        facts = [self.lock.read_text(), sys.version.split()[0].rpartition(".")[0], self.variant]
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:12]

    @property
    def target(self) -> Path:
        return self.home / "environments" / self.key

    @property
    def packages(self) -> Path:
        """Where this Python keeps packages inside the environment."""
        return _packages(self.target)

    def count(self) -> int:
        return sum(1 for line in self.lock.read_text().splitlines() if "==" in line)

    def need(self) -> str:
        """Why it must be built; empty where it stands undamaged. OSError."""
        if not self.link.is_symlink():
            return "it is not there yet"
        if self.link.resolve() != self.target.resolve():
            return "libraries or Python changed"
        try:
            record = json.loads(files.read_bytes(self.target / RECORD))
        except (FileNotFoundError, ValueError):
            return "an earlier run was interrupted"
        # A distribution upgrade takes the Python away that the environment links to.
        if not os.access(self.target / "bin/python", os.X_OK):
            return "its Python is gone"
        return "" if record["content"] == _content(self.packages) else "files in it changed"

    def build(self, wheelhouse: Path | None, *, offline: bool) -> None:
        """Make the virtual environment and fill it. Raises MachineError and FileFailure."""
        pip = pip_wheel()
        if pip is None:
            raise MachineError("command-missing", "this Python has no pip to build with")
        trees.remove(self.target)
        files.ensure_folder(self.target.parent)
        _run([sys.executable, "-I", "-m", "venv", "--without-pip", str(self.target)], "venv")
        # pip runs from its wheel and is not part of the environment: nothing on the appliance
        # needs it later.
        install = [str(self.target / "bin/python"), f"{pip}/pip", "install", *self._words()]
        if wheelhouse is not None:
            local = ["--no-index", f"--find-links={wheelhouse}"]
            done = spawn.run([*install, *local], timeout=BUILD_TIMEOUT, env=pip_environment())
            if done.ok:
                return
            if offline:
                raise _failed("pip", done, f"ls {wheelhouse}")
        _run(install, "pip")

    def complete(self, *, binding: str) -> None:
        """Write the record that makes it count, and put it in use. FileFailure."""
        # A .pth line and not a copy: the tool changes far more often than its libraries.
        files.replace(self.packages / TOOL_PATH, f"{self.home / 'tool'}\n".encode())
        files.replace(self.target / "bin/caretaker", _launcher(self.python), mode=0o755)
        record = {"content": _content(self.packages), "systemd": binding, "key": self.key}
        files.replace(self.target / RECORD, (json.dumps(record) + "\n").encode())
        files.replace_link(self.link, f"environments/{self.key}")

    def _words(self) -> list[str]:
        return ["--quiet", "--no-input", "--disable-pip-version-check", "--no-warn-script-location",
                "--only-binary=:all:", "--require-hashes", "--no-deps",
                f"--requirement={self.lock}"]  # fmt: skip


def _packages(environment: Path) -> Path:
    return (
        environment / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    )


def _content(folder: Path) -> str:
    """A hash of names and sizes: what an interrupted copy, or a hand in the wrong place, changes.

    Compiled files don't count, since Python writes them when it likes.
    """
    total = hashlib.sha256()
    for leaf in trees.walk(folder):
        if leaf.is_file and "__pycache__" not in leaf.relative:
            total.update(f"{leaf.relative}\0{leaf.facts.st_size}\n".encode())
    return total.hexdigest()


def _launcher(python: Path) -> bytes:
    # Through sh, since a #! line can't hold a path with spaces, and is cut at 255 bytes.
    lines = [
        "#!/bin/sh",
        f"'''exec' {shlex.quote(str(python))} -I \"$0\" \"$@\"",
        "'''",
        "import sys",
        "",
        "from agent.__main__ import main",
        "",
        "sys.exit(main())",
    ]
    return ("\n".join(lines) + "\n").encode()


def _run(argv: list[str], what: str) -> None:
    done = spawn.run(argv, timeout=BUILD_TIMEOUT, env=pip_environment())
    if not done.ok:
        raise _failed(what, done, "setup.sh --offline --wheelhouse DIR  # or check the network")


def _failed(what: str, done: spawn.Completed, hint: str) -> MachineError:
    lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or [done.reason]
    message = f"could not build the private environment ({what}): {lines[-1][:300]}"
    return MachineError("command-failed", message, hint=hint)
