"""`release.toml`: what a vendor declares of a release, beside its payload and migrations.

Owns its keys and their tests. Refuses what could never be installed: a release that can't read the
data it writes, a date that is none, a sequence that nobody could count.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from agent.errors import ManifestError
from agent.host import files
from agent.host.failures import FileFailure
from agent.manifest.kinds import decode
from agent.migrations.folder import Declared
from agent.release.digests import is_version
from agent.release.record import Advisory, Epoch
from agent.release.versions import order, sequence_of

FILE = "release.toml"
_VALID_DAYS = 365


class Declaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of release.toml; every key may be left out.

    `valid_days` is how long the signatures count from `created` on. `migrations` is by folder.
    """

    version: str = ""
    sequence: Annotated[int, Meta(ge=1, lt=1 << 53)] | None = None
    epoch: Epoch = Epoch()
    minimum_from: str = ""
    supported_until: str = ""
    valid_days: Annotated[int, Meta(ge=1, le=3650)] = _VALID_DAYS
    notes: str = ""
    advisories: tuple[Advisory, ...] = ()
    migrations: dict[str, Declared] = {}


def read(folder: Path, version: str) -> Declaration:
    """The declaration, with its version filled in; `version` wins where it is given.

    Raises ManifestError `release-invalid`. No release.toml is an empty one.
    """
    declared = _decoded(folder / FILE)
    version = version or declared.version
    if not version:
        raise invalid(f"{folder / FILE} names no version", "caretaker release build --version 1.0")
    return _checked(msgspec.structs.replace(declared, version=version), folder / FILE)


def sequence(declared: Declaration) -> int:
    """As declared, else as the version has it. Raises ManifestError."""
    found = declared.sequence or sequence_of(declared.version)
    if not found:
        raise invalid(
            f"no sequence follows from version {declared.version}: that takes MAJOR.MINOR.PATCH",
            f"write sequence = 1 into {FILE}, and one more for each release",
        )
    return found


def invalid(message: str, hint: str) -> ManifestError:
    return ManifestError("release-invalid", message, hint=hint)


def _decoded(path: Path) -> Declaration:
    try:
        return msgspec.toml.decode(files.read_bytes(path), type=Declaration, dec_hook=decode)
    except FileNotFoundError:
        return Declaration()
    except FileFailure as failure:
        raise invalid(str(failure), f"ls -l {path}") from failure
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"{path}: {error}", "docs/how-to/release.md shows every key") from error


def _checked(declared: Declaration, path: Path) -> Declaration:
    wrong = "".join(_mistakes(declared)[:1])
    if wrong:
        raise invalid(f"{path}: {wrong}", "docs/how-to/release.md shows every key")
    return declared


def _mistakes(declared: Declaration) -> list[str]:
    found: list[str] = []
    for name in (declared.version, declared.minimum_from):
        if name and not is_version(name):
            found.append(f"{name!r} is no version: letters, digits and .+_- only")
    if declared.epoch.writes not in declared.epoch.reads:
        found.append(f"epoch.reads lacks {declared.epoch.writes}, which this release writes")
    if declared.minimum_from and order(declared.minimum_from) > order(declared.version):
        found.append(f"minimum_from {declared.minimum_from} is newer than {declared.version}")
    if declared.supported_until and not _is_date(declared.supported_until):
        found.append(f"supported_until {declared.supported_until!r} is no date: YYYY-MM-DD")
    ids = [each.id for each in declared.advisories]
    found += [
        f"advisory {each} is there twice" for each in sorted({i for i in ids if ids.count(i) > 1})
    ]
    return found


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
