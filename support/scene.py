"""What a support bundle is made of and from: one machine, one window of time.

Owns the record. Refuses to need a living appliance: without a manifest, without its daemon, on the
mounted disk of a VM that does not boot, there is still a bundle.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest

# What only a system of its own has (os-release(5)); an appliance below a folder has none.
_SYSTEM = ("etc/os-release", "usr/lib/os-release")


def is_rescue(root: Path) -> bool:
    """Whether the root is the disk of another machine: all on it may have been put there."""
    return root != Path("/") and any(os.path.lexists(root / each) for each in _SYSTEM)


def is_inside(layout: Layout) -> bool:
    """Whether our own state stands below the root by its folders, and by no link out of it."""
    here = layout.root.resolve()
    found = layout.support_state.relative_to(layout.root)
    return layout.support_state.resolve() == here / found


@dataclass(frozen=True, slots=True)
class Scene:
    """The world of one bundle.

    `manifest` is None where there is none that can be read; then `layout.app` is empty. `since`
    and `until` bound what is collected of logs, in seconds since 1970. `rescue`: the root is the
    disk of another machine, so nothing that this machine says of itself counts.
    """

    host: Host
    layout: Layout
    manifest: Manifest | None
    since: float
    until: float
    rescue: bool = False
