"""`python -I -m agent.housekeeping`: what a timer starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.host import lock
from agent.housekeeping.states import read_states
from agent.layout import Layout

pytestmark = pytest.mark.real

REPOSITORY = Path(__file__).resolve().parents[2]
START = (
    f"import sys; sys.path.insert(0, {str(REPOSITORY)!r});"
    "from agent.housekeeping.__main__ import main; sys.exit(main(sys.argv[1:]))"
)
MANIFEST = """\
[appliance]
name = "shop"
version = "2.1"
[tasks.sweep]
calendar = "daily"
command = ["echo", "12 files swept"]
[tasks.hang]
calendar = "daily"
command = ["sleep", "60"]
timeout = "300ms"
"""


@pytest.fixture
def shop(root: Path) -> Layout:
    layout = Layout(root, "shop")
    layout.etc.mkdir(parents=True)
    layout.state.mkdir(parents=True)
    layout.manifest.write_text(MANIFEST)
    return layout


def one_shot(layout: Layout, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", "-c", START, "--root", str(layout.root), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_it_runs_what_is_named_and_says_how_it_went(shop: Layout) -> None:
    done = one_shot(shop, "run", "hang", "sweep")
    assert done.returncode == 4
    first, second = done.stdout.splitlines()
    assert first.startswith("hang: failed in 0.")
    assert first.endswith("no end after 0.3 s")
    assert second.startswith("sweep: done in 0.")
    assert {n: s.outcome for n, s in read_states(shop).tasks.items()} == {
        "hang": "failed",
        "sweep": "done",
    }


def test_it_leaves_when_the_first_is_due_next(shop: Layout) -> None:
    assert one_shot(shop, "run", "--due").returncode == 0
    states = read_states(shop)
    assert states.next is not None
    assert all(0 < states.next - each.anchor < 2 * 86400 for each in states.tasks.values())
    since = ["run", "--due", "--since", "0"]
    # Without its first digit an anchor lies in 1995.
    shop.tasks.write_text(shop.tasks.read_text().replace('"anchor": 1', '"anchor": '))
    assert "sweep: done" in one_shot(shop, *since).stdout
    assert one_shot(shop, *since).stdout == ""


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["run"], 2, "name a task, or --due"),
        (["run", "swep"], 2, 'did you mean "sweep"?'),
        (["--wait", "0.5", "run", "sweep"], 5, "housekeeping is under way"),
    ],
)
def test_it_ends_with_a_meaning(shop: Layout, words: list[str], status: int, told: str) -> None:
    with lock.exclusive(shop.tasks_lock, purpose="test"):
        done = one_shot(shop, *words)
    assert (done.returncode, done.stdout) == (status, "")
    assert told in done.stderr


def test_nothing_set_up_is_the_manifests_fault(root: Path) -> None:
    assert one_shot(Layout(root), "run", "--due").returncode == 3
