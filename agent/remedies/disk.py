"""`disk`: room on a file system that is nearly full, in bytes or inodes.

Owns running housekeeping's safe tasks out of their time, in their order, until the file system is
below the warning line. Refuses to delete anything itself, and to touch data: where the tasks have
nothing left to give, it says what fills the disk and a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.errors import MachineError
from agent.health.words import amount
from agent.housekeeping.run import Runner
from agent.housekeeping.states import read_states
from agent.housekeeping.task import Chores, Task
from agent.remedies.codes import CODES
from agent.remedies.hoards import evidence
from agent.remedies.remedy import Budget, Fault, Remedy, Scene
from agent.remedies.volumes import Volume, volumes

_ACTOR = "remedy disk"
_URGENT = 64 << 20  # bytes
_URGENT_INODES = 1000
_LATELY = 3600.0  # seconds: a vendor's task that ran this recently has nothing left to give
_TASK_TIMEOUT = 300.0  # seconds for one task; what takes longer goes on without us
# Seconds for one dry run: who fills a folder with files must not keep other remedies waiting.
_LOOK, _LOOK_AT_BOOT = 20.0, 5.0
_AT_BOOT = 30.0  # seconds for all tasks there, since the application and its other remedies wait
_WAIT = 120.0  # seconds for housekeeping that is under way: it may be making room just now


@dataclass(frozen=True, slots=True)
class _Offer:
    """A task that may make room, and how many bytes it expects to; None: it can't say."""

    task: Task
    bytes: int | None


@dataclass(frozen=True, slots=True)
class _Offers:
    """What may be run, and why others may not just now."""

    good: tuple[_Offer, ...] = ()
    held_back: tuple[str, ...] = ()


def find(scene: Scene) -> list[Fault]:
    line = _line(scene)
    full = [
        (volume, inodes)
        for volume in volumes(scene)
        for inodes in (False, True)
        if _level(volume, inodes=inodes) >= line
        and (not scene.booting or _is_urgent(volume, inodes=inodes))
    ]
    # A dry run of every task has its price, and is the same for all volumes.
    offers = _offers(scene) if full else _Offers()
    return [_fault(scene, volume, offers, inodes=inodes) for volume, inodes in full]


def mend(scene: Scene, fault: Fault) -> str:
    said: list[str] = []
    clock = scene.host.clock
    begun = clock.monotonic()
    for offer in _offers(scene).good:
        left = _AT_BOOT - (clock.monotonic() - begun) if scene.booting else _TASK_TIMEOUT
        if left <= 0:
            said.append("the rest once the application runs")
            break
        before = _now(scene, fault)
        why = _run(scene, offer.task, left)
        after = _now(scene, fault)
        said.append(f"{offer.task.name}: {_gained(before, after)}{f', {why}' if why else ''}")
        if after is None or _level(after, inodes=_of_inodes(fault)) < _line(scene):
            break
    if not said:
        raise MachineError("command-failed", "no task of housekeeping has anything to give")
    last = _now(scene, fault)
    level = f"; {_level(last, inodes=_of_inodes(fault)):.1f} percent in use now" if last else ""
    return f"{'; '.join(said)}{level}"


def _run(scene: Scene, task: Task, seconds: float) -> str:
    """Run it; what went wrong. Raises BusyError, MachineError.

    On systemd in its own unit, which has the rights that it needs, as at its usual time.
    """
    if scene.layout.embedded or not scene.host.systemd.booted():
        runner = Runner(chores=_chores(scene), actor=_ACTOR, wait=_WAIT, gentle=False)
        shorter = min(task.timeout, seconds) if scene.booting else task.timeout
        return runner.run([replace(task, timeout=shorter)])[0].why
    unit = f"caretaker-task@{task.name}.service"
    done = scene.host.systemd.control("start", unit, timeout=seconds)
    if not done.ok:
        return done.reason
    state = read_states(scene.layout).tasks.get(task.name)
    return state.why if state is not None else ""


def _fault(scene: Scene, volume: Volume, offers: _Offers, *, inodes: bool) -> Fault:
    level = _level(volume, inodes=inodes)
    what = "inodes" if inodes else "space"
    code = "inodes-low" if inodes else "disk-full" if volume.room.free <= 0 else "disk-low"
    summary = f"{level:.1f} percent of the {what} in use: {volume.words}"
    if inodes:
        room = volume.room
        summary = f"{level:.1f} percent of the inodes in use: {room.inodes_free} free"
    detail: dict[str, str | int | float | bool | None] = {
        "used_percent": round(level, 2),
        "free_bytes": volume.room.free,
        "file_system": volume.kind,
    }
    if offers.held_back:
        detail["held_back"] = "\n".join(offers.held_back)
    if offers.good:
        plan = "run " + ", ".join(map(_planned, offers.good)) + ", until it is below the line"
        return Fault(target=volume.point, code=code, summary=summary, plan=plan, detail=detail)
    seen = evidence(scene, volume, inodes=inodes)
    return Fault(
        target=volume.point,
        code=code,
        summary="; ".join([summary, *offers.held_back, seen.words]),
        # Always the same words: a new refusal is a new entry of the ledger.
        refusal="only a person can make room: all that may safely go is gone",
        hint=seen.hint,
        detail={**detail, "largest": seen.largest, "deleted_but_open": seen.unseen},
    )


def _level(volume: Volume, *, inodes: bool) -> float:
    return volume.inodes_used if inodes else volume.used


def _is_urgent(volume: Volume, *, inodes: bool) -> bool:
    """Whether nothing else can go on: at boot the application waits for us, so only then."""
    if inodes:
        return volume.room.inodes_free < _URGENT_INODES
    return volume.room.free < _URGENT


def _of_inodes(fault: Fault) -> bool:
    return fault.code == "inodes-low"


def _line(scene: Scene) -> float:
    return scene.manifest.remediation.disk_warn


def _now(scene: Scene, fault: Fault) -> Volume | None:
    """The fault's file system as it stands; None where it is gone."""
    return next((each for each in volumes(scene) if each.point == fault.target), None)


def _gained(before: Volume | None, after: Volume | None) -> str:
    """Measured, not believed: what a task removed may still be open, or lie on another disk."""
    if before is None or after is None:
        return "done"
    freed = max(0, after.room.free - before.room.free)
    inodes = max(0, after.room.inodes_free - before.room.inodes_free)
    return f"freed {amount(freed)}{f' and {inodes} inodes' if inodes else ''}"


def _offers(scene: Scene) -> _Offers:
    """The safe tasks that have something to give, by their own dry runs, in their order."""
    # Every task of the house comes with it: for whoever finds a full disk, not for all.
    from agent.housekeeping.roll import tasks_of

    safe = [t for t in tasks_of(scene.manifest, embedded=scene.layout.embedded) if t.frees]
    good: list[_Offer] = []
    held_back: list[str] = []
    states = read_states(scene.layout).tasks
    now = scene.host.clock.wall()
    dry = Runner(chores=_chores(scene, dry=True), actor=_ACTOR, gentle=False)
    for task in safe:
        if task.name in scene.manifest.tasks:
            # A program can't be asked what it would do, only when it last did it.
            ran = states[task.name].began if task.name in states else 0.0
            if not 0 <= now - ran < _LATELY:
                good.append(_Offer(task, None))
            continue
        most = _LOOK_AT_BOOT if scene.booting else _LOOK
        (told,) = dry.run([replace(task, timeout=min(task.timeout, most))])
        if told.seconds >= most:
            good.append(_Offer(task, None))  # So much to look at may well be much to remove.
        elif told.done.freed > 0 or told.done.items > 0:
            good.append(_Offer(task, told.done.freed))
        elif told.why:
            held_back.append(f"{task.name}: {told.why}")
    return _Offers(tuple(good), tuple(held_back))


def _chores(scene: Scene, *, dry: bool = False) -> Chores:
    return Chores(
        host=scene.host,
        manifest=scene.manifest,
        layout=scene.layout,
        values=scene.values,
        dry=dry,
    )


def _planned(offer: _Offer) -> str:
    return f"{offer.task.name} ({amount(offer.bytes)})" if offer.bytes else offer.task.name


REMEDY = Remedy(
    name="disk",
    title="room on a disk that is nearly full",
    cures=CODES["disk"],
    find=find,
    mend=mend,
    refuses="where the safe tasks of housekeeping have nothing left to give; it never touches data",
    undo="nothing to undo: what went was a copy, a leftover or past its age; see the task's page",
    budget=Budget(acts=6, window=3600.0, pause=60.0, longest=900.0),
    at_boot=True,
    makes_room=True,
)
