"""Who may read a pair: what is wrong with owner and mode of its files, and mending that in place.

Owns the rule. A private key that others read, or that its own service can't, is as bad as none,
yet no reason for a new one. Refuses contents. Light: the daemon's check asks here too.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from agent.host import permissions, users
from agent.host.permissions import Permissions
from agent.layout import Layout

PARTS = ("key.pem", "cert.pem", "chain.pem", "ca.pem")
KEY = "key.pem"
PUBLIC_MODE, FOLDER_MODE = 0o644, 0o755
_OTHERS, _OTHERS_READ = stat.S_IRWXO, stat.S_IROTH
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who may read a pair: (uid, gid) of the key; None leaves it to the caller's user."""

    owner: tuple[int, int] | None = None
    key_mode: int = 0o640


OURS_ALONE = Ownership(key_mode=0o600)


def ownership_on(layout: Layout) -> Ownership:
    """Root's key, readable by the application's group: services run as other users too."""
    account = None if layout.embedded else users.find(layout.app)
    return Ownership((0, account.gid)) if account else OURS_ALONE


def wrong_rights(folder: Path, ownership: Ownership) -> dict[Path, str]:
    """What is wrong, by path; what is no plain file is for who reads it. FileFailure."""
    wrong: dict[Path, str] = {}
    home = folder.parent
    for place in (home, folder):
        facts = permissions.read(place)
        if facts and facts.is_folder and (facts.mode & _WRITABLE or facts.mode & 0o555 != 0o555):
            wrong[place] = f"{place.name} has mode {facts.mode:o}, not {FOLDER_MODE:o}"
    for name in PARTS:
        facts = permissions.read(folder / name)
        if facts and facts.is_file:
            complaint = _of_file(name, facts, ownership)
            if complaint:
                wrong[folder / name] = f"{name} {complaint}"
    return wrong


def mend_rights(folder: Path, ownership: Ownership) -> list[str]:
    """Set owner and mode where they are wrong; what was. FileFailure."""
    wrong = wrong_rights(folder, ownership)
    for path in wrong:
        if path.name == KEY:
            permissions.restore(path, ownership.key_mode, ownership.owner)
        elif path.name in PARTS:
            permissions.restore(path, PUBLIC_MODE, ownership.owner and (0, 0))
        else:
            permissions.restore(path, FOLDER_MODE, ownership.owner and (0, 0))
    return list(wrong.values())


def _of_file(name: str, facts: Permissions, ownership: Ownership) -> str:
    if facts.mode & _WRITABLE:
        return f"may be written by others (mode {facts.mode:o})"
    if name == KEY:
        return _of_key(facts, ownership)
    if ownership.owner and facts.mode & _OTHERS_READ != _OTHERS_READ:
        return f"can't be read by everybody (mode {facts.mode:o})"
    if not facts.mode & stat.S_IRUSR:
        return f"can't be read by its owner (mode {facts.mode:o})"
    if ownership.owner and facts.owner[0] != 0:
        return f"belongs to user {facts.owner[0]}, not to root"
    return ""


def _of_key(facts: Permissions, ownership: Ownership) -> str:
    if facts.mode & _OTHERS:
        return f"may be read by everybody (mode {facts.mode:o})"
    if facts.mode & ownership.key_mode & 0o440 != ownership.key_mode & 0o440:
        return f"can't be read by who needs it (mode {facts.mode:o})"
    if facts.mode & ~ownership.key_mode & 0o070:
        return f"may be read by a group (mode {facts.mode:o})"
    if ownership.owner and facts.owner != ownership.owner:
        have, want = facts.owner, ownership.owner
        return f"belongs to {have[0]}:{have[1]}, not to {want[0]}:{want[1]}"
    return ""
