"""The key that turns names into pseudonyms: made once, kept on this machine.

Owns the file. Refuses to replace one: every bundle that was sent before would lose its meaning.
"""

from __future__ import annotations

from pathlib import Path

from agent.errors import MachineError
from agent.host import chance, files, open_new, permissions
from agent.host.failures import FileFailure, HostFailure

LENGTH = 32  # bytes


def key_at(path: Path) -> bytes:
    """The key in this file, made where there is none. Raises CaretakerError."""
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    try:
        files.ensure_folder(path.parent, mode=0o700)
        open_new.write(path, chance.some(LENGTH), mode=0o600)
    except (OSError, HostFailure) as error:
        try:
            return _read(path)  # Somebody was faster, and theirs is the key.
        except FileNotFoundError:
            raise MachineError(
                "file-unwritable",
                f"no key for pseudonyms could be made: {error}",
                hint="run it as root, or give a key of your own with --key FILE",
            ) from error
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        content = files.read_bytes(path, cap=4096)
        facts = permissions.read(path)
    except FileFailure as error:
        raise MachineError(
            "file-unreadable",
            f"the key for pseudonyms can't be read: {error}",
            hint="run it as root, or give a key of your own with --key FILE",
        ) from error
    if len(content) < LENGTH:
        raise MachineError(
            "state-corrupt",
            f"{path} is no key for pseudonyms: it has {len(content)} bytes of {LENGTH}",
            hint=f"restore {path} from a backup, or remove it: pseudonyms will be new ones",
        )
    if facts is not None and facts.mode & 0o077:
        raise MachineError(
            "file-unsafe",
            f"{path} is open to others, who could guess names back",
            hint=f"chmod 600 {path}",
        )
    return content[:LENGTH]
