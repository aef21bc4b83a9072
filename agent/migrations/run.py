"""Migrations, carried out on a clone: compared, run, verified and marked, one after the other.

Owns the order: what every store says of itself is compared before anything runs; a migration
counts as applied once its `verify` agrees, and then each store says so. Refuses the live data, and
to undo: what fails is thrown away with the clone, so `down` is never the safety net.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from agent.change.change import Draft
from agent.deployment import Deployment, Deployments
from agent.errors import CaretakerError, MachineError, RolledBackError
from agent.host import listing
from agent.host.failures import HostFailure
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.migrations.bench import Bench, Store, opened
from agent.migrations.marks import Mark, Marks, agreed, changed_since, mark_of, to_do
from agent.migrations.step import (
    StepFailed,
    ask,
    check_store,
    refuse_leftovers,
    run_step,
)
from agent.migrations.stores import kinds_of
from agent.progress import Progress
from agent.release.record import MigrationRecord, ReleaseRecord
from agent.release.staged import record_of

Answer = TypeVar("Answer")

_FOLDER = re.compile(r"(\d{4})-(.+)")


class Ran(Struct, frozen=True):
    """One migration that was applied. `checks`: what was found of each store afterwards."""

    number: int
    name: str
    seconds: float
    batches: int
    checks: dict[str, str]


def pending(
    record: ReleaseRecord | None, before: Deployment, layout: Layout
) -> tuple[MigrationRecord, ...]:
    """What an upgrade from `before` would run, as far as releases tell: no store is opened.

    For plan and preflight. Raises RefusedError where they are out of order, MachineError.
    """
    return to_do(record.migrations if record else (), brought_by(before, layout))


def brought_by(before: Deployment, layout: Layout) -> Marks:
    """What the data of a deployment has, by its release.

    A release that setup staged has no record; setup kept the `migrations/` that it came with, and
    data that was made then is as the newest of them left it.
    """
    record = record_of(layout.releases / before.release)
    if record is not None:
        return tuple(mark_of(each, record.version, 0.0) for each in record.migrations)
    try:
        names = [entry.name for entry in listing.entries(layout.etc / "migrations")]
    except (FileNotFoundError, HostFailure):
        return ()
    found = (_FOLDER.fullmatch(name) for name in names)
    return tuple(Mark(int(match[1]), match[2], version=before.version) for match in found if match)


def migrate(
    draft: Draft,
    release: Path,
    *,
    progress: Progress,
    database_url: str = "",
    had: Collection[int] | None = None,
) -> list[Ran]:
    """Bring a draft's data, which is a clone by now, to what `release` (staged) wants.

    `database_url` is of the clone of an external database; a bundled one is run on the draft
    meanwhile. Call it from a thread that lives as long. `had`: numbers of the migrations that this
    data is known to have, where it is not of the deployment before (a backup). Raises RefusedError
    before anything ran, RolledBackError `migration-failed`, MachineError, BusyError; whatever it
    raises, the draft is good for nothing.
    """
    record = record_of(release)
    if record is not None and had is not None:
        brought: Marks = tuple(
            mark_of(each, "", 0.0) for each in record.migrations if each.number in had
        )
    else:
        brought = brought_by(draft.before, draft.scene.layout)
    if record is None or not (record.migrations or brought):
        return []
    progress.step("migrate", "compare what each store says of itself")
    with opened(draft, release, database_url) as bench:
        refuse_leftovers(bench)
        try:
            return _Course(bench, record, brought, _known(draft), progress).run()
        except StepFailed as failed:
            raise _failed("what comes before and after the migrations", failed) from failed


def _known(draft: Draft) -> Collection[str]:
    """The stores that the release which runs knew. Raises ManifestError."""
    deployments = Deployments(draft.scene.layout, draft.scene.host.clock)
    text = deployments.manifest(draft.before.number)
    return kinds_of(parse(text.decode()) if text else draft.scene.manifest)


class _Course:
    """One run over all migrations of a release."""

    def __init__(
        self,
        bench: Bench,
        record: ReleaseRecord,
        brought: Marks,
        known: Collection[str],
        progress: Progress,
    ) -> None:
        self._bench, self._record, self._progress = bench, record, progress
        self._brought, self._known = brought, known
        self._clock = bench.scene.host.clock

    def run(self) -> list[Ran]:
        stores = self._bench.stores
        marks = _at_once(self._marks, stores)
        found = {store.name: each for store, each in zip(stores, marks, strict=True)}
        applied = agreed(found, self._brought)
        todo = to_do(self._record.migrations, applied)
        _refuse_missing(self._bench, todo)
        for name in changed_since(self._record.migrations, applied):
            self._progress.note(
                f"{name} was applied, and this release has it otherwise: left as is"
            )
        for why in self._bench.unfenced:
            self._progress.note(f"{why}: migrations could write wherever their user may")
        if not self._bench.cell.user and self._bench.scene.layout.embedded:
            self._progress.note("embedded: migrations run as the user that runs Caretaker")
        ran = []
        for record in todo:
            ran.append(self._one(record, applied))
            applied = (*applied, mark_of(record, self._record.version, self._clock.wall()))
        self._mark_all(applied, self._bench.stores)
        return ran

    def _marks(self, store: Store) -> Marks | None:
        """None where the store is new: not there yet, or never declared before."""
        marks = _marks(self._bench, store)
        return marks if marks or store.name in self._known else None

    def _one(self, record: MigrationRecord, applied: Marks) -> Ran:
        title = f"migration {record.folder}"
        self._progress.step(f"migrate-{record.number:04d}", title)
        begun = self._clock.monotonic()
        mark = mark_of(record, self._record.version, self._clock.wall())

        def heard(done: int, total: int) -> None:
            self._progress.advance(min(done, total), total, "items")

        try:
            batches = run_step(self._bench, record, "up", (*applied, mark), heard)
            run_step(self._bench, record, "verify", (), lambda done, total: None)
            checks = {
                name: check_store(self._bench, self._bench.store(name)) for name in record.stores
            }
        except StepFailed as failed:
            raise _failed(title, failed) from failed
        seconds = self._clock.monotonic() - begun
        words = ", ".join(f"{name} {found}" for name, found in checks.items())
        self._progress.note(f"{title}: {seconds:.1f} s; {words}")
        return Ran(record.number, record.name, seconds, batches, checks)

    def _mark_all(self, applied: Marks, stores: Sequence[Store]) -> None:
        """Every store carries the whole list, so that each one alone tells what it belongs to."""
        if applied:
            _at_once(lambda store: ask(self._bench, store, "mark", marks=applied), stores)


def _at_once(act: Callable[[Store], Answer], stores: Sequence[Store]) -> list[Answer]:
    """The same act on each store, answers in their order: each is a process that mostly waits, and
    the services are stopped. Raises what the first of them raises, once all have ended."""
    if len(stores) < 2:
        return [act(store) for store in stores]
    with ThreadPoolExecutor(len(stores)) as threads:
        return list(threads.map(act, stores))


def _refuse_missing(bench: Bench, todo: Sequence[MigrationRecord]) -> None:
    there = {store.name for store in bench.stores}
    for record in todo:
        if not there.issuperset(record.stores):
            raise MachineError(
                "database-failed",
                f"{record.folder} changes the database, which is on another server and could not"
                " be cloned there; it must not be run on the one in use",
                hint="caretaker database move --to bundled  # or let its role make databases",
            )


def _marks(bench: Bench, store: Store) -> Marks | None:
    answer = ask(bench, store, "marks")
    if answer.get("absent"):
        return None
    try:
        return msgspec.convert(answer["marks"], Marks)
    except (msgspec.ValidationError, KeyError) as error:
        raise MachineError(
            "state-corrupt",
            f"what {store.name} says of its migrations is not understood: {error}",
            hint="caretaker backup restore",
        ) from error


def _failed(what: str, failed: StepFailed) -> CaretakerError:
    # One line that is in the reason already says nothing more.
    lines = [] if len(failed.said) == 1 and failed.said[0] in failed.why else failed.said
    said = "".join(f"\n  | {line}" for line in lines)
    return RolledBackError(
        "migration-failed",
        f"{what} failed on the clone of the data: {failed.why}{said}",
        hint="caretaker ledger  # and hand this to the vendor; the old version's data is untouched",
    )
