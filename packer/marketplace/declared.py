"""The words of a listing in a file of their own: `listing.toml` beside `appliance.toml`.

Marketing's words change more often than the appliance, and no VM needs them. The file holds the
table `[listing]` as the manifest would. Owns the reading. Refuses any other table there.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from msgspec.structs import replace

from agent.errors import MachineError, ManifestError
from agent.host import files
from agent.host.failures import FileFailure
from agent.manifest.model import Manifest
from agent.manifest.reader import parse

MANIFEST = "appliance.toml"
LISTING = "listing.toml"


def with_listing(manifest: Manifest, folder: Path) -> Manifest:
    """The manifest with the words of listing.toml, where there is one in the folder.

    Raises ManifestError, told with the line in the right file; MachineError `file-unreadable`.
    """
    words = text_of(folder / LISTING)
    if words is None:
        return manifest
    _accept(words, folder / LISTING)
    whole = (text_of(folder / MANIFEST) or "").rstrip("\n") + "\n"
    above = whole.count("\n")
    try:
        return replace(manifest, listing=parse(whole + words, file=MANIFEST).listing)
    except ManifestError as error:
        message = re.sub(
            rf"{re.escape(MANIFEST)}:(\d+)",
            lambda found: _line(int(found[1]), above),
            error.message,
        )
        raise ManifestError(error.code, message, hint=f"edit {folder / LISTING}") from error


def _accept(words: str, path: Path) -> None:
    try:
        tables = set(tomllib.loads(words))
    except (ValueError, RecursionError) as error:
        raise ManifestError("manifest-syntax", f"{path}: {error}", hint=f"edit {path}") from error
    if tables - {"listing"}:
        other = ", ".join(sorted(tables - {"listing"}))
        raise ManifestError(
            "manifest-unknown-key",
            f"{path} holds {other}; only [listing] may stand there",
            hint=f"move it to {path.with_name(MANIFEST)}",
        )


def _line(number: int, above: int) -> str:
    return f"{LISTING}:{number - above}" if number > above else f"{MANIFEST}:{number}"


def text_of(path: Path) -> str | None:
    """None where there is no such file. Raises MachineError `file-unreadable`."""
    try:
        return files.read_bytes(path).decode()
    except FileNotFoundError:
        return None
    except FileFailure as failure:
        raise MachineError("file-unreadable", str(failure), hint=f"ls -l {path}") from failure
    except UnicodeDecodeError as error:
        message, hint = f"{path} is no text in UTF-8", f"edit {path}"
        raise MachineError("file-unreadable", message, hint=hint) from error
