"""The vendor's declaration in a tree: where it stands, and what it says.

Owns the reading. Refuses to say why it can't be read: a rule does.
"""

from __future__ import annotations

from agent.errors import CaretakerError
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from packer.certify.tree import Tree

MANIFEST = "/etc/caretaker/appliance.toml"


def manifest_of(tree: Tree) -> Manifest | None:
    """The appliance's, or None where there is none that can be read."""
    text = tree.text(MANIFEST)
    try:
        return parse(text, file=MANIFEST) if text else None
    except CaretakerError:
        return None
