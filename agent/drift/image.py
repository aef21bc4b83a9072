"""What a golden image was: files, packages, units, users, ports, kernel settings.

Owns the record and its file. The same record says what a machine is now. Refuses to gather
(`gather`) and to compare (`compare`), and to hold a secret: of one it has a salted digest.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.errors import MachineError
from agent.host import files
from agent.host.failures import FileFailure

FORMAT = 1
UNSEEN_LOGIN = ", password not known"  # at the end of a user's line, for all but root
_CAP = 256 << 20  # bytes; 30,000 files take 5 MB


class FileFact(msgspec.Struct, frozen=True, array_like=True):
    """One file, folder or link. `content` is a file's SHA-256 or a link's target.

    `kind` is `f`, `d`, `l`, or `o` for anything else; `size` of files only. A file that could not
    be read has the content `?`.
    """

    kind: str
    mode: int
    uid: int
    gid: int
    size: int = 0
    content: str = ""


class SecretMark(msgspec.Struct, frozen=True):
    """By which a secret's value is known again: scrypt over it, with a salt. Both in hex."""

    salt: str
    digest: str


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, by name. `at` is since 1970; `folders` are those whose files were counted.

    A part that could not be gathered is None: then nothing is said about it.
    """

    format: int = FORMAT
    at: float
    appliance: str
    version: str
    system: str
    folders: list[str]
    files: dict[str, FileFact]
    packages: dict[str, str] | None = None
    units: dict[str, str] | None = None
    users: dict[str, str] | None = None
    groups: dict[str, str] | None = None
    ports: dict[str, str] | None = None
    kernel: dict[str, str] | None = None
    secrets: dict[str, SecretMark] = {}
    machine: str = ""  # on which it was recorded; no golden image keeps its machine id


def load(path: Path) -> Image:
    """Raises MachineError: there is none, or it can't be read."""
    try:
        return msgspec.json.decode(files.read_bytes(path, cap=_CAP), type=Image)
    except FileNotFoundError:
        raise MachineError(
            "image-unknown",
            f"there is no record of the image at {path}, so nothing can be compared with it",
            hint="sudo caretaker drift --record  # takes the machine as it is now for the image",
        ) from None
    except FileFailure as failure:
        raise MachineError("file-unreadable", str(failure), hint="sudo caretaker drift") from None
    except msgspec.DecodeError as error:
        raise MachineError(
            "state-corrupt",
            f"the record of the image at {path} can't be understood: {error}",
            hint="put the image's own image.json back; without it nothing can be compared",
        ) from error


def save(path: Path, image: Image) -> None:
    """For root only: it has digests of files that others may not read. Raises FileFailure."""
    files.replace(path, msgspec.json.encode(image) + b"\n", mode=0o600)
