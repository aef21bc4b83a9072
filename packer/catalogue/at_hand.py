"""A build's files, compared with what its record says of them.

Owns reading them and the words for each. Refuses a name that leads out of the build's folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.errors import RefusedError
from agent.host.failures import FileFailure
from agent.host.opened import open_once
from packer.catalogue.entry import Entry
from packer.golden.record import Artefact

Found = Literal["good", "missing", "changed"]


@dataclass(frozen=True, slots=True)
class AtHand:
    artefact: Artefact
    found: Found


def look(entry: Entry) -> list[AtHand]:
    """Every artefact. Reads all of them. Raises RefusedError."""
    return [AtHand(each, _compare(Path(entry.folder), each)) for each in entry.record.artefacts]


def place_of(folder: Path, artefact: Artefact) -> Path:
    """Raises RefusedError `image-refused`."""
    try:
        return artefact.place(folder)
    except ValueError as error:
        raise RefusedError("image-refused", str(error), hint="caretaker image list") from error


def _compare(folder: Path, artefact: Artefact) -> Found:
    path = place_of(folder, artefact)
    try:
        with open_once(path) as opened:
            if opened.size != artefact.size:
                return "changed"
            good = opened.sha256(0, opened.size) == artefact.sha256
            return "good" if good else "changed"
    except FileNotFoundError:
        return "missing"
    except FileFailure:
        return "changed"
