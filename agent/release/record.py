"""What a release says of itself: the record that is signed with it, and stays beside its files.

Owns `release.json`, which `caretaker release build` makes from release.toml, the payload and the
migrations. It lies in the bundle, and after staging in the release's folder below `.release/`,
with `appliance.toml` and `migrations/`. Refuses to read or judge any.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

FOLDER = ".release"  # in a staged release: release.json, appliance.toml, migrations/
RECORD = "release.json"

StoreKind = Literal["files", "sqlite", "postgres"]


class Epoch(Struct, frozen=True):
    """Formats of data: those this release can read, and the one it leaves behind."""

    reads: tuple[int, ...] = (1,)
    writes: int = 1


class MigrationRecord(Struct, frozen=True):
    """One folder of migrations/. Checksums are SHA-256 in hex, by file name (`up.py`).

    `timeout` is seconds for each of its programs; 0: the default.
    """

    number: int
    name: str
    stores: tuple[str, ...]  # "files", or stores of the manifest
    checksums: dict[str, str]
    requires: tuple[int, ...] = ()
    timeout: float = 0.0

    @property
    def folder(self) -> str:
        return f"{self.number:04d}-{self.name}"


class Advisory(Struct, frozen=True):
    """A security flaw that this release ends."""

    id: str
    severity: Literal["low", "medium", "high", "critical"]
    summary: str
    url: str = ""


class FileRecord(Struct, frozen=True):
    """One entry of the payload. `link` is a target within the payload; then there is no digest."""

    path: str
    size: int = 0
    sha256: str = ""
    executable: bool = False
    link: str = ""
    folder: bool = False


class ReleaseRecord(Struct, frozen=True, kw_only=True):
    """The whole of release.json.

    `sequence` only grows from release to release of one appliance: an older one needs a flag.
    `created` is seconds since 1970, the vendor's commit or SOURCE_DATE_EPOCH, so that the same
    input makes the same bytes. `digest` is of the payload, as `agent.host.trees.digest` reckons.
    """

    format: Literal[1] = 1
    app: str
    version: str
    sequence: int
    digest: str
    created: int
    epoch: Epoch = Epoch()
    minimum_from: str = ""  # the oldest version that may upgrade to this one; empty: any
    supported_until: str = ""  # YYYY-MM-DD
    notes: str = ""
    advisories: tuple[Advisory, ...] = ()
    migrations: tuple[MigrationRecord, ...] = ()
    manifest_sha256: str
    files: tuple[FileRecord, ...] = ()

    @property
    def folder(self) -> str:
        """Its name below releases/."""
        return f"{self.version}-{self.digest[:12]}"

    @property
    def unpacked(self) -> int:
        """Bytes of the payload on disk."""
        return sum(each.size for each in self.files)
