"""The catalogue's file: SQLite, one row a build, one row a promotion.

Owns the tables, adding to them and reading them. Refuses to remove a row or change what is believed
of one (where its files are may change), and to believe one: signatures are the callers' to check
(`promoting.py`).
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.errors import MachineError, RefusedError
from agent.host import files, sqlite
from agent.host.failures import FileFailure
from packer.catalogue.entry import Entry, Promotion, Signed
from packer.golden.record import BuildRecord, parse

PLACE = Path("/var/lib/caretaker-images/catalogue.db")
VARIABLE = "CARETAKER_CATALOGUE"

SCHEMA = """
CREATE TABLE IF NOT EXISTS build (
    id TEXT PRIMARY KEY,
    begun TEXT NOT NULL,
    folder TEXT NOT NULL,
    content BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS promotion (
    number INTEGER PRIMARY KEY,
    build TEXT NOT NULL REFERENCES build (id),
    stage TEXT NOT NULL,
    content BLOB NOT NULL,
    signature BLOB NOT NULL,
    key TEXT NOT NULL,
    UNIQUE (build, stage)
);
"""


def place() -> Path:
    """Where it is: $CARETAKER_CATALOGUE, the machine's, or whoever is not root has one at home."""
    if said := os.environ.get(VARIABLE):
        return Path(said)
    return PLACE if os.geteuid() == 0 else Path.home() / ".local/share/caretaker/catalogue.db"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One catalogue. Every method raises MachineError where the file can't be used."""

    path: Path

    def add(self, content: bytes, folder: Path) -> BuildRecord:
        """A build's record as it was written. The same one twice is one; `folder` is then where its
        files are by now, which nobody has to believe: they are compared with the record."""
        record = read(content, str(folder))
        try:
            files.ensure_folder(self.path.parent)
            with sqlite.writing(self.path, SCHEMA) as db:
                row = db.execute("SELECT content FROM build WHERE id = ?", (record.id,)).fetchone()
                if row is not None and bytes(row[0]) != content:
                    raise RefusedError(
                        "image-refused",
                        f"another record of build {record.id} is in the catalogue already",
                        hint=f"caretaker image show {record.id}",
                    )
                db.execute("INSERT OR IGNORE INTO build VALUES (?, ?, ?, ?)",
                           (record.id, record.begun, str(folder), content))  # fmt: skip
                db.execute("UPDATE build SET folder = ? WHERE id = ?", (str(folder), record.id))
        except FileFailure as failure:
            raise self._unusable(failure) from failure
        return record

    def promoted(self, signed: Signed) -> None:
        """Add a promotion. Raises RefusedError where the stage was reached before."""
        stage, build = signed.promotion.stage, signed.promotion.build
        try:
            with sqlite.writing(self.path, SCHEMA) as db:
                known = db.execute("SELECT 1 FROM promotion WHERE build = ? AND stage = ?",
                                   (build, stage)).fetchone()  # fmt: skip
                if known is not None:
                    raise RefusedError("image-refused", f"build {build} is at {stage} already",
                                       hint=f"caretaker image show {build}")  # fmt: skip
                db.execute(
                    "INSERT INTO promotion (build, stage, content, signature, key)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (build, stage, signed.content, signed.signature, signed.key),
                )
        except FileFailure as failure:
            raise self._unusable(failure) from failure

    def listed(self) -> list[Entry]:
        """Every build, the newest first."""
        try:
            with sqlite.reading(self.path) as db:
                if db is None:
                    return []
                rows = db.execute("SELECT id, folder, content FROM build ORDER BY begun DESC, id")
                return [self._entry(db, row) for row in rows.fetchall()]
        except FileFailure as failure:
            raise self._unusable(failure) from failure

    def find(self, said: str) -> Entry:
        """The one build whose id begins so. Raises MachineError `image-unknown`."""
        found = [entry for entry in self.listed() if said and entry.record.id.startswith(said)]
        if len(found) != 1:
            many = f"{len(found)} builds begin with {said!r}" if found else f"no build {said!r}"
            raise MachineError("image-unknown", f"there is {many} in {self.path}"
                               if not found else f"{many} in {self.path}",
                               hint="caretaker image list")  # fmt: skip
        return found[0]

    def _entry(self, db: sqlite3.Connection, row: tuple[object, ...]) -> Entry:
        id_, folder, content = row
        if not isinstance(folder, str) or "\0" in folder or not isinstance(content, bytes):
            raise self._forged("a build")
        rows = db.execute("SELECT content, signature, key FROM promotion WHERE build = ?"
                          " ORDER BY number", (id_,))  # fmt: skip
        promotions = tuple(self._signed(each) for each in rows.fetchall())
        return Entry(read(content, str(self.path)), content, folder, promotions)

    def _signed(self, row: tuple[object, ...]) -> Signed:
        content, signature, key = row
        if not (isinstance(content, bytes) and isinstance(signature, bytes)
                and isinstance(key, str)):  # fmt: skip
            raise self._forged("a promotion")
        try:
            promotion = msgspec.json.decode(content, type=Promotion)
        except (ValueError, RecursionError) as error:
            raise self._forged("a promotion") from error
        return Signed(promotion, content, signature, key)

    def _forged(self, what: str) -> MachineError:
        """SQLite keeps any kind of value in any column: this one nobody wrote with us."""
        return MachineError("image-invalid", f"{what} in {self.path} is no record of ours",
                            hint="bring the file back from a backup")  # fmt: skip

    def _unusable(self, failure: FileFailure) -> MachineError:
        return MachineError("file-unwritable", str(failure), hint=f"ls -l {self.path}")


def read(content: bytes, where: str) -> BuildRecord:
    """Raises MachineError `image-invalid`."""
    try:
        return parse(content)
    except ValueError as error:
        raise MachineError("image-invalid", f"{where}: {error}",
                           hint="caretaker image build DIR --output OUT") from error  # fmt: skip
