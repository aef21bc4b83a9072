"""The one-shots: `python -I -m agent.backup [--root DIR] create|guard`.

Owns these processes' edges: lines for the journal, and an exit status with a meaning
(agent.errors). systemd starts them. Refuses screens: `caretaker backup` has them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent.backup import hold
from agent.backup.create import create
from agent.backup.prune import prune
from agent.cli.appliance import manifest_of
from agent.errors import CaretakerError, MachineError
from agent.host.failures import HostFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.progress import Silent
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -I -m agent.backup")
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("verb", choices=("create", "guard"))
    words = parser.parse_args(argv)
    try:
        manifest, layout = manifest_of(Layout(words.root))
        scene = open_scene(manifest, layout, host=Host(root=words.root))
        if words.verb == "guard":
            hold.guard(scene)
        else:
            _create(scene)
    except CaretakerError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_status
    except HostFailure as failure:
        sys.stderr.write(f"{failure}\n")
        return MachineError.exit_status
    return 0


def _create(scene: Scene) -> None:
    made = create(scene, Silent(), by="schedule")
    sys.stdout.write(f"{made.record.id}: {made.told}\n")
    gone = prune(scene, by="schedule")
    if gone:
        sys.stdout.write(f"{len(gone)} older ones removed\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
