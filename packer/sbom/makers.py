"""Suppliers: a name and an address out of one line, and whether that is one person.

Owns the reading of `Name <address>`. Refuses to look anybody up.
"""

from __future__ import annotations

import re

from packer.sbom.parts import NOBODY, Maker

_LONGEST = 500  # characters that are looked at
_MAILBOX = re.compile(r"\s*\"?([^<\"]*?)\"?\s*<([^<>\s]+)>")
# SPDX wants to be told (2.3, 7.5); these words are never part of one person's name.
_MANY = re.compile(
    r"team|developers|maintainers|group|packagers|project|foundation|authors|contributors|"
    r"community|committee|inc\b|ltd|gmbh|llc|corp|labs|pallets|authority|"
    r"organi[sz]ation|debian |[,@/:]",
    re.I,
)


def read(line: str) -> Maker:
    """The first mailbox of the line, or its text as a name; NOBODY where it is empty."""
    line = line[:_LONGEST]
    match = _MAILBOX.match(line)
    name, email = (match[1].strip(), match[2]) if match else (line.strip(), "")
    if not name and not email:
        return NOBODY
    if not match and "@" in name and " " not in name:
        name, email = "", name
    return Maker(name or email, email, person=not _MANY.search(name))
