"""The environment and the tool of an image, made in the image's own tree before it ever boots.

Run by whoever builds images, with the tree as the root: `chroot TREE python3 SOURCE/setup/start.py
--for-image WHEELHOUSE`. First boot then finds both standing and makes neither.

Owns that, and bytecode that two builds make alike. Refuses the network, and to set anything up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.errors import CaretakerError
from agent.host import spawn
from agent.host.failures import HostFailure
from setup.console import Console
from setup.environment.entry import SOURCE, Work, make
from setup.environment.libraries import Libraries
from setup.environment.tool import Tool
from setup.options import Options
from setup.place import Mode, Place

FAILED = 20
_PATIENCE = 600.0  # seconds
_SEED = {"PYTHONHASHSEED": "0"}  # sets of strings stand in bytecode in the order of their hashes


def main(argv: Sequence[str]) -> int:
    """`WHEELHOUSE [EPOCH]`: the second, seconds since 1970, is the time that every file gets."""
    place = Place(Mode.SYSTEMD, Path("/"))
    home = place.layout.tool
    libraries = Libraries(home, SOURCE / "requirements/runtime.lock", place.mode.value)
    options = Options(offline=True, wheelhouse=Path(argv[0]))
    work = Work(options, place, Tool(SOURCE, home), libraries, Console(json=True, colour=False))
    try:
        made = make(work)
        _compile(work, argv[1] if len(argv) > 1 else "")
    except (CaretakerError, HostFailure, OSError) as error:
        print(f"image environment: {error}", file=sys.stderr)
        return FAILED
    told = {"made": made, "environment": libraries.key, "tool": work.tool.installed.name}
    print(json.dumps(told))
    return 0


def _compile(work: Work, epoch: str) -> None:
    """Bytecode names the time of its source: all get the same time, then all are compiled."""
    home = work.libraries.home
    if epoch:
        touch = ["find", str(home), "-exec", "touch", "-h", "-d", f"@{epoch}", "{}", "+"]
        _run(touch)
    python = str(work.libraries.python)
    # The environment's by the path they are imported by; the tool's by its lasting link.
    places = ((work.libraries.target, work.libraries.target), (work.tool.installed, work.tool.link))
    for folder, imported_as in places:
        argv = [python, "-B", "-m", "compileall", "-q", "-f", "-s", str(folder),
                "-p", str(imported_as), str(folder)]  # fmt: skip
        # Some libraries bring files for other Pythons, which do not compile: that is no failure.
        spawn.run(argv, timeout=_PATIENCE, env=_SEED)
    if epoch:
        _run(touch)


def _run(argv: list[str]) -> None:
    done = spawn.run(argv, timeout=_PATIENCE)
    if not done.ok:
        raise OSError(f"{argv[0]}: {done.reason}")
