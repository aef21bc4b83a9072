"""Where an appliance is set up: the machine itself, or a folder of its own.

Owns the rule that tells the two apart. Refuses anything but the standard library.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agent.errors import UsageError
from agent.host import permissions
from agent.host.systemd import Systemd
from agent.layout import Layout

DEFAULT_ROOT = ".caretaker"


class Mode(StrEnum):
    """The two hosts of the design's section 5."""

    SYSTEMD = "systemd"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Place:
    """A mode and the root that goes with it."""

    mode: Mode
    root: Path

    @property
    def layout(self) -> Layout:
        return Layout(self.root)

    @property
    def words(self) -> str:
        return "this machine" if self.mode is Mode.SYSTEMD else str(self.root)


def find_place(root: Path | None, *, systemd: Systemd) -> Place:
    """The place that fits the root asked for, who asks, and PID 1. Raises UsageError."""
    able = os.geteuid() == 0 and systemd.booted()
    if root is None:
        root = Path("/") if able else Path.cwd() / DEFAULT_ROOT
    if root != Path("/"):
        why = permissions.why_not_as_root(root)
        if why:
            hint = "run setup as that user, or name a folder of root's with --root DIR"
            raise UsageError("file-unsafe", why, hint=hint)
        return Place(Mode.EMBEDDED, root)
    if not able:
        why = "you are not root" if os.geteuid() else "systemd is not PID 1 here"
        raise UsageError(
            "embedded-only",
            f"the machine itself can't be set up: {why}",
            hint=f"setup.sh APPLIANCE --root ./{DEFAULT_ROOT}",
        )
    return Place(Mode.SYSTEMD, root)
