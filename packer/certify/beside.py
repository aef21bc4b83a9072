"""What stands beside an image's file: the lists of its parts, and whether somebody signed them.

A sealed disk can't hold its own list: writing it there would change the disk that it tells of. So a
build puts it next to the disk, under the disk's name. Owns finding those. Refuses to judge, and to
check a signature: that needs the vendor's key, and is what `caretaker image verify` does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from agent.host import files
from agent.host.failures import FileFailure

LISTS = (".cdx.json", ".spdx.json")
_DISKS = (".qcow2", ".raw", ".img", ".vhd", ".tar.gz")
_CAP = 64 << 20


@dataclass(frozen=True, slots=True)
class PartsList:
    """A list of parts by its name. `wrong` says why it is none; `signed`: a signature is there."""

    name: str
    signed: bool
    wrong: str = ""


def stem(image: Path) -> str:
    """The name that an image's papers share: without what tells the disk's format."""
    for ending in _DISKS:
        if image.name.endswith(ending):
            return image.name.removesuffix(ending)
    return image.name


def parts_lists(image: Path) -> tuple[PartsList, ...]:
    """Those beside the image, sorted as `LISTS`. Raises nothing."""
    found = []
    for ending in LISTS:
        path = image.with_name(stem(image) + ending)
        if path.is_file():
            signed = path.with_name(f"{path.name}.sig").is_file()
            found.append(PartsList(path.name, signed, _wrong(path)))
    return tuple(found)


def _wrong(path: Path) -> str:
    try:
        told = json.loads(files.read_bytes(path, cap=_CAP))
    except (ValueError, RecursionError):
        return "is no JSON"
    except (OSError, FileFailure) as failure:
        return f"can't be read: {failure}"
    known = isinstance(told, dict) and (told.get("bomFormat") or told.get("spdxVersion"))
    return "" if known else "is neither CycloneDX nor SPDX"
