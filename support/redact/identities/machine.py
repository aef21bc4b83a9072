"""What a machine says of itself: its own names, its neighbours', its people.

Owns which files of a root are read for it. Refuses to follow links out of that root, and to fail
where one of them can't be read: then fewer names are known, and those in their places are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from agent.host import glance
from agent.host.failures import HostFailure
from agent.layout import Layout
from support.redact.identities.learned import Learned

_CAP = 1 << 20
_PEOPLE = range(1000, 65534)  # login.defs(5), UID_MIN; nobody is 65534
_LOOPBACK = (b"127.", b"::1", b"fe00:", b"ff00:", b"ff02:")


def learn_machine(
    layout: Layout, learned: Learned, keep: Callable[[bytes], None], learn: Callable[[bytes], None]
) -> None:
    """Learn what the files below the root say; `keep` is told accounts that are no person's.

    `learn` is given whole texts that name machines, the customer's settings first.
    """
    root = layout.root
    for uid, name in _accounts(_read(root, "/etc/passwd")):
        if uid in _PEOPLE and name != layout.app.encode():
            learned.user(name, sure=True, least=3)
        else:
            keep(name)
    for home in _homes(root):
        learned.user(home, sure=True, least=3)
    for line in _lines(_read(root, "/etc/hostname")):
        learned.host(line.split()[0], sure=True)
    for name in _neighbours(_read(root, "/etc/hosts")):
        learned.host(name, sure=True)
    for domain in _searched(_read(root, "/etc/resolv.conf")):
        learned.domain(domain)
    learn(_read(root, "/etc/caretaker/settings.toml"))


def _accounts(content: bytes) -> Iterator[tuple[int, bytes]]:
    for line in _lines(content):
        fields = line.split(b":")
        if len(fields) >= 7 and fields[2].isdigit():
            yield int(fields[2]), fields[0]


def _homes(root: Path) -> list[bytes]:
    names = (each.name for each in glance.entries(root, "/home") if each.is_folder)
    return [name.encode() for name in names if name.isascii()]


def _neighbours(content: bytes) -> Iterator[bytes]:
    for line in _lines(content):
        address, *names = line.partition(b"#")[0].split() or [b""]
        # Debian gives the machine's own name 127.0.1.1 (hosts in the Debian Reference, 5.1.1).
        if not address.startswith(_LOOPBACK) or address == b"127.0.1.1":
            yield from names


def _searched(content: bytes) -> Iterator[bytes]:
    for line in _lines(content):
        word, *names = line.split()
        if word in (b"search", b"domain"):
            yield from names


def _lines(content: bytes) -> Iterator[bytes]:
    for line in content.splitlines():
        if line.strip() and not line.lstrip().startswith(b"#"):
            yield line.strip()


def _read(root: Path, path: str) -> bytes:
    try:
        return glance.read(root, path, cap=_CAP)
    except (FileNotFoundError, HostFailure):
        return b""
