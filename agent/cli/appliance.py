"""The appliance a verb works on: found below the root, once, with an error that helps.

Owns finding the manifest and the newest status report. Refuses output.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from agent.cli.saying import plain
from agent.database.placed import placed
from agent.errors import ManifestError
from agent.host import files, lock
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.status import NO_SENSE, StatusReport

# The daemon writes status.json at least every ten seconds; twice that and some means silence.
SILENT_AFTER = 25.0


def manifest_of(layout: Layout) -> tuple[Manifest, Layout]:
    """The manifest in place, and the layout with the appliance's name. ManifestError."""
    try:
        text = files.read_bytes(layout.manifest).decode()
    except FileNotFoundError:
        raise not_set_up(layout) from None
    except (FileFailure, UnicodeDecodeError) as error:
        raise ManifestError("file-unreadable", str(error)) from error
    manifest = parse(text, file=str(layout.manifest))
    layout = replace(layout, app=manifest.appliance.name)
    return placed(manifest, layout), layout


def not_set_up(layout: Layout) -> ManifestError:
    """No appliance here; what to do depends on which root was meant."""
    near = Path(".caretaker").absolute()
    if not layout.embedded and Layout(near).manifest.exists():
        hint = f"caretaker --root {near} status"
    else:
        hint = "./setup/setup.sh examples/sochdb"
    return ManifestError("not-set-up", f"there is no appliance below {layout.root}", hint=hint)


def agent_speaks(layout: Layout, age: float) -> bool:
    """Whether the newest report, `age` seconds old, is one of a living agent.

    A dead agent's lock is free at once; who may not look at the lock waits for the age to tell.
    """
    if age > SILENT_AFTER:
        return False
    try:
        return lock.held(layout.daemon_lock)
    except FileFailure:
        return True


def newest_report(layout: Layout) -> tuple[StatusReport | None, float]:
    """What the daemon wrote last, and its age in seconds; None where it never wrote.

    Read from the file, not asked of the daemon: it works while the daemon hangs, and costs it
    nothing. Who took the daemon over could write there what steers the terminal of whoever looks.
    """
    try:
        content = files.read_bytes(layout.status)
        raw = _printable(msgspec.json.decode(content))
        report = msgspec.convert(raw, type=StatusReport)
    except (FileNotFoundError, FileFailure, *NO_SENSE):
        return None, float("inf")
    return report, max(0.0, Clock().wall() - report.at)


def _printable(value: object) -> object:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if isinstance(value, dict):
        return {plain(key): _printable(each) for key, each in value.items()}
    return value
