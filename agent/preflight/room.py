"""Is there room for the release and for a copy of the data, and is the data itself in order?

Owns the checks of bytes, inodes, declared stores and the database. What an upgrade takes is
reckoned where its plan reckons it (`agent.upgrade.room`), so that both say the same.
"""

from __future__ import annotations

from pathlib import Path

from agent.data.forecast import Forecast, forecast
from agent.findings import Finding, failed, passed, warned
from agent.manifest.placeholders import expand
from agent.preflight.check import PreflightCheck
from agent.preflight.upgrade_subject import UpgradeSubject
from agent.preflight.words import size
from agent.release.record import ReleaseRecord
from agent.release.staged import record_of
from agent.upgrade import room
from agent.values import values_for

LONG = 300.0  # seconds of a transaction; whoever waits for its end waits longer
BUSY = 0.9  # share of the connections a server allows
SLOW = 20 << 30  # bytes whose copy takes minutes, while nothing serves


def _forecast(subject: UpgradeSubject) -> Forecast | None:
    active = subject.active
    if active is None:
        return None
    return forecast(subject.deployments.generation(active), subject.layout.generations)


def _rooms(subject: UpgradeSubject, record: ReleaseRecord, data: Forecast) -> Finding:
    staged = record_of(subject.layout.releases / record.folder) == record
    release = 0 if staged else room.of_release(record)
    found = room.rooms(subject.layout, subject.host.facts, release, record, data)
    short = room.refusals(found)
    if short:
        return failed("disk-short", short[0].message, path=found[0].path)
    least = min(found, key=lambda each: each.free - each.wanted)
    return passed(f"{size(least.wanted)} of {size(least.free)} free at {least.path}")


def _room(subject: UpgradeSubject) -> Finding:
    data = _forecast(subject)
    if data is None:
        return passed("nothing is deployed")
    if subject.record is not None:
        return _rooms(subject, subject.record, data)
    free = subject.host.facts.file_system(subject.layout.generations).free
    if data.disk > free:
        text = f"a copy of the data takes {size(data.disk)}, {size(free)} are free"
        return failed("disk-short", text, path=str(subject.layout.generations))
    return passed(f"a copy of the data takes {size(data.disk)} of {size(free)}")


ROOM = PreflightCheck(
    code="room",
    title="Room for a copy of the data",
    why="An upgrade works on a copy, which is what makes going back safe.",
    fix="sudo caretaker housekeeping run; then: df -h {path}; df -i {path}",
    look=_room,
)


def _way(subject: UpgradeSubject) -> Finding:
    data = _forecast(subject)
    if data is None or data.how != "copy" or data.size < SLOW:
        how = data.how if data else "nothing"
        return passed(f"the data is cloned by {how}")
    return warned("clone-slow", f"{size(data.size)} are copied while nothing serves")


WAY = PreflightCheck(
    code="clone",
    title="How the data is copied",
    why="On a file system that can't share blocks every byte is copied, while nothing serves.",
    fix="plan for the time; or move the data to a disk with XFS or btrfs",
    look=_way,
)


def _stores(subject: UpgradeSubject) -> Finding:
    values = values_for(subject.today, subject.layout)
    for name, store in subject.today.stores.items():
        path = Path(expand(store.path, values))
        if not path.is_file():
            return warned("store-missing", f"store {name} is not there: {path}", path=str(path))
    return passed(f"{len(subject.today.stores)} declared stores are there")


STORES = PreflightCheck(
    code="stores",
    title="Declared database files",
    why="A migration would find nothing to change.",
    fix="ls -l {path}; a wrong path is corrected in appliance.toml",
    look=_stores,
)


def _database(subject: UpgradeSubject) -> Finding:
    if subject.database is None:
        return passed("no database is declared")
    told = subject.database()
    if told.fenced:
        return failed("database-fenced", "the database refuses writes: it is fenced")
    if told.connections >= BUSY * told.connections_max:
        text = f"{told.connections} of {told.connections_max} connections are taken"
        return warned("database-busy", text)
    if told.oldest_transaction > LONG:
        text = f"a transaction has been open for {told.oldest_transaction:.0f} s"
        return warned("database-waits", text)
    return passed(f"PostgreSQL {told.version}, {told.connections} connections")


DATABASE = PreflightCheck(
    code="database",
    title="The database",
    why="A server that is full or waits can't be stopped in good order.",
    fix="caretaker database status  # then end whoever holds it",
    look=_database,
)
