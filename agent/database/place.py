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

RECORD = "database.json"
_CAP = 1 << 16  # bytes


class Place(msgspec.Struct, frozen=True):
    """The record, password and all, which `agent.deployment` writes."""

    url: str


def recorded(folder: Path) -> str:
    """The URL that a deployment's folder names; empty: on this machine. Raises MachineError."""
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


def bundled_url(manifest: Manifest, values: Values) -> str:
    """The URL of the database on this machine. Raises what reading its password raises.

    Without a password it is over the server's socket, where the kernel says who asks.
    """
    database = manifest.database
    name, user = quote(database.name, safe=""), quote(database.user, safe="")
    if not database.password:
        host = quote(expand(database.socket, values), safe="")
        return f"postgresql://{user}@/{name}?host={host}&port={database.port}"
    password = quote(expand(database.password, values), safe="")
    return f"postgresql://{user}:{password}@127.0.0.1:{database.port}/{name}"


def application_url(manifest: Manifest, layout: Layout, values: Values) -> str:
    """What `{database}` stands for: the active deployment's. Raises CaretakerError.

    systemd hands the daemon a copy of the record in a folder of its own (systemd.exec(5),
    LoadCredential=), an empty one where there is none.
    """
    handed = Path(os.environ.get("CREDENTIALS_DIRECTORY") or layout.active)
    folder = handed if (handed / RECORD).is_file() else layout.active
    url = recorded(folder)
    if not url and not layout.active.is_symlink():
        url = initial(manifest, values)
    return url or bundled_url(manifest, values)


def address(url: str) -> str:
    """The URL for people: whom it asks for what, without password and parameters."""
    try:
        parts = urlsplit(url)
        where = parts.hostname or "the local socket"
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "that URL"
    return f"{where}{port}{parts.path}"
