"""Where backups go, and the password they are locked with.

Owns /etc/<app>/backup/: the customer's choice, the password (0600, made here, never in an argument
or an environment), and a file of credentials for a remote place. Refuses to open a repository, and
a folder in which somebody else may put things: root writes there.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from agent.errors import MachineError, RefusedError, UsageError
from agent.host import files, plain_folder
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.keeping import Backup
from agent.manifest.model import Secret
from agent.secrets import make
from agent.state import StateFile

# Schemes that restic 0.14 knows (its manual, "Preparing a new repository").
_REMOTE = re.compile(r"(s3|sftp|rest|azure|gs|b2|swift|rclone):")
# The password in `rest:https://USER:PASSWORD@HOST/`; what comes before the last @ is none of it.
_LOGIN = re.compile(r"//([^/:@\s]*):[^/\s]*@")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_PASSWORD = Secret(length=40)
_NEVER = ("RESTIC_PASSWORD", "RESTIC_PASSWORD_FILE", "RESTIC_PASSWORD_COMMAND",
          "RESTIC_REPOSITORY", "RESTIC_REPOSITORY_FILE", "PATH", "LD_PRELOAD")  # fmt: skip


class Choice(Struct, frozen=True, kw_only=True):
    """What the customer chose. `known` is the repository's own id, once it was seen."""

    repository: str = ""
    known: str = ""


class Place(Struct, frozen=True, kw_only=True):
    """Where backups go: a folder's path, or what restic calls a remote one."""

    repository: str
    chosen: bool
    known: str = ""

    @property
    def remote(self) -> bool:
        return bool(_REMOTE.match(self.repository))

    @property
    def shown(self) -> str:
        """The repository for people, logs and the ledger: without the password in its URL."""
        return without_password(self.repository)

    @property
    def folder(self) -> Path:
        return Path(self.repository)


def without_password(text: str) -> str:
    """What restic or we say, with the password blotted out of every URL in it."""
    return _LOGIN.sub(r"//\1:…@", text)


def choice_file(layout: Layout) -> StateFile[Choice]:
    return StateFile(home(layout) / "place.json", Choice, mode=0o600)


def home(layout: Layout) -> Path:
    return layout.config / "backup"


def password_path(layout: Layout) -> Path:
    return home(layout) / "password"


def environment_path(layout: Layout) -> Path:
    return home(layout) / "environment"


def place_of(policy: Backup, layout: Layout) -> Place:
    """The customer's choice, else the manifest's, else our own folder. Raises MachineError."""
    choice = choice_file(layout).load(aside=False) or Choice()
    where = choice.repository or policy.repository
    return Place(
        repository=where or str(layout.backups), chosen=bool(where), known=choice.known
    )  # fmt: skip


def choose(layout: Layout, repository: str) -> None:
    """Note the customer's choice. Raises UsageError and FileFailure."""
    if not _REMOTE.match(repository) and not repository.startswith("/"):
        raise UsageError(
            "usage",
            f"{repository!r} is neither a folder's whole path nor a repository restic knows",
            hint="caretaker backup connect /mnt/backup  # or s3:…, sftp:…, rest:…",
        )
    files.ensure_folder(home(layout), mode=0o700)
    choice_file(layout).save(Choice(repository=repository))


def know(layout: Layout, place: Place, known: str) -> None:
    """Remember which repository it is, so that an empty mount point is not taken for it."""
    if place.known != known:
        files.ensure_folder(home(layout), mode=0o700)
        repository = place.repository if place.chosen else ""
        choice_file(layout).save(Choice(repository=repository, known=known))


def ensure_password(layout: Layout) -> bool:
    """Make the password unless there is one; True if it was made. Raises FileFailure."""
    if password_path(layout).is_file():
        return False
    files.ensure_folder(home(layout), mode=0o700)
    files.replace(password_path(layout), f"{make(_PASSWORD)}\n".encode(), mode=0o600)
    return True


def bring(layout: Layout, what: Path, content: bytes) -> None:
    """Put a password or credentials of the customer's in place. Raises FileFailure, UsageError."""
    if what == environment_path(layout):
        _variables(content.decode(errors="replace"))
    elif not content.strip() or b"\n" in content.strip():
        raise UsageError("usage", "a password is one line that is not empty", hint="")
    files.ensure_folder(home(layout), mode=0o700)
    files.replace(what, content.rstrip(b"\n") + b"\n", mode=0o600)


def environment(layout: Layout) -> dict[str, str]:
    """What a remote place needs to be let in: `NAME=value` lines. Raises UsageError."""
    try:
        text = files.read_bytes(environment_path(layout), cap=1 << 16).decode(errors="replace")
    except FileNotFoundError:
        return {}
    return _variables(text)


def key(layout: Layout) -> bytes:
    """The password itself, to seal what no repository protects; empty where there is none."""
    try:
        return files.read_bytes(password_path(layout), cap=4096).strip()
    except FileNotFoundError:
        return b""


def safe_folder(folder: Path) -> None:
    """Raises RefusedError where somebody else may write there, or something in it is no file."""
    why = plain_folder.complaint(folder)
    if why:
        raise RefusedError(
            "file-unsafe",
            f"backups are not written to {folder}: {why}",
            hint=f"sudo chown -R root: {folder} && sudo chmod -R go-w {folder}",
        )


def lost(place: Place) -> MachineError:
    """The repository was there once."""
    return MachineError(
        "backup-failed",
        f"{place.shown} holds no backups, and it did: is the disk mounted there?",
        hint=f"findmnt --target {place.shown}",
    )


def refused(failure: FileFailure) -> MachineError:
    return MachineError("backup-failed", str(failure), hint="caretaker backup list")


def _variables(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, sign, value = line.strip().partition("=")
        if not sign or not _VARIABLE.fullmatch(name) or name in _NEVER:
            raise UsageError(
                "usage",
                "a line of the environment file is no NAME=value that backups may use",
                hint="AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…, a line each",
            )
        found[name] = value
    return found
