"""Starts preloaded workers, side by side, and gathers what they tell.

Owns their shared memory, one each. Refuses to know what they do.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from bench.crash import library
from bench.crash.operation import Job, Tally
from bench.crash.shared import Shared

ROOT = Path(__file__).resolve().parents[2]


def run(job: Job, *, timeout: float = 1800.0) -> list[Tally]:
    """One job in one worker. RuntimeError where the worker itself fails."""
    with tempfile.TemporaryDirectory(prefix="crash-", dir="/dev/shm") as folder:
        shared = Path(folder) / "shared"
        Shared.make(shared)
        Path(folder).chmod(0o755)
        argv = [sys.executable, "-m", "bench.crash.worker", json.dumps(asdict(job))]
        done = subprocess.run(
            argv, cwd=ROOT, env=library.environment(shared), timeout=timeout, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{job}: {done.stderr[-4000:]}")
    return [Tally(**each) for each in json.loads(done.stdout)]


def run_all(jobs: Sequence[Job], *, at_once: int) -> list[list[Tally]]:
    """Jobs side by side; in their own order."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(run, jobs))
