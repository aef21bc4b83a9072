"""Users and groups of the machine.

Owns looking them up and making system users. Refuses to change a user that is already there:
it may be somebody's.
"""

from __future__ import annotations

import grp
import pwd
from dataclasses import dataclass
from pathlib import Path

from agent.host import spawn
from agent.host.failures import HostFailure

NO_LOGIN = "/usr/sbin/nologin"
_TIMEOUT = 60.0  # seconds; useradd waits for the lock of /etc/passwd


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its first group."""

    name: str
    uid: int
    gid: int

    @property
    def owner(self) -> tuple[int, int]:
        return self.uid, self.gid


def find(name: str) -> Account | None:
    """The user of that name; None where there is none."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def name_of(uid: int) -> str:
    """The name of a user; empty where no user has that number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def group_of(gid: int) -> str:
    """The name of a group; empty where no group has that number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""


def gid_of(group: str) -> int | None:
    """The number of a group; None where there is none of that name."""
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None


def is_whole(name: str) -> bool:
    """Whether the user is there and its first group too: useradd may have been killed between."""
    account = find(name)
    if account is None:
        return False
    try:
        grp.getgrgid(account.gid)
    except KeyError:
        return False
    return True


def make_system_user(name: str, *, home: Path) -> Account:
    """Make a user without password and login, and a group of the same name. HostFailure."""
    half = find(name)
    if half is not None:
        return _add_group(half)
    argv = ["useradd", "--system", "--user-group", "--no-create-home", f"--home-dir={home}",
            f"--shell={NO_LOGIN}", "--", name]  # fmt: skip
    done = spawn.run(argv, timeout=_TIMEOUT)
    account = find(name)
    if account is None:
        raise HostFailure(f"could not make the user {name}: {done.reason}")
    return account


def _add_group(account: Account) -> Account:
    argv = ["groupadd", "--system", f"--gid={account.gid}", "--", account.name]
    done = spawn.run(argv, timeout=_TIMEOUT)
    if not is_whole(account.name):
        raise HostFailure(f"could not make the group {account.name}: {done.reason}")
    return account


def remove_user(name: str) -> bool:
    """Remove a user and its group; True if it was there. HostFailure."""
    if find(name) is None:
        return False
    done = spawn.run(["userdel", "--", name], timeout=_TIMEOUT)
    if find(name) is not None:
        raise HostFailure(f"could not remove the user {name}: {done.reason}")
    return True
