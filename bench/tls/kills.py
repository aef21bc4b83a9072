"""The real command is killed right before each of its state-changing calls, then run again.

Owns the stories: an expired pair mended by the remedy, a customer's pair imported. What must hold
after each kill is asked by a real handshake on `current`.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.host.clock import Clock
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.remedies.scene import open_scene
from agent.remedies.tls import REMEDY
from agent.tls.pair import make
from agent.tls.wanted import wanted_for
from bench.setup.trace import Point, record, spread
from tests.unit import tls_power
from tests.unit.tls_authorities import chain
from tests.unit.tls_stage import DAY, wanted

REPOSITORY = Path(__file__).resolve().parents[2]
MANIFEST = """\
[appliance]
name = "shop"
version = "1"
[services.web]
command = ["/bin/true"]
[certificates.main]
names = ["shop.example"]
services = ["web"]
"""


@dataclass(frozen=True)
class Story:
    """What is run; `age`: days since the pair in use was made."""

    name: str
    title: str
    words: tuple[str, ...]
    age: float


STORIES = (
    Story("mend", "caretaker remedies run tls, expired pair", ("remedies", "run", "tls"), 500),
    Story(
        "import",
        "caretaker tls import, over a pair of our own",
        ("tls", "import", "main", "--cert", "full.pem", "--key", "key.pem"),
        5,
    ),
)


@dataclass
class Found:
    """`bad`: kills after which no good pair was in use; `stuck`: the next run did not mend it."""

    killed: int = 0
    bad: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


def sweep(folder: Path, story: Story, count: int, told: Callable[[str], None]) -> Found:
    """Kill at `count` points spread over the run; 0: at every one."""
    folder.mkdir(parents=True)
    start, root, found = _start(folder, story), folder / "root", Found()
    _reset(start, root)
    points = record(_argv(story, root, folder), folder / "trace.log")
    for number, point in enumerate(spread(points, count or len(points))):
        _reset(start, root)
        done = subprocess.run(
            [*point.under(), *_argv(story, root, folder)],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=120, cwd=REPOSITORY,
        )  # fmt: skip
        found.killed += done.returncode != 0
        _judge(root, story, folder, point, found)
        told(f"{story.name}: {number + 1} of {len(points)} points")
    return found


def _judge(root: Path, story: Story, folder: Path, point: Point, found: Found) -> None:
    where = f"{story.name} killed at {point}"
    found.bad += [f"{where}: {each}" for each in tls_power.sound(root, had_one=True)]
    again = subprocess.run(
        _argv(story, root, folder), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, cwd=REPOSITORY,
    )  # fmt: skip
    if again.returncode:
        found.stuck.append(f"{where}: the next run ended with {again.returncode}: {again.stderr}")
    manifest = parse(MANIFEST)
    scene = open_scene(manifest, Layout(root, "shop"), host=Host(root=root))
    wrong = [fault.summary for fault in REMEDY.find(scene)]
    wrong += tls_power.sound(root, had_one=True)
    found.stuck += [f"{where}: after the next run: {each}" for each in wrong]


def _argv(story: Story, root: Path, folder: Path) -> list[str]:
    words = [str(folder / word) if word.endswith(".pem") else word for word in story.words]
    # -B: what Python keeps of its own modules is no state of ours.
    return [sys.executable, "-B", "-m", "agent", "--root", str(root), *words]


def _start(folder: Path, story: Story) -> Path:
    start = folder / "start"
    layout, host = Layout(start, "shop"), Host(root=start)
    layout.etc.mkdir(parents=True)
    layout.manifest.write_text(MANIFEST)
    now = Clock().wall()
    names = wanted_for(host, parse(MANIFEST), layout, "main").names
    make(wanted(start, now - story.age * DAY, names=names))
    theirs = chain(now=now)
    (folder / "full.pem").write_bytes(theirs.leaf.pem + theirs.middle.pem + theirs.root.pem)
    (folder / "key.pem").write_bytes(theirs.leaf.key_pem)
    return start


def _reset(start: Path, root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(start, root, symlinks=True)
