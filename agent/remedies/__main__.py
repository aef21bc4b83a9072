"""The one-shot: `python -I -m agent.remedies [--root DIR] run NAME | boot`.

Owns this process's edges: arguments, a line for each deed, and an exit status with a meaning (0
nothing is wrong any more, 4 an act broke off, 5 it waits or another one runs, 6 not cured, 7 only a
person can, 2 and 3 as everywhere). `boot` ends with 0 whatever happens: it must never keep the
application from being started. Refuses to be asked by a person: `caretaker remedies` is for them.
"""

from __future__ import annotations

import sys
import traceback
from dataclasses import replace
from pathlib import Path

from agent.cli.appliance import manifest_of
from agent.errors import CaretakerError, UsageError
from agent.host import core_dumps
from agent.layout import Layout
from agent.remedies.declared import all_remedies
from agent.remedies.deed import Deed, exit_status
from agent.remedies.mend import run
from agent.remedies.remedy import Scene
from agent.remedies.round import Asker
from agent.remedies.scene import open_scene

_USAGE = "usage: python -I -m agent.remedies [--root DIR] run NAME | boot"
BOOT_LIMIT = 90.0  # seconds after which no further remedy begins at boot
BOOT_PATIENCE = 20.0  # seconds to wait for another run


def main(argv: list[str]) -> int:
    core_dumps.switch_off()
    words = list(argv)
    root = "/"
    if words[:1] == ["--root"] and len(words) > 1:
        root, words = words[1], words[2:]
    layout = Layout(Path(root).resolve())
    if words == ["boot"]:
        return _boot(layout)
    if len(words) == 2 and words[0] == "run":
        return _run(layout, words[1])
    sys.stderr.write(_USAGE + "\n")
    return UsageError.exit_status


def _run(layout: Layout, name: str) -> int:
    """What the daemon asked for."""
    try:
        manifest, layout = manifest_of(layout)
        chosen = [each for each in all_remedies(manifest) if each.name == name]
        if not chosen:
            raise UsageError("usage", f"there is no remedy {name!r}", hint="caretaker remedies")
        deeds = run(chosen, open_scene(manifest, layout), Asker("agent"))
    except CaretakerError as error:
        _say(error.message)
        return error.exit_status
    _tell(deeds, name)
    return exit_status(deeds)


def _boot(layout: Layout) -> int:
    """All that may run before the application does."""
    try:
        manifest, layout = manifest_of(layout)
        off = manifest.remediation.off
        chosen = [
            each
            for each in all_remedies(manifest)
            if each.at_boot and each.unasked and each.name not in off
        ]
        # Below a root of its own only the daemon asks for this, before it starts any service.
        scene = open_scene(manifest, layout, booting=layout.embedded)
        scene = replace(scene, booting=_nothing_runs(scene))
        asker = Asker("boot")
        _tell(run(chosen, scene, asker, patience=BOOT_PATIENCE, limit=BOOT_LIMIT), "boot")
    except CaretakerError as error:
        _say(error.message)
    except Exception as error:  # A defect here must not keep the application from being started.
        traceback.print_exception(error)
    return 0


def _nothing_runs(scene: Scene) -> bool:
    """Whether this is before the application's start. Asked, not believed: units can be started
    by hand, and what is told to be booting may take things from under a running service."""
    try:
        return all(state.state in ("stopped", "failed") and not state.pid
                   for state in scene.services.states().values())  # fmt: skip
    except CaretakerError:
        return False


def _tell(deeds: list[Deed], name: str) -> None:
    for deed in deeds:
        _say(deed.line)
    if not deeds:
        _say(f"{name}: nothing is wrong")


def _say(text: str) -> None:
    # Standard error is the journal here, a line an entry; a full disk below it must not stop us.
    try:
        sys.stderr.write("".join(c if c.isprintable() else " " for c in text) + "\n")
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
