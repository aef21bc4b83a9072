"""The one-shot: `python -I -m agent.housekeeping [--root DIR] [--wait SECONDS] run ...`.

Owns this process's edges: what is to be run, a line a task for the journal, and an exit status
with a meaning (agent.errors). Timers start it, and the embedded daemon. Refuses colours and tables:
`caretaker housekeeping` has them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from agent.cli.appliance import manifest_of
from agent.errors import CaretakerError, MachineError, UsageError
from agent.host.machine import Host
from agent.housekeeping.open import open_chores
from agent.housekeeping.pick import run_picked
from agent.housekeeping.run import Ran, Runner
from agent.layout import Layout


def main(argv: list[str]) -> int:
    words = _arguments(argv)
    host = Host(root=words.root)
    try:
        manifest, layout = manifest_of(Layout(words.root))
        chores = replace(open_chores(manifest, layout, host), dry=words.dry_run)
        runner = Runner(chores, actor="schedule", wait=words.wait, ended=_say)
        if not (words.task or words.due or words.dry_run):
            raise UsageError("usage", "name a task, or --due")
        done = run_picked(runner, words.task, due=words.due, up_since=words.since)
    except CaretakerError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_status
    return MachineError.exit_status if any(ran.done.problems for ran in done) else 0


def _say(ran: Ran) -> None:
    told = ran.why or ran.done.summary
    sys.stdout.write(f"{ran.name}: {ran.outcome} in {ran.seconds:.2f} s: {told}\n")
    sys.stdout.flush()


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -I -m agent.housekeeping")
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument(
        "--wait", type=float, default=0.0, help="seconds to wait for a run under way"
    )
    verbs = parser.add_subparsers(required=True)
    run = verbs.add_parser("run")
    run.add_argument("task", nargs="*")
    run.add_argument("--due", action="store_true", help="all that are due by now")
    run.add_argument("--since", type=float, help="from when on tasks are watched over")
    run.add_argument("--dry-run", action="store_true", help="say what would be done")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
