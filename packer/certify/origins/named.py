"""Files that no sum explains and that are expected: made by the system, by hardening, by the build.

Owns the list, each with its reason. Refuses patterns that would take in whole folders of programs:
what stands in /usr/bin, /usr/sbin or /usr/lib has a package, or is named in full.
"""

from __future__ import annotations

import re

from packer.certify.origins.made_files import MADE
from packer.certify.origins.origin import Origin
from packer.certify.tree import Entry, Tree

# Setup links it where no wheel of it was built (setup/environment/journal_binding.py).
_BINDING = re.compile(r"/opt/caretaker/environments/[^/]+/lib/python3\.\d+/site-packages/systemd")
_BOUND_TO = "/usr/lib/python3/dist-packages/systemd"
_HARDENED = b"# Written by `caretaker harden`"
_PATTERNS = tuple((re.compile(pattern), reason) for pattern, reason in MADE)
# What nobody can hide anything in: a log of nothing, a mark.
_EMPTY = re.compile(r"/(?:var/log|var/lib|var/cache|var/spool|etc|usr/lib|usr/share)/")


def origin(tree: Tree, entry: Entry) -> Origin | None:
    if entry.is_link and (found := _link(tree, entry)):
        return found
    for pattern, reason in _PATTERNS:
        if pattern.match(entry.path):
            return Origin("named", reason)
    if entry.is_file and entry.size == 0 and _EMPTY.match(entry.path):
        return Origin("named", "empty")
    if (
        entry.is_file
        and entry.size < 1 << 20
        and (tree.read(entry.path, limit=64) or b"").startswith(_HARDENED)
    ):
        return Origin("named", "written by `caretaker harden`, which a rule of it checks")
    return None


def _link(tree: Tree, entry: Entry) -> Origin | None:
    """Alternatives and enabled units are links to what a package brought, or to nothing at all."""
    if entry.path.startswith("/etc/systemd/") and entry.target == "/dev/null":
        return Origin("named", "a unit that is masked")
    if _BINDING.fullmatch(entry.path) and entry.target == _BOUND_TO:
        return Origin("named", "the journal's binding, as the distribution's package brings it")
    if not re.match(r"/(?:etc|usr|lib|bin|sbin|boot|var/lib|vmlinuz|initrd)", entry.path):
        return None
    if re.match(r"/(?:proc|run|dev|sys)/|\.\./(?:proc|run)/", entry.target):
        return Origin("named", "a link to what the system makes while it runs")
    real = tree.entry(entry.path, follow=True)
    if real is None:
        return None
    return Origin("made", f"a link to {real.path}, which is explained or told by itself")
