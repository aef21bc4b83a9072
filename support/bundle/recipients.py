"""For whom a bundle is encrypted, and with what it is opened: age keys in files.

Owns reading both kinds of file, one key a line. Refuses to show a private one.
"""

from __future__ import annotations

from pathlib import Path

import pyrage

from agent.errors import UsageError
from agent.host import files
from agent.host.failures import FileFailure

_NAMED = "--identity FILE  # as age-keygen made it; a line begins with AGE-SECRET-KEY-"
_PRIVATE = "AGE-SECRET-KEY-"
_KINDS = (
    ("age1tagpq1", pyrage.tagpq.Recipient),
    ("age1tag1", pyrage.tag.Recipient),
    ("age1", pyrage.x25519.Recipient),
    ("ssh-", pyrage.ssh.Recipient),
)


def recipients(path: Path) -> list[object]:
    """The public keys in a file. UsageError, also where there is none in it."""
    found = [_recipient(path, number, line) for number, line in _lines(path)]
    if not found:
        raise UsageError(
            "key-invalid", f"{path} holds no age key", hint="a line of it begins with `age1`"
        )
    return found


def identities(path: Path) -> list[object]:
    """The private keys in a file, as `age-keygen` writes it. UsageError."""
    found: list[object] = []
    content = _content(path)
    if content.startswith("-----BEGIN"):
        return [_ssh(path, content)]
    for number, line in _lines(path):
        try:
            found.append(pyrage.x25519.Identity.from_str(line))
        except pyrage.IdentityError as error:
            raise UsageError(
                "key-invalid", f"{path}, line {number}: no private age key", hint=_NAMED
            ) from error
    if not found:
        raise UsageError("key-invalid", f"{path} holds no private age key", hint=_NAMED)
    return found


def _recipient(path: Path, number: int, line: str) -> object:
    if line.startswith(_PRIVATE):
        raise UsageError(
            "key-invalid",
            f"{path}, line {number}: this is a private key; its owner keeps it, you need the other",
            hint=f"age-keygen -y {path} > support.age",
        )
    for beginning, kind in _KINDS:
        if line.startswith(beginning):
            try:
                return kind.from_str(line)
            except pyrage.RecipientError as error:
                raise UsageError(
                    "key-invalid",
                    f"{path}, line {number}: no public key of age; it was cut or mistyped",
                    hint="age-keygen -y KEYFILE  # prints it",
                ) from error
    raise UsageError(
        "key-invalid",
        f"{path}, line {number}: no public age key (`age1...`)",
        hint="age-keygen -y KEYFILE  # prints it",
    )


def _ssh(path: Path, content: str) -> object:
    try:
        return pyrage.ssh.Identity.from_buffer(content.encode())
    except pyrage.IdentityError as error:
        raise UsageError("key-invalid", f"{path}: {error}", hint=_NAMED) from error


def _lines(path: Path) -> list[tuple[int, str]]:
    lines = enumerate(_content(path).splitlines(), 1)
    return [(n, text.strip()) for n, text in lines if text.strip() and not text.startswith("#")]


def _content(path: Path) -> str:
    try:
        return files.read_bytes(path, cap=1 << 20).decode()
    except FileNotFoundError as error:
        raise UsageError("key-invalid", f"there is no {path}", hint=f"ls {path.parent}") from error
    except FileFailure as error:
        raise UsageError("key-invalid", str(error), hint=f"ls -l {path}") from error
    except UnicodeDecodeError as error:
        message = f"{path} is no text with keys in it"
        raise UsageError("key-invalid", message, hint=f"file {path}") from error
