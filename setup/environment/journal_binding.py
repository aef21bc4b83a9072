"""systemd-python: from a wheel, from the distribution, or compiled here, whichever comes first.

Owns getting the package `systemd` into a private environment. The index has its source only, so a
plain requirement would ask every customer for a compiler. Refuses to fail setup: without it the
agent speaks to the journal's socket by itself, and reads no other unit's messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import files, spawn
from agent.host.failures import FileFailure
from agent.host.pip import pip_environment, pip_wheel
from setup.environment.distribution import Distribution
from setup.environment.libraries import Libraries

PROBE = "from systemd import journal; print(journal.__file__)"
FOLDER = "/usr/lib/python3/dist-packages/systemd"  # Debian's python3-systemd (its file list)
TIMEOUT = 300.0  # seconds, to compile


@dataclass(frozen=True, slots=True)
class Binding:
    """What getting it needs to know."""

    libraries: Libraries
    lock: Path
    wheelhouse: Path | None
    offline: bool
    distribution: Distribution

    def bring(self) -> str:
        """How it came: `wheel`, `distribution`, `built`, or empty where it could not be had."""
        ways: tuple[tuple[str, Callable[[], None]], ...] = (
            ("wheel", self._from_wheel),
            ("distribution", self._from_distribution),
            ("built", self._build),
        )
        for name, way in ways:
            try:
                way()
            except (MachineError, FileFailure):
                continue  # The next way; the last word is the probe's.
            if self._works():
                return name
        return ""

    def _works(self) -> bool:
        python = str(self.libraries.target / "bin/python")
        return spawn.run([python, "-I", "-c", PROBE], timeout=30).ok

    def _from_wheel(self) -> None:
        if self.wheelhouse is None or not list(self.wheelhouse.glob("systemd_python-*.whl")):
            raise MachineError("command-failed", "the wheelhouse has no wheel of systemd-python")
        # No locked hash: it was compiled by whoever made the wheelhouse, and is trusted as that.
        self._pip("--no-index", f"--find-links={self.wheelhouse}", "--only-binary=:all:",
                  "systemd-python")  # fmt: skip

    def _from_distribution(self) -> None:
        folder = Path(FOLDER)
        if not folder.is_dir() and self.distribution.journal and not self.offline:
            self.distribution.add(*self.distribution.journal)
        if folder.is_dir():
            # Works only if it was built for our very Python, which the probe finds out.
            files.replace_link(self.libraries.packages / "systemd", str(folder))

    def _build(self) -> None:
        files.remove(self.libraries.packages / "systemd")
        if self.offline:
            raise MachineError("command-failed", "compiling needs the network")
        if self.distribution.build:
            self.distribution.add(*self.distribution.build)
        self._pip("--require-hashes", f"--requirement={self.lock}")

    def _pip(self, *words: str) -> None:
        python = str(self.libraries.target / "bin/python")
        argv = [python, f"{pip_wheel()}/pip", "install", "--quiet", "--no-input", "--no-deps",
                "--disable-pip-version-check", *words]  # fmt: skip
        done = spawn.run(argv, timeout=TIMEOUT, env=pip_environment())
        if not done.ok:
            raise MachineError("command-failed", f"systemd-python: {done.reason}")
