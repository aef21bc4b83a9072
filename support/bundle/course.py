"""The course of one bundle, from the lock to the file that can be sent.

Owns the order of its stages and what each misfortune means: told to stop, no time, no room, no
redactor. Whatever happens, there is in the end a valid bundle (perhaps partial) or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import BusyError, MachineError
from agent.host import files, lock
from agent.host.failures import FileFailure, LockHeld
from agent.host.growing import DiskFull
from agent.layout import Layout
from agent.manifest.support import Look
from agent.progress import Progress
from support.analysers.analyser import Judgement
from support.analysers.study import Study
from support.bundle import ahead, beginning, names, place, refinery, unfinished
from support.bundle.beginning import Begun
from support.bundle.making import DISK
from support.bundle.messages import Ready
from support.bundle.order import Order
from support.bundle.record import BundleManifest
from support.bundle.refinery import Lost, Refinery
from support.bundle.refining import Tools
from support.bundle.seal import OneFile, Out, Sealed, Split, Stream, name_it, seal
from support.bundle.unfinished import Note
from support.collectors.collector import Collector
from support.scene import Scene

BARREN = "no collector came to its end"
STOPPED = "told to stop"
_USUAL = 32 << 20  # bytes of a finished bundle, for which a place is looked for
_AHEAD = 1  # collectors begun while one is under way; each takes 10 MB
_SYNC_EVERY = 2.0  # seconds
_SYNC_BYTES = 8 << 20


@dataclass(frozen=True)
class Means:
    """What a bundle is made with.

    `tools` runs in the refinery. `looks` are the vendor's own judgements. `told`: were we told to
    stop? `stream` takes the bundle where the order says so.
    """

    tools: Callable[[Scene], Tools]
    looks: Mapping[str, Look]
    told: Callable[[], bool]
    progress: Progress
    stream: Callable[[bytes], None] | None = None


@dataclass(frozen=True)
class Made:
    """What came of it."""

    name: str
    sealed: Sealed
    manifest: BundleManifest
    judgements: Sequence[Judgement]
    notes: Sequence[str] = ()


@dataclass
class _Course:
    scene: Scene
    order: Order
    means: Means
    refinery: Refinery
    ready: Ready
    begun: Begun
    notes: list[str]
    partial: list[str] = field(default_factory=list)
    synced: tuple[float, int] = (0.0, 0)


def make(scene: Scene, order: Order, means: Means) -> Made:
    """Make it. CaretakerError, and then nothing of it is left; `Abandoned` likewise."""
    with _alone(scene.layout, rescue=scene.rescue):
        where = _place(scene, order)
        with _begun(scene, order, means, where) as course, _failing(where.folder):
            _collect(course)
            manifest, judgements = _close(course)
            name, sealed = _finish(course)
            return Made(name, sealed, manifest, judgements, tuple(course.notes))


@contextmanager
def _alone(layout: Layout, *, rescue: bool) -> Iterator[None]:
    """One bundle at a time. BusyError, MachineError."""
    # Our own /run for a disk that is only mounted here too: that one may be full, or read-only.
    path = Layout(Path("/")).support_lock if rescue else layout.support_lock
    try:
        if layout.embedded and not rescue:
            files.ensure_folder(path.parent)
        with lock.exclusive(path, purpose="support bundle"):
            yield
    except LockHeld as error:
        raise BusyError(
            "lock-held",
            f"a support bundle is being made already: {error}",
            hint="caretaker support-bundle  # again in a minute",
        ) from error
    except FileFailure as error:
        raise MachineError("support-failed", str(error), hint=f"ls -ld {path.parent}") from error


@contextmanager
def _failing(folder: Path) -> Iterator[None]:
    """What the disk says, as words with a way out."""
    hint = "caretaker support-bundle --output FOLDER  # on another disk"
    try:
        yield
    except DiskFull as error:
        message = f"{folder} is full, and nothing of the bundle is left there: {error}"
        raise MachineError("disk-short", message, hint=hint) from error
    except FileFailure as error:
        message = f"the bundle could not be written, and nothing of it is left: {error}"
        raise MachineError("support-failed", message, hint=hint) from error


def _place(scene: Scene, order: Order) -> place.Place:
    if order.folder is not None:
        return place.asked(scene.host, order.folder)
    wanted = min(order.max_size, _USUAL)
    return place.default(scene.host, scene.layout, rescue=scene.rescue, wanted=wanted)


@contextmanager
def _begun(scene: Scene, order: Order, means: Means, where: place.Place) -> Iterator[_Course]:
    """Everything that is to be taken away again, and is."""
    means.progress.step("prepare", "Start the redactor and test it")
    started = refinery.start(scene, means.tools, means.told)
    begun: Begun | None = None
    course: _Course | None = None
    try:
        ready = started.ready()
        notes = [*ready.notes]
        with _failing(where.folder):
            begun = _open((scene, order, means), where, ready, notes)
        course = _Course(scene, order, means, started, ready, begun, notes)
        for note in notes:
            means.progress.note(note)
        yield course
    finally:
        (course.refinery if course else started).end()
        if begun is not None:
            begun.over()


def _open(
    world: tuple[Scene, Order, Means], where: place.Place, ready: Ready, notes: list[str]
) -> Begun:
    scene, order, means = world
    begun = None
    if order.resume:
        now = scene.host.clock.wall()
        begun = beginning.again(where, order, now, lambda: _study(scene, means))
        if begun is None:
            notes.append("there was nothing to go on with, so this is a new bundle")
        else:
            notes.append("gone on with where it was interrupted; what was done is not done again")
    if begun is None and unfinished.remove(where.folder) and not order.resume:
        notes.append("an unfinished bundle was removed; --resume would have gone on with it")
    if where.why:
        notes.append(f"{where.why}, so the bundle is in {where.folder}")
    return begun or beginning.anew(scene, order, ready, where, _study(scene, means))


def _study(scene: Scene, means: Means) -> Study:
    # Compiled patterns run as they are: never those of another machine's disk.
    return Study(means.looks, store=None if scene.rescue else scene.layout.support_state)


def _collect(course: _Course) -> None:
    """Run the collectors; why not all of them, in `partial`."""
    clock, begun = course.scene.host.clock, course.begun
    collectors = {each.code: each for each in course.order.chosen}
    total = len(begun.left)
    deadline = clock.monotonic() + course.order.max_time
    course.means.progress.step("collect", f"Collect and redact (collectors: {total})")
    while begun.left:
        if why := _no_more(course, deadline - clock.monotonic()):
            break
        code = begun.left.pop(0)
        course.means.progress.advance(total - len(begun.left), total, "items")
        if code in collectors and (why := _one(course, collectors[code], deadline)):
            break
        _keep_note(course)
    else:
        why = ""
    if why:
        course.partial.append(why)
        begun.making.skip(begun.left, why)
        begun.left.clear()
    elif begun.making.barren:
        course.partial.append(BARREN)


def _no_more(course: _Course, seconds: float) -> str:
    if course.means.told():
        return STOPPED
    return "the time for collecting was over" if seconds <= 0 else ""


def _one(course: _Course, collector: Collector, deadline: float) -> str:
    """Run one; why none may follow. RefusedError for a leak."""
    clock, making = course.scene.host.clock, course.begun.making
    begun = clock.monotonic()
    given = course.refinery.collect(
        collector.code,
        room=max(0, making.room),
        seconds=deadline - begun,
        quiet=collector.timeout,
        soon=course.begun.left[:_AHEAD],
    )
    try:
        making.take(collector.code, given)
    except DiskFull:
        course.begun.release()
        making.drop_open(collector.code, DISK, clock.monotonic() - begun)
        _again(course)
        return DISK
    except Lost as lost:
        making.drop_open(collector.code, f"the redactor: {lost}", clock.monotonic() - begun)
        if not any(not each.withheld for each in making.files):
            raise MachineError(
                "redaction-failed",
                f"the redactor ended before the first file was whole ({lost}); nothing is left",
                hint="caretaker support-bundle  # again; journalctl -k says whether memory ran out",
            ) from lost
        _again(course)
        return STOPPED if course.means.told() else "the redactor ended early"
    last = making.collectors[-1]
    if last.how not in ("done", "skipped"):
        course.means.progress.note(f"{collector.code}: {last.how}: {last.why}")
    return STOPPED if last.how == "killed" and course.means.told() else ""


def _again(course: _Course) -> None:
    """Another refinery, for the texts at the end: the one before is lost, or out of step."""
    course.refinery.end()
    course.refinery = refinery.start(course.scene, course.means.tools, course.means.told)
    course.refinery.ready()


def _keep_note(course: _Course) -> None:
    """So that a power cut does not cost what is done. Not too often: each waits for the disk."""
    begun, making = course.begun, course.begun.making
    now = course.scene.host.clock.monotonic()
    since, length = course.synced
    if not since:
        course.synced = (now, 0)
        return
    if now - since < _SYNC_EVERY and making.packer.weight - length < _SYNC_BYTES:
        return
    making.packer.flush()
    ahead.sync(course.scene.layout)
    making.part.sync()
    note = Note(
        header=begun.header,
        consent=begun.consent,
        engine=course.ready.engine,
        selftest=course.ready.selftest,
        chosen=tuple(each.code for each in course.order.chosen),
        collectors=tuple(making.collectors),
        files=tuple(making.files),
        length=making.part.end,
    )
    unfinished.write(making.part.path, note)
    course.synced = (now, making.part.end)


def _close(course: _Course) -> tuple[BundleManifest, list[Judgement]]:
    course.means.progress.step("analyse", "Look at what was collected, and sign it")
    course.begun.release()
    try:
        if why := course.refinery.settle():
            course.notes.append(why)
            course.means.progress.note(why)
    except Lost:
        _again(course)  # What was collected is whole; another one looks at the last texts.
    # What signs and what writes the report take room that nobody had while collectors ran.
    from support.bundle import closing

    key = closing.key_of(course.scene, course.notes)

    def closed() -> tuple[BundleManifest, list[Judgement]]:
        partial = "; ".join(course.partial)
        return closing.close(course.begun, course.ready, course.refinery, key, partial)

    try:
        return closed()
    except Lost:
        _again(course)
    try:
        return closed()
    except Lost as lost:
        raise MachineError(
            "redaction-failed",
            f"the redactor ended before it saw the last texts ({lost}); nothing is left",
            hint="caretaker support-bundle  # again",
        ) from lost


def _finish(course: _Course) -> tuple[str, Sealed]:
    order, begun = course.order, course.begun
    part = begun.making.part
    name = names.final(
        begun.header,
        redacted=order.redaction == "full",
        whole=not course.partial,
        encrypted=bool(order.recipients),
    )
    unfinished.remove_note(part.path)
    if not order.recipients and not order.volume and not order.stream:
        sealed = name_it(part, name)
        begun.kept = True
        return name, sealed
    words = f"Encrypt to {order.encrypted_to}" if order.recipients else "Write it"
    course.means.progress.step("seal", words)
    total = part.end
    sealed = seal(
        part,
        _out(course, part.path.with_name(name)),
        order.recipients,
        lambda done: course.means.progress.advance(done, total, "bytes"),
    )
    return name, sealed


def _out(course: _Course, path: Path) -> Out:
    if course.means.stream is not None and course.order.stream:
        return Stream(course.means.stream)
    return Split(path, course.order.volume) if course.order.volume else OneFile(path)
