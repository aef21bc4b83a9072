"""Whom this appliance trusts, and the newest it has seen from them: nothing older is believed.

Owns the trust store: the roots that followed the image's own, and the high-water marks, in two
files of which either may be lost. Each is written whole and synced before what it speaks of
counts, since a power cut must not bring an older bundle back to honour. Refuses to verify
(`signatures`), and to write anything for a bundle that is only looked at.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from agent.errors import MachineError, ManifestError, RefusedError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.release import signatures
from agent.release.record import ReleaseRecord
from agent.release.signatures import Trusted, Vouched
from agent.state import StateFile

ROOT = "root.json"
_ROOT_CAP = 256 << 10


class Mark(Struct, frozen=True):
    """The newest release of one appliance that was accepted here, and which keys signed it.

    `seen` is seconds since 1970, the latest time that a signed release says has been; the wall
    clock is no part of it, since it may be far ahead.
    """

    sequence: int
    version: str
    signers: tuple[str, ...]
    seen: float = 0.0


class Marks(Struct, frozen=True):
    """High-water marks: they only rise."""

    root: int = 0
    apps: dict[str, Mark] = {}


_NOTHING = Marks()


class Roots(Struct, frozen=True):
    """The chain of roots, oldest first, the image's own at that time included."""

    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Store:
    """The files of the trust store; `folder` is root's."""

    folder: Path

    @property
    def roots(self) -> StateFile[Roots]:
        return StateFile(self.folder / "roots.json", Roots)

    @property
    def marks(self) -> tuple[StateFile[Marks], StateFile[Marks]]:
        return (
            StateFile(self.folder / "marks.json", Marks),
            StateFile(self.folder / "marks.copy.json", Marks),
        )


@dataclass(frozen=True, slots=True)
class Trust:
    """What a bundle is judged by. Without a `store` nothing was seen and nothing is kept."""

    trusted: Trusted
    marks: Marks = _NOTHING
    store: Store | None = None

    def mark(self, app: str, trusted: Trusted) -> Mark | None:
        """The newest release seen; None where the keys of one role that signed it are replaced in
        the root that is `trusted` by now.

        Else whoever stole a key could have signed a sequence so high that nothing comes after it
        (TUF specification, 5.3.11, recovery from fast-forward attacks).
        """
        found = self.marks.apps.get(app)
        return found if found and signatures.still_known(trusted.root, found.signers) else None

    def remember(self, record: ReleaseRecord, vouched: Vouched) -> None:
        """Raise the marks, durably. Raises FileFailure; then the bundle must not be used."""
        if self.store is None:
            return
        marks = self._raised(record, vouched)
        files.ensure_folder(self.store.folder, mode=0o700)
        chain = tuple(root.decode() for root in vouched.trusted.chain)
        if self.store.roots.load() != Roots(chain):
            self.store.roots.save(Roots(chain))
        for file in self.store.marks:
            if file.load() != marks:
                file.save(marks)

    def _raised(self, record: ReleaseRecord, vouched: Vouched) -> Marks:
        before = self.mark(record.app, vouched.trusted)
        seen = max(before.seen if before else 0.0, float(record.created))
        mark = Mark(record.sequence, record.version, vouched.signers, seen)
        if before is not None and before.sequence > record.sequence:
            mark = replace(before, seen=seen)
        return Marks(
            root=max(self.marks.root, vouched.trusted.version),
            apps={**self.marks.apps, record.app: mark},
        )


def trust_of(layout: Layout) -> Trust:
    """This appliance's trust, from its image and what it has seen since.

    Raises ManifestError `key-invalid` where the image names nobody, MachineError where the store
    can't be read or believed.
    """
    trusted, store = _anchored(layout.keys / ROOT), Store(layout.trust)
    try:
        marks = _highest(store)
        kept = store.roots.load(aside=False)
    except FileFailure as failure:
        raise MachineError("file-unreadable", str(failure), hint="run it as root") from failure
    if kept is not None:
        # Where it is spoilt: the bundle brings every root, and the marks say what is enough.
        with contextlib.suppress(RefusedError):
            trusted = signatures.follow(trusted, (root.encode() for root in kept.chain))
    return Trust(trusted, marks, store)


def trust_in(root: Path) -> Trust:
    """Trust in one root.json, of somebody who has seen nothing yet. Raises ManifestError."""
    return Trust(_anchored(root))


def _anchored(path: Path) -> Trusted:
    try:
        return signatures.anchor(files.read_bytes(path, cap=_ROOT_CAP))
    except FileNotFoundError:
        raise ManifestError(
            "key-invalid",
            f"there is no {path}, so nothing says whose releases are trusted",
            hint=f"sudo install -D -m 644 root.json {path}  # the vendor's, of the image",
        ) from None
    except FileFailure as failure:
        raise ManifestError("key-invalid", str(failure), hint=f"ls -l {path}") from failure
    except RefusedError as error:
        raise ManifestError(
            "key-invalid",
            f"{path} is no root of trust: {error.message}",
            hint="put the vendor's root.json there: caretaker release keys show KEYS",
        ) from error


def _highest(store: Store) -> Marks:
    """Of both files the higher marks. Raises MachineError where each that is there is spoilt."""
    found = [file.load(aside=False) for file in store.marks]
    good = [marks for marks in found if marks is not None]
    if not good and any(file.broken() for file in store.marks):
        raise MachineError(
            "state-corrupt",
            f"{store.folder} can't be read, so nobody knows what was seen here last",
            hint=f"sudo mv {store.folder} {store.folder}.old  # then it trusts as at first",
        )
    highest = Marks()
    for marks in good:
        highest = _higher(highest, marks)
    return highest


def _higher(one: Marks, other: Marks) -> Marks:
    apps = dict(one.apps)
    for app, mark in other.apps.items():
        apps[app] = max(apps.get(app, mark), mark, key=lambda each: (each.sequence, each.seen))
    return Marks(max(one.root, other.root), apps)
