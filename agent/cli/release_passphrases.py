"""Passphrases of signing keys, as a vendor gives them: by file, by environment, or typed.

Owns asking. Refuses passphrases on the command line: every user of the machine sees those.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from agent.errors import MachineError, UsageError
from agent.host import offered
from agent.host.failures import FileFailure

VARIABLE = "CARETAKER_PASSPHRASE_FILE"
_CAP = 4096
_SHORTEST = 8
_OLD = f"--passphrase-file FILE, or {VARIABLE}=FILE"

OPTION = click.option(
    "--passphrase-file",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help=f"Holds the keys' passphrase; several are tried in turn. [or ${VARIABLE}]",
)


def known(
    files: Sequence[Path], what: str = "the signing keys", word: str = "Passphrase"
) -> list[bytes]:
    """Passphrases of keys that exist. Raises UsageError, MachineError."""
    said = os.environ.get(VARIABLE, "")
    paths = [*files] or ([Path(said)] if said else [])
    return [read(path) for path in paths] or [typed(f"{word} of {what}", hint=_OLD)]


def new(path: Path | None, what: str, option: str) -> bytes:
    """A passphrase for keys that are made now. Raises UsageError, MachineError."""
    found = read(path) if path else typed(f"New passphrase for {what}", twice=True, hint=option)
    if len(found) < _SHORTEST:
        raise UsageError("usage", f"a passphrase takes {_SHORTEST} characters at least",
                         hint="openssl rand -base64 24 > passphrase")  # fmt: skip
    return found


def read(path: Path) -> bytes:
    """The first line of a file of the user's own."""
    try:
        content = offered.read_offered(path, cap=_CAP)
    except FileNotFoundError:
        raise UsageError("usage", f"there is no {path}", hint="ls -l") from None
    except FileFailure as failure:
        raise MachineError("file-unsafe", str(failure), hint=f"chmod 600 {path}") from failure
    return content.partition(b"\n")[0].rstrip(b"\r")


def typed(question: str, *, hint: str, twice: bool = False) -> bytes:
    if not sys.stdin.isatty():
        message = f"nobody is here to be asked: {question}"
        raise UsageError("usage", message, hint=hint)
    text: str = click.prompt(question, hide_input=True, confirmation_prompt=twice, err=True)
    return text.encode()
