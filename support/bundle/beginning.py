"""How a bundle begins: anew, or where a power cut left one.

Owns the working file and the reserve of disk beside it, and reading again what an unfinished
bundle has before anything is added. Refuses to go on with a file that does not hold to the digest
what its note says.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.errors import MachineError
from agent.host import archive_read, growing
from agent.host.failures import FileFailure
from agent.host.growing import Growing
from agent.version import version
from support.analysers.study import Study
from support.bundle import names, unfinished
from support.bundle.making import Making
from support.bundle.messages import Ready
from support.bundle.order import Order
from support.bundle.pack import Packer
from support.bundle.place import Place
from support.bundle.record import Consent, Header
from support.bundle.unfinished import Note
from support.scene import Scene

_RESERVE = (4 << 20, 2 << 20)  # bytes of disk held for the end, as many as there are
_PLENTY = 256 << 20  # bytes of room; then nothing need be held


@dataclass
class Begun:
    """A bundle under way. `left` are the collectors still to run."""

    making: Making
    study: Study
    header: Header
    consent: Consent
    left: list[str]
    reserve: Growing | None
    kept: bool = False

    def release(self) -> None:
        """Give back the disk that was held for the end."""
        reserve, self.reserve = self.reserve, None
        if reserve is not None:
            reserve.discard()
            reserve.close()

    def over(self) -> None:
        """Nothing stays beside what was finished; of what was not, nothing at all."""
        self.release()
        part = self.making.part
        unfinished.remove_note(part.path)
        if self.kept:
            part.unname()
        else:
            part.discard()
        part.close()


def anew(scene: Scene, order: Order, ready: Ready, where: Place, study: Study) -> Begun:
    """Raises MachineError, FileFailure."""
    at = scene.host.clock.wall()
    header = Header(
        app=scene.layout.app,
        version=scene.manifest.appliance.version if scene.manifest else "",
        caretaker=version(),
        machine=ready.machine,
        case=order.case,
        made=at,
        since=scene.since,
        until=scene.until,
        rescue=scene.rescue,
    )
    consent = Consent(
        who=ready.who,
        at=at,
        excluded=order.excluded,
        included=order.included,
        redaction=order.redaction,
        encrypted_to=order.encrypted_to,
    )
    path = where.folder / (names.stem(header) + unfinished.PART)
    reserve = None if where.room > _PLENTY else _reserve(path)
    if reserve is None and where.room <= _PLENTY:
        raise MachineError(
            "disk-short",
            f"{where.folder} has no room for a support bundle",
            hint="caretaker support-bundle --output FOLDER  # on another disk",
        )
    try:
        part = growing.begin(path)
    except FileFailure:
        if reserve is not None:
            reserve.discard()
            reserve.close()
        raise
    most = min(order.max_size, where.room)
    making = Making(part, Packer(part, at=int(at)), study.evidence, most)
    return Begun(making, study, header, consent, [c.code for c in order.chosen], reserve)


def again(where: Place, order: Order, now: float, study: Callable[[], Study]) -> Begun | None:
    """The newest unfinished bundle there; None where there is none that can be gone on with."""
    for path in reversed(unfinished.found(where.folder)):
        note = unfinished.read(path)
        if note is None:
            continue
        try:
            part = growing.go_on(path)
        except FileFailure:
            continue
        try:
            begun = _gone_on_with(part, note, order, where, study())
            begun.header = msgspec.structs.replace(note.header, resumed=now)
            return begun
        except FileFailure:
            part.close()
    return None


def _gone_on_with(part: Growing, note: Note, order: Order, where: Place, study: Study) -> Begun:
    """Raises FileFailure where the file is not what the note says."""
    if part.end < note.length:
        raise FileFailure(part.path, "go on with", "it is shorter than it was")
    _read_again(part, note, study)
    part.cut(note.length)
    growing.forget(_reserve_path(part.path))
    packer = Packer(part, at=int(note.header.made))
    making = Making(
        part, packer, study.evidence, min(order.max_size, where.room + note.length),
        files=list(note.files), collectors=list(note.collectors),
    )  # fmt: skip
    done = {each.code for each in note.collectors}
    left = [code for code in note.chosen if code not in done]
    reserve = None if where.room > _PLENTY else _reserve(part.path)
    return Begun(making, study, note.header, note.consent, left, reserve)


def _read_again(part: Growing, note: Note, study: Study) -> None:
    there = {each.name: each for each in note.files if not each.withheld}
    with archive_read.inside(
        part.path, io.BufferedReader(_Beginning(part, note.length))
    ) as entries:
        for entry, content in entries:
            wanted = there.pop(entry.name, None)
            digest = hashlib.sha256()
            while content is not None and (piece := content.read(1 << 20)):
                digest.update(piece)
                study.feed(entry.name, piece)
            study.close(entry.name)
            if wanted is None or digest.hexdigest() != wanted.sha256:
                raise FileFailure(part.path, "go on with", f"{entry.name} is not what was noted")
    if there:
        raise FileFailure(part.path, "go on with", "files are missing in it")


class _Beginning(io.RawIOBase):
    """The first `length` bytes of the working file."""

    def __init__(self, part: Growing, length: int) -> None:
        self._part, self._left, self._at = part, length, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what it is given
        content = self._part.read_at(self._at, min(len(buffer), self._left))
        buffer[: len(content)] = content
        self._at += len(content)
        self._left -= len(content)
        return len(content)


def _reserve(part: Path) -> Growing | None:
    path = _reserve_path(part)
    return next(filter(None, (growing.allot(path, size) for size in _RESERVE)), None)


def _reserve_path(part: Path) -> Path:
    return part.with_name(part.name.removesuffix(unfinished.PART) + unfinished.RESERVE)
