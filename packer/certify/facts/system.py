"""What the distribution in a tree says about itself: os-release(5).

Owns finding the file in any tree. The syntax is agent/systems/os_release.py's.
"""

from __future__ import annotations

from agent.systems import os_release
from agent.systems.os_release import OsRelease
from packer.certify.tree import Tree


def system_of(tree: Tree) -> OsRelease | None:
    """None where no such file stands in it."""
    for place in os_release.PLACES:
        if text := tree.text(f"/{place}", limit=os_release.CAP):
            return os_release.describe(os_release.parse(text))
    return None
