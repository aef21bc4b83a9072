"""Where the application's database is: on this machine, or at a URL that its deployment names.

Owns `database.json` of a deployment (0600, since the URL holds a password) and the URL that
`{database}` stands for. Refuses to connect to any, and to show a URL: `address` is for people.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from agent.errors import MachineError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values, expand
from agent.state import StateFile

RECORD = "database.json"
_CAP = 1 << 16  # bytes
BUNDLED = "bundled"  # in place of a URL: on this machine, whatever the manifest says


class Place(msgspec.Struct, frozen=True):
    """The record. `url` may be `bundled`; no file at all means what the manifest says."""

    url: str


def write_place(folder: Path, url: str) -> None:
    """Put it into a deployment's folder. Nothing for an empty one. Raises FileFailure."""
    if url:
        StateFile(folder / RECORD, Place, 0o600).save(Place(url))


def recorded(folder: Path) -> str:
    """What a deployment's folder says: a URL, `bundled`, or nothing. Raises MachineError."""
    path = folder / RECORD
    try:
        content = files.read_bytes(path, cap=_CAP)
    except FileNotFoundError:
        return ""
    except FileFailure as failure:
        raise MachineError(
            "file-unreadable", str(failure), hint="run it as root, or see who owns the file"
        ) from failure
    if not content.strip():
        return ""
    try:
        return msgspec.json.decode(content, type=Place).url
    except msgspec.MsgspecError:
        # The decoder's words would quote the file, and with it the password.
        raise MachineError(
            "state-corrupt", f"{path} says nothing that is understood", hint="caretaker rollback"
        ) from None


def initial(manifest: Manifest, values: Values) -> str:
    """The URL that the first deployment begins with; empty where it is bundled.

    Raises what the placeholders of `database.url` raise.
    """
    database = manifest.database
    if not database.engine or database.placement != "external":
        return ""
    return expand(database.url, values).strip()


def external_url(manifest: Manifest, values: Values, folder: Path) -> str:
    """Where the database of a deployment's folder is; empty where it is on this machine."""
    url = recorded(folder) or initial(manifest, values)
    return "" if url == BUNDLED else url


def bundled_url(manifest: Manifest, values: Values) -> str:
    """The URL of the database on this machine. Raises what reading its password raises."""
    database = manifest.database
    password = expand(database.password, values)
    login = quote(database.user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return f"postgresql://{login}@127.0.0.1:{database.port}/{quote(database.name, safe='')}"


def application_url(manifest: Manifest, layout: Layout, values: Values) -> str:
    """What `{database}` stands for: the active deployment's. Raises CaretakerError.

    systemd hands the daemon a copy of the record in a folder of its own (systemd.exec(5),
    LoadCredential=), an empty one where there is none.
    """
    handed = Path(os.environ.get("CREDENTIALS_DIRECTORY") or layout.active)
    folder = handed if (handed / RECORD).is_file() else layout.active
    return external_url(manifest, values, folder) or bundled_url(manifest, values)


def address(url: str) -> str:
    """The URL for people: whom it asks for what, without password and parameters."""
    try:
        parts = urlsplit(url)
        where = parts.hostname or "the local socket"
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "that URL"
    return f"{where}{port}{parts.path}"
