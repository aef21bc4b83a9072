"""What is kept out of the daemon's memory, and comes in when it is really needed."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.real

LIBRARIES = '"msgspec", "structlog", "apscheduler.schedulers.background", "agent.daemon.run"'
HEAVY = (
    *("asyncio", "ssl", "multiprocessing", "email", "tzlocal", "rich", "flask", "waitress"),
    *("click", "cryptography", "prometheus_client", "_hashlib", "h2", "importlib.metadata"),
)


def run(program: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n{program}",
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_idle_daemon_has_none_of_the_heavy_modules() -> None:
    program = f"""
from agent.daemon.understudies import load
load({LIBRARIES})
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    assert run(program) == "[]"


def test_before_the_fork_there_is_next_to_nothing() -> None:
    # What the interpreter's own site-packages load is none of our doing.
    program = """
before = set(sys.modules)
import agent.daemon.__main__
heavy = {"pathlib", "dataclasses", "typing", "re", "socket", "json", "enum", "threading"}
print(sorted(heavy & (set(sys.modules) - before)))
"""
    assert run(program) == "[]"


def test_the_real_ones_are_there_for_whoever_asks() -> None:
    program = f"""
from agent.daemon.understudies import load
load({LIBRARIES})
import asyncio, multiprocessing, pickle, importlib.metadata, zoneinfo, structlog
async def works():
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    await structlog.get_logger().ainfo("asynchronous")
    return "works"
print(asyncio.run(works()), multiprocessing.current_process().name,
      pickle.loads(pickle.dumps("pickled")), zoneinfo.ZoneInfo("UTC").key,
      importlib.metadata.version("APScheduler")[:2])
"""
    assert run(program) == "works MainProcess pickled UTC 3."


def test_a_library_that_needs_more_at_its_import_gets_everything(tmp_path: Path) -> None:
    (tmp_path / "greedy.py").write_text(
        "import asyncio.events\nloop = asyncio.events.new_event_loop"
    )
    program = f"""
sys.path.insert(0, {str(tmp_path)!r})
from agent.daemon.understudies import load
load("greedy")
import greedy
print(greedy.loop.__name__)
"""
    assert run(program) == "new_event_loop"
