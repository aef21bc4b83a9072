"""What went into an image, as provenance lists it: packages by their URL, wheels by their digest.

Owns the listing. Refuses digests that nobody worked out: what dpkg installed has none of the
archive it came in any more, and is named by its URL alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.errors import MachineError
from agent.host import trees
from packer.sbom import purl
from packer.sbom.parts import Parts
from packer.signing.provenance import Dependency


def of_parts(parts: Parts) -> Iterator[Dependency]:
    """The distribution's packages."""
    for each in parts.parts:
        if each.kind == "deb":
            yield Dependency(each.name, each.purl)


def of_wheels(folder: Path) -> Iterator[Dependency]:
    """Each wheel of a wheelhouse, by name. Raises MachineError."""
    for path in sorted(folder.glob("*.whl")):
        # PEP 427: name, version, maybe a build number, then tags.
        name, _, rest = path.name.partition("-")
        try:
            sha256 = trees.size_and_digest(path)[1]
        except OSError as error:
            message = f"{path} can't be read: {error.strerror}"
            raise MachineError("file-unreadable", message, hint=f"ls -l {path}") from error
        yield Dependency(path.name, purl.pypi(name, rest.partition("-")[0]), sha256)
