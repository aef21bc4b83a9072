"""Names of files in a bundle: safe to unpack anywhere, and each there once.

Owns what becomes of a name that a collector gave, which may come from a stranger's file name.
Refuses to look at any file.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from support.bundle.record import ANALYSIS, MANIFEST, REPORT, SIGNATURE, TIMELINE

OURS = (MANIFEST, SIGNATURE, ANALYSIS, REPORT, TIMELINE)
# Characters. No part is cut that a file system gave whole: half a secret would not be known as one.
_PART, _WHOLE, _WORDS = 255, 600, 4000
# What a terminal obeys, what other systems read as a folder or a drive, and half a character
# (a name that is no UTF-8, as Python has it).
_STRANGE = re.compile('[\x00-\x1f\x7f-\x9f\\\\:*?"<>|\u2028\u2029\u202a-\u202e\ud800-\udfff]')


def safe(name: str) -> str:
    """A relative path without tricks; `unnamed` where nothing is left."""
    parts = [_STRANGE.sub("_", part).strip()[:_PART] for part in name.split("/")]
    kept = [part for part in parts if part not in ("", ".", "..")]
    while len("/".join(kept)) > _WHOLE:
        kept.pop(0)
    return "/".join(kept) or "unnamed"


def words(text: str) -> str:
    """One line for people, whatever was in it."""
    return _STRANGE.sub(lambda one: one[0] if one[0] in '\\:*?"<>|' else "_", text)[:_WORDS]


def unique(name: str, taken: set[str]) -> str:
    """`name`, or one like it that neither is in `taken` nor a folder there, nor below a file there.

    It is put in, with its folders (those end in a slash). The vendor may unpack it where large and
    small letters are the same: then one file would be written over another.
    """
    number, found = 1, name
    while not _free(found, taken):
        number += 1
        found = _numbered(name, number, taken)
    taken.add(found.casefold())
    taken.update(f"{folder}/" for folder in _folders(found))
    return found


def _free(name: str, taken: set[str]) -> bool:
    whole = name.casefold()
    if whole in taken or f"{whole}/" in taken:
        return False
    return not any(folder in taken for folder in _folders(name))


def _folders(name: str) -> list[str]:
    return [str(folder) for folder in PurePosixPath(name.casefold()).parents if folder.name]


def _numbered(name: str, number: int, taken: set[str]) -> str:
    """`app.log` as `app~2.log`; where a folder of it is a file, that one gets the number."""
    parts = name.split("/")
    for place in range(1, len(parts)):
        if "/".join(parts[:place]).casefold() in taken:
            parts[place - 1] += f"~{number}"
            return "/".join(parts)
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}~{number}{path.suffix}"))
