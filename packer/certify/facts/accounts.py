"""The accounts of a tree: passwd and shadow side by side, and where people's files stand.

Owns the reading of those two files. Refuses to judge an account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from packer.certify.tree import Tree

FIRST_PERSON = 1000
NOBODY = 65534
_NUMBER = re.compile(r"[ \t\v\f\r]*([+-]?)0*([0-9]+)", re.ASCII)
_LARGEST = 0xFFFFFFFF
# Homes that distributions write for accounts that have none.
_NO_HOMES = frozenset(
    ("", "/", "/bin", "/dev", "/sbin", "/usr/bin", "/usr/sbin", "/nonexistent", "/proc", "/run")
)
_NO_SHELLS = ("/nologin", "/false", "/sync", "/halt", "/shutdown")


@dataclass(frozen=True, slots=True)
class Account:
    """`word` is the second field of passwd, `shadow` that of shadow: None where no line stands."""

    name: str
    word: str
    uid: int
    gid: int
    home: str
    shell: str
    shadow: str | None

    @property
    def is_person(self) -> bool:
        return FIRST_PERSON <= self.uid < NOBODY - 1

    @property
    def may_log_in(self) -> bool:
        """An empty shell is /bin/sh: passwd(5)."""
        return not self.shell.endswith(_NO_SHELLS)


@lru_cache(maxsize=4)
def accounts(tree: Tree) -> tuple[Account, ...]:
    """In the order of passwd, every line that glibc takes for an account: four fields are enough,
    a number may have a sign, and nothing but a newline ends a line (nss/nss_files of glibc)."""
    shadows = dict(shadow(tree))
    found = []
    for line in _lines(tree, "/etc/passwd"):
        parts = line.split(":", 6)
        uid, gid = _number(parts, 2), _number(parts, 3)
        if uid is not None and gid is not None and parts[0]:
            name, word, _, _, _, home, shell = (*parts, "", "", "")[:7]
            found.append(Account(name, word, uid, gid, home, shell.strip(), shadows.get(name)))
    return tuple(found)


def _lines(tree: Tree, path: str) -> list[str]:
    lines = (line.lstrip() for line in tree.text(path).split("\n"))
    return [line for line in lines if not line.startswith("#")]


def _number(parts: list[str], at: int) -> int | None:
    """As strtoul(3) reads it, in 32 bits."""
    found = _NUMBER.fullmatch(parts[at]) if at < len(parts) else None
    if found is None:
        return None
    value = int(found[2]) if len(found[2]) < 20 else _LARGEST
    return min(value, _LARGEST) if found[1] != "-" else -value & _LARGEST


def shadow(tree: Tree, path: str = "/etc/shadow") -> tuple[tuple[str, str], ...]:
    """Name and password field of each line."""
    lines = (line.split(":") for line in _lines(tree, path))
    return tuple((parts[0], parts[1]) for parts in lines if len(parts) >= 2 and parts[0])


@lru_cache(maxsize=4)
def homes(tree: Tree) -> tuple[str, ...]:
    """Every folder that is somebody's, also where the account is gone already."""
    named = {account.home.rstrip("/") for account in accounts(tree)}
    named |= {"/root", "/etc/skel", *(f"/home/{name}" for name in tree.names("/home"))}
    found = set()
    for home in named - _NO_HOMES:
        entry = tree.entry(home, follow=True)
        if entry is not None and entry.is_folder:
            found.add(home)
    return tuple(sorted(found))


def is_locked(field: str) -> bool:
    """No password fits: crypt(5) knows no hash that begins like this."""
    return field[:1] in ("!", "*")
