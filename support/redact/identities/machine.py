"""What a machine says of itself: its own names, its neighbours', its people.

Owns which files of a root are read for it. Refuses to follow links out of that root, and to fail
where one of them can't be read: then fewer names are known, and those in their places are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from agent.host import files
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
    etc = layout.root / "etc"
    for uid, name in _accounts(_read(etc / "passwd")):
        if uid in _PEOPLE and name != layout.app.encode():
            learned.user(name, least=3)
        else:
            keep(name)
    for home in _homes(layout.root / "home"):
        learned.user(home, least=3)
    for line in _lines(_read(etc / "hostname")):
        learned.host(line.split()[0], sure=True)
    for name in _neighbours(_read(etc / "hosts")):
        learned.host(name, sure=True)
    for domain in _searched(_resolver(etc / "resolv.conf", layout.root)):
        learned.domain(domain)
    learn(_read(layout.settings))


def _accounts(content: bytes) -> Iterator[tuple[int, bytes]]:
    for line in _lines(content):
        fields = line.split(b":")
        if len(fields) >= 7 and fields[2].isdigit():
            yield int(fields[2]), fields[0]


def _homes(folder: Path) -> list[bytes]:
    try:
        return sorted(each.name.encode() for each in folder.iterdir() if each.name.isascii())
    except OSError:
        return []


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


def _resolver(path: Path, root: Path) -> bytes:
    target = files.link_target(path)
    if not target:
        return _read(path)
    inside = root / target.lstrip("/") if target.startswith("/") else path.parent / target
    return _read(inside) if ".." not in target.split("/")[2:] else b""


def _lines(content: bytes) -> Iterator[bytes]:
    for line in content.splitlines():
        if line.strip() and not line.lstrip().startswith(b"#"):
            yield line.strip()


def _read(path: Path) -> bytes:
    try:
        return files.read_bytes(path, cap=_CAP)
    except (FileNotFoundError, HostFailure):
        return b""
