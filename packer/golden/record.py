"""What a build made, and how: the records that every step hands on and the catalogue keeps.

Owns their shape, reading one back, and where its files stand. Refuses to build, and a name that
leads out of the build's folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

NAME = "build.json"  # of the record, in the build's folder
CAP = 16 << 20  # bytes of a record

Kind = Literal["disk", "sbom", "scan", "certify", "provenance", "listing"]


class Artefact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a build: its name in the build's folder, its size in bytes, its digest."""

    kind: Kind
    name: str
    size: int
    sha256: str

    def place(self, folder: Path) -> Path:
        """Where it stands. Raises ValueError where its name leads out of the folder."""
        name = PurePosixPath(self.name)
        if name.is_absolute() or ".." in name.parts or not name.parts or "\0" in self.name:
            raise ValueError(f"the record names {self.name[:80]!r}, outside its folder")
        return folder / name


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step and how long it took. `why` only where it failed."""

    name: str
    seconds: float
    cpu_seconds: float
    outcome: Literal["done", "failed", "skipped"]
    why: str = ""


class BuildRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`build.json`: who made what out of what, when. Times are RFC 3339, in UTC."""

    id: str
    application: str
    version: str
    architecture: Literal["amd64", "arm64"]
    base: str
    begun: str
    ended: str
    who: str
    commit: str
    inputs: dict[str, str]
    """SHA-256 by name: manifest, payload, lock file, definition of the base, archive."""
    steps: tuple[Step, ...]
    artefacts: tuple[Artefact, ...]
    result: Literal["done", "failed"]
    draft: bool = False
    """Made although it would have been refused: for looking at, never for customers."""


def parse(content: bytes) -> BuildRecord:
    """A record as it was written. Raises ValueError."""
    try:
        return msgspec.json.decode(content, type=BuildRecord)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no record of a build: {error}") from error


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person asked for; paths as given, `key` the private key that signs."""

    appliance: str
    output: str
    base: str = "debian-12"
    architecture: Literal["amd64", "arm64"] = "amd64"
    key: str = ""
    wheelhouse: str = ""
    upload: str = ""
    formats: tuple[str, ...] = ()
    """Besides qcow2: raw, vhd, gce."""
    cache: str = ""
    fresh: bool = False
    draft: bool = False
    flaws: tuple[str, ...] = ()
    """Files of known flaws: OSV or Debian's tracker. `vex`: what does not matter, and why."""
    vex: tuple[str, ...] = ()
    accelerator: Literal["tcg", "kvm"] = "tcg"
