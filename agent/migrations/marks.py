"""What was applied, as each store says of itself; and what a release may do with that. Pure.

Owns the judgement before anything runs: stores that disagree, data that is ahead of or behind its
release or has another history, and migrations out of order are refused, with the next command.
Refuses to read a store (`store`) and to run anything (`run`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from msgspec import Struct

from agent.errors import RefusedError
from agent.release.record import MigrationRecord

_RESTORE = "caretaker backup restore  # all stores of one backup together"
_VENDOR = "ask the vendor for a release that fits; the appliance runs on as it was"


class Mark(Struct, frozen=True):
    """One applied migration, as it stands in a store. `applied` is seconds since 1970.

    `checksum` is of the whole migration; empty where the data was made by a release that had it
    already. `version` is the release that it came with.
    """

    number: int
    name: str
    checksum: str = ""
    version: str = ""
    applied: float = 0.0

    @property
    def folder(self) -> str:
        return f"{self.number:04d}-{self.name}"


Marks = tuple[Mark, ...]


def checksum_of(record: MigrationRecord) -> str:
    """One hash for all files of a migration."""
    lines = (f"{name}\0{digest}\n" for name, digest in sorted(record.checksums.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def agreed(stores: Mapping[str, Marks | None], release: Marks) -> Marks:
    """What is applied, by all stores alike. `release`: what the running release brings with it.

    A store that holds no marks yet is None where it was not there before. Where none of them has
    marks nothing was ever migrated here, so the data is as its release made it.
    Raises RefusedError.
    """
    marked = {name: marks for name, marks in stores.items() if marks is not None}
    if not any(marked.values()):
        return release
    first, *others = sorted(marked, key=lambda name: -len(marked[name]))
    for other in others:
        _refuse_difference(first, marked[first], other, marked[other])
    _refuse_foreign(first, marked[first], release)
    return marked[first]


def _refuse_difference(more: str, marks: Marks, less: str, fewer: Marks) -> None:
    odd = _first_odd(marks, fewer)
    if odd is None:
        return
    lacks, has = (less, more) if odd in marks else (more, less)
    where = f"{lacks} does not" if marks and fewer else f"{lacks} carries no migration at all"
    raise RefusedError(
        "refused",
        f"the stores do not belong together: {has} carries the migration {odd.folder}, {where};"
        " one of them was restored or exchanged on its own",
        hint=_RESTORE,
    )


def _first_odd(marks: Marks, others: Marks) -> Mark | None:
    """A mark that only one of them has; times and releases don't count."""
    mine, theirs = {mark.folder for mark in marks}, {mark.folder for mark in others}
    odd = [mark for mark in (*marks, *others) if mark.folder in mine ^ theirs]
    return min(odd, key=lambda mark: mark.number) if odd else None


def _refuse_foreign(store: str, marks: Marks, release: Marks) -> None:
    there, known = {mark.folder for mark in marks}, {mark.folder for mark in release}
    newest = max((mark.number for mark in release), default=0)
    ahead = [mark for mark in marks if mark.number > newest]
    if ahead:
        came = f", which came with {ahead[-1].version}" if ahead[-1].version else ""
        raise RefusedError(
            "refused",
            f"the data is ahead of the release that runs: {store} carries the migration"
            f" {ahead[-1].folder}{came}",
            hint="caretaker releases  # then restore the data that goes with the one that runs",
        )
    behind = [mark for mark in release if mark.folder not in there]
    if behind:
        raise RefusedError(
            "refused",
            f"the data is behind the release that runs: {store} lacks the migration"
            f" {behind[0].folder}, so it was restored from before",
            hint=_RESTORE,
        )
    by_number = {mark.number: mark for mark in release}
    for mark in marks:
        if mark.folder not in known and mark.number in by_number:
            raise RefusedError(
                "refused",
                f"{store} has another history: it carries {mark.folder} where the release has"
                f" {by_number[mark.number].folder}",
                hint=_RESTORE,
            )


def to_do(records: Sequence[MigrationRecord], applied: Marks) -> tuple[MigrationRecord, ...]:
    """Those of the new release that are not applied, in order. Raises RefusedError."""
    by_number = {mark.number: mark for mark in applied}
    newest = max(by_number, default=0)
    found: list[MigrationRecord] = []
    for record in records:
        before = by_number.get(record.number)
        if before is not None:
            if before.name != record.name:
                raise _out_of_order(
                    f"the release has {record.folder} where {before.folder} was applied"
                )
            continue
        if record.number < newest:
            raise _out_of_order(
                f"{record.folder} was never applied, and {by_number[newest].folder}, which comes"
                " after it, was"
            )
        found.append(record)
    _refuse_gap(records, found, by_number)
    return tuple(found)


def _refuse_gap(
    records: Sequence[MigrationRecord],
    found: Sequence[MigrationRecord],
    applied: Mapping[int, Mark],
) -> None:
    newest = max(applied, default=0)
    if found and newest:
        first = found[0]
        overlaps = any(record.number in applied for record in records)
        if not overlaps and first.number != newest + 1 and not first.requires:
            raise _out_of_order(
                f"the release begins with {first.folder}, and {applied[newest].folder} is the last"
                " one applied: those between are missing"
            )
    there = set(applied)
    for record in found:
        unmet = [number for number in record.requires if number not in there]
        if unmet:
            raise _out_of_order(f"{record.folder} requires {unmet[0]:04d}, which was never applied")
        there.add(record.number)


def changed_since(records: Sequence[MigrationRecord], applied: Marks) -> tuple[str, ...]:
    """Applied migrations that the new release has with other content: worth a line, no more.

    It was the vendor's doing (the release is signed), it is not run again, and the customer could
    do nothing about it.
    """
    known = {mark.folder: mark.checksum for mark in applied if mark.checksum}
    return tuple(
        record.folder
        for record in records
        if known.get(record.folder, checksum_of(record)) != checksum_of(record)
    )


def mark_of(record: MigrationRecord, version: str, applied: float) -> Mark:
    return Mark(record.number, record.name, checksum_of(record), version, applied)


def _out_of_order(why: str) -> RefusedError:
    return RefusedError("refused", f"the migrations are out of order: {why}", hint=_VENDOR)
