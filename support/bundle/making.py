"""One bundle being filled: what came out of the refinery goes into the archive, and is noted.

Owns the account of files, and that of a file which could not be packed whole nothing stays.
Refuses raw bytes: all that comes here was redacted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from agent.host.growing import Growing
from support.bundle.messages import Begun, Finished, Over
from support.bundle.pack import Packer
from support.bundle.record import Collected, Entry
from support.bundle.refinery import Given, Lost
from support.collectors import names
from support.collectors.names import OURS

END = 384 << 10  # bytes kept for the texts that stand at the end
FULL = "the bundle was full"
DISK = "the disk was full"


class Watches(Protocol):
    """Who looks at what streams past."""

    def feed(self, name: str, block: bytes) -> None: ...

    def close(self, name: str) -> None: ...

    def forget(self, name: str) -> None: ...


@dataclass
class _File:
    """The file under way. `dropped` says why nothing of it is kept."""

    begun: Begun
    name: str
    dropped: str = ""


@dataclass
class Making:
    """`most` is how long the finished file may be, in bytes."""

    part: Growing
    packer: Packer
    watches: Watches
    most: int
    files: list[Entry] = field(default_factory=list)
    collectors: list[Collected] = field(default_factory=list)
    _names: set[str] = field(default_factory=lambda: set(OURS))
    _file: _File | None = None

    def __post_init__(self) -> None:
        # Also those of a bundle that is gone on with: another refinery does not know them.
        for each in self.files:
            names.unique(each.name, self._names)

    @property
    def room(self) -> int:
        return self.most - END - self.packer.weight

    @property
    def barren(self) -> bool:
        """Whether all that were run broke off with nothing: then the pipeline does not work."""
        run = [each.how for each in self.collectors if each.how != "skipped"]
        return bool(run) and "done" not in run and all(each.withheld for each in self.files)

    def take(self, code: str, given: Iterable[Given]) -> None:
        """All that one collector gives. Lost, DiskFull: then call `drop_open`."""
        before = len(self.files)
        for each in given:
            if isinstance(each, Begun):
                self._begin(each)
            elif isinstance(each, bytes):
                self._write(each)
            elif isinstance(each, Finished):
                self._finish(code, each)
            else:
                self._drop(code, each.why)
                self._note(code, each, self.files[before:])

    def drop_open(self, code: str, why: str, seconds: float) -> None:
        """The collector did not come to its end: nothing stays of the file it was at."""
        self._drop(code, why)
        files = [each for each in self.files if each.collector == code]
        self._note(code, Over(how="killed", seconds=seconds, why=why), files)

    def skip(self, codes: Iterable[str], why: str) -> None:
        for code in codes:
            self._note(code, Over(how="skipped", why=why), [])

    def _drop(self, code: str, why: str) -> None:
        """Nothing of the file under way, whose end nobody saw."""
        self.packer.drop()
        if self._file is not None:
            self._file.dropped = why
            self._finish(code, Finished(seconds=0.0, withheld=True, why=why))

    def _begin(self, begun: Begun) -> None:
        # Two files of a machine may get one name by their pseudonyms.
        name = names.unique(begun.name, self._names)
        self._file = _File(begun, name)
        self.packer.open(name)

    def _write(self, content: bytes) -> None:
        file = self._open()
        if file.dropped:
            return
        if self.room < len(content) // 8:
            self.packer.drop()
            self.watches.forget(file.name)
            file.dropped = FULL
            return
        self.packer.write(content)
        self.watches.feed(file.name, content)

    def _finish(self, code: str, finished: Finished) -> None:
        file = self._open()
        size, digest = 0, ""
        withheld = finished.withheld or bool(file.dropped)
        if not file.dropped and finished.withheld:
            self.packer.drop()
        if withheld:
            self.watches.forget(file.name)
        else:
            packed = self.packer.close()
            size, digest = packed.size, packed.sha256
            self.watches.close(file.name)
        self._file = None
        self.files.append(
            Entry(
                name=file.name,
                collector=code,
                origin=file.begun.origin,
                modified=file.begun.modified,
                size=size,
                sha256=digest,
                seconds=round(finished.seconds, 3),
                exit_code=finished.exit_code,
                left_out=finished.left_out,
                redactions={} if withheld else finished.redactions,
                withheld=withheld,
                why=file.dropped or finished.why,
            )
        )

    def _note(self, code: str, over: Over, files: list[Entry]) -> None:
        kept = [each for each in files if not each.withheld]
        self.collectors.append(
            Collected(
                code=code,
                how=over.how,
                seconds=round(over.seconds, 3),
                files=len(kept),
                size=sum(each.size for each in kept),
                why=over.why,
            )
        )

    def _open(self) -> _File:
        if self._file is None:
            raise Lost("it spoke out of turn")
        return self._file
