"""A root of its own in which setup is run, killed, run again and looked at.

Owns the processes it starts: everything setup leaves running is ended by pid, never by name. The
bench process adopts orphans, so that the helpers of a killed setup are found and ended too.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.host.spawn import children_of
from bench.setup import appliance
from setup.environment.tool import PARTS, PROJECT

REPOSITORY = Path(__file__).resolve().parents[2]
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
LIMIT = 300.0  # seconds for one run


@dataclass
class Ended:
    """How one run of setup ended; `events` are its JSON lines."""

    status: int
    events: list[dict[str, object]]
    seconds: float
    err: str

    @property
    def verdict(self) -> dict[str, object]:
        return next(each for each in reversed(self.events) if each["event"] == "verdict")

    @property
    def changed(self) -> object:
        return self.verdict["changed"]


@dataclass
class Arena:
    """One root below `folder`, and the tiny appliance that is set up in it."""

    folder: Path
    extra: tuple[str, ...] = ()
    ports: list[int] = field(default_factory=lambda: appliance.free_ports(2))

    def __post_init__(self) -> None:
        adopt_orphans()
        self.root = self.folder / "root"
        self.setup = copy_tool(self.folder / "checkout") / "setup/setup.sh"
        probe, port = self.ports
        self.source = appliance.write(self.folder / "tiny", probe=probe, port=port)

    def argv(self, *words: str) -> list[str]:
        return [str(self.setup), str(self.source), "--root", str(self.root), "--json", "--yes",
                *self.extra, *words]  # fmt: skip

    def run(self, *words: str, under: Sequence[str] = ()) -> Ended:
        """One run to its end."""
        began = time.monotonic()
        done = subprocess.run(
            [*under, *self.argv(*words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            cwd=self.folder,
        )
        seconds = time.monotonic() - began
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return Ended(done.returncode, lines, seconds, done.stderr)

    def run_killed_after(self, delay: float) -> bool:
        """Kill the whole tree of a run after so many seconds; whether it was still running."""
        child = subprocess.Popen(
            self.argv(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.folder,
        )  # fmt: skip
        try:
            child.wait(delay)
        except subprocess.TimeoutExpired:
            end_tree(child.pid)
            child.wait()
            self.end_orphans()
            return True
        return False

    def end_orphans(self, *, spare_agent: bool = False) -> None:
        """End what a killed run left running; `spare_agent` leaves the daemon and its services."""
        for pid in children_of(os.getpid()):
            if spare_agent and "agent.daemon" in words_of(pid):
                continue
            if self._is_mine(pid):
                end_tree(pid)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _is_mine(self, pid: int) -> bool:
        """Only what has to do with this root: the test runner has other children."""
        text = " ".join(words_of(pid))
        return str(self.folder) in text or (_parent(pid) == os.getpid() and "setup" in text)

    def reset(self) -> None:
        """As before the first run, but for the private environment, which costs seconds."""
        self.end_orphans()
        for top in self.root.iterdir() if self.root.exists() else []:
            if top.name != "opt":
                shutil.rmtree(top)
        for each in (self.root / "opt").iterdir() if (self.root / "opt").exists() else []:
            if each.name != "caretaker":
                shutil.rmtree(each)

    def close(self) -> None:
        self.end_orphans()
        shutil.rmtree(self.folder, ignore_errors=True)


def copy_tool(target: Path) -> Path:
    """A checkout of its own: an edit in the middle of a bench would be a change to install."""
    for part in (*PARTS, PROJECT):
        source = REPOSITORY / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target / part)
    return target


def adopt_orphans() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def end_tree(pid: int) -> None:
    """SIGKILL a process and all below it, frozen from the top so that nothing escapes."""
    family = [pid]
    for member in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGSTOP)
        family += children_of(member)
    for member in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)


def words_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@contextlib.contextmanager
def arena(folder: Path, *extra: str) -> Iterator[Arena]:
    made = Arena(folder, extra)
    try:
        yield made
    finally:
        made.close()
