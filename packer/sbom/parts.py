"""Parts: what an image is made of, as values, before any format.

Owns the records that every source fills and every format renders. Refuses to guess: what is not
known is empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

WEB = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
"""An address that a reader may be sent to; a package's own word for one may be anything."""

Kind = Literal["deb", "python", "application", "file", "tool"]


@dataclass(frozen=True, slots=True)
class Licence:
    """An SPDX expression; "" where nobody says. `texts` are of its LicenseRef-… names."""

    expression: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Maker:
    """Who supplies a part: `person` tells one human from a team or a company."""

    name: str = ""
    email: str = ""
    person: bool = False


NOBODY = Maker()
UNKNOWN = Licence()


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `ref` names it within the list, and others need it by that name.

    `sha256` is of the part itself (a file); `sums` is the SHA-256 of the list of its files'
    digests, as dpkg or pip left it on the disk, at `list`. `source` is (name, version) of the
    Debian source package; `place` a folder or file in the image.
    """

    kind: Kind
    ref: str
    name: str
    version: str
    purl: str = ""
    maker: Maker = NOBODY
    licence: Licence = UNKNOWN
    summary: str = ""
    homepage: str = ""
    sha256: str = ""
    sums: str = ""
    list: str = ""
    source: tuple[str, str] = ("", "")
    place: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class System:
    """The distribution, as os-release has it."""

    id: str
    version: str
    title: str

    @property
    def name(self) -> str:
        """`debian-12`, as package URLs qualify a distribution."""
        return f"{self.id}-{self.version}" if self.version else self.id


@dataclass(frozen=True, slots=True)
class Image:
    """The whole: its name and version, and the disk file's SHA-256 where one is listed."""

    name: str
    version: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything in one image. `made` is when, in seconds since 1970, by the image itself."""

    image: Image
    system: System
    parts: tuple[Part, ...]
    made: int
    tool: str
    """Caretaker's version, which made the list."""
