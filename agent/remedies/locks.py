"""Remedy: lock files left over from a process that is gone are put aside, so that the next starts.

Owns the order of it: stop the service, judge again, put the file away, start the service again if
it was wanted. The rules stand in agent/locks, the safe move in agent/host/quarantine. Refuses to
delete anything, to touch a lock that anybody may hold, and `flock` and `fcntl` altogether: the
kernel gives those back by itself.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.errors import CaretakerError, MachineError
from agent.host import descent, holders, quarantine
from agent.host.clock import rfc3339
from agent.host.descent import Place
from agent.host.failures import HostFailure
from agent.locks.evidence import Evidence, LockFile
from agent.locks.judgement import Free, Held, Stale, Unknown, Verdict, judge
from agent.locks.places import quarantines
from agent.locks.witness import gather, look, prepared
from agent.manifest.upkeep import Lock
from agent.remedies.codes import CODES
from agent.remedies.remedy import Budget, Fault, Remedy, Scene
from agent.services.names import unit_name

INTERRUPTED = "an earlier run was ended while it looked at this lock"
_WANTED = ("active", "starting", "backoff", "failed")  # somebody started it and it is not up
_TROUBLE = ("backoff", "failed")


def find(scene: Scene) -> list[Fault]:
    """Every lock that is left over, and each that keeps its service down for another reason."""
    found = [_fault(scene, name, lock) for name, lock in scene.manifest.locks.items()]
    return [fault for fault in found if fault is not None]


def mend(scene: Scene, fault: Fault) -> str:
    """Put one stale lock aside. The caller holds the lock of all remedies."""
    lock = prepared(scene.manifest.locks[fault.target], scene.values)
    with descent.at(Path(lock.path)) as place:
        if place is not None and place.file >= 0:
            quarantine.bring_back(place, quarantines(scene.layout))
    if scene.booting:
        return _put_away(scene, fault.target, lock)
    if kept := _why_not(scene, lock):
        return kept  # It came up by itself meanwhile, say: no reason to stop it.
    before = scene.services.state(lock.service).state
    if before != "stopped" or not scene.layout.embedded:
        # Also of one that is down: systemd then drops a start that waits for its turn.
        scene.services.stop(lock.service)
    try:
        said = _put_away(scene, fault.target, lock)
    finally:
        note = _start_again(scene, lock.service) if before in _WANTED else ""
    return f"{said}{note}"


def _why_not(scene: Scene, lock: Lock) -> str:
    """Why the lock stays as it is; empty where it is left over."""
    with descent.at(Path(lock.path)) as place:
        if place is None or place.file < 0:
            return f"{lock.path} had gone by itself"
        verdict = judge(lock, _gather(scene, lock, place))
    return _left_alone(lock, verdict) if not isinstance(verdict, Stale) else ""


def _left_alone(lock: Lock, verdict: Held | Free | Unknown) -> str:
    return f"{lock.path} was left alone: {verdict.reason}"


def _start_again(scene: Scene, service: str) -> str:
    """A service that does not start is another fault, and others' to mend."""
    if not scene.layout.embedded:
        # The lock made it fail until systemd refused every further start (start-limit-hit).
        scene.host.systemd.control("reset-failed", unit_name(scene.manifest, service))
    try:
        scene.services.start(service)
    except MachineError as error:
        return f"; {error.message}"
    return f"; {service} was started again"


def _fault(scene: Scene, name: str, declared: Lock) -> Fault | None:
    try:
        lock = prepared(declared, scene.values)
        with descent.at(Path(lock.path)) as place:
            if place is None or place.file < 0:
                return None
            if quarantine.placeholder(place):
                plan = "put the lock back where it stood and judge it again"
                return Fault(target=name, code="lock-stale", summary=INTERRUPTED, plan=plan)
            seen = _gather(scene, lock, place)
            return _told(scene, name, lock, judge(lock, seen), seen)
    except (CaretakerError, HostFailure, OSError) as error:
        return _refused(name, "lock-unreadable", f"{declared.path} can't be judged: {error}")


def _told(scene: Scene, name: str, lock: Lock, verdict: Verdict, seen: Evidence) -> Fault | None:
    what = f"{lock.path} of {lock.service}"
    match verdict:
        case Stale(reason=reason, code=code):
            acts = "" if scene.booting or seen.service == "stopped" else f"stop {lock.service}, "
            again = f", start {lock.service}" if acts else ""
            return Fault(
                target=name,
                code=code,
                summary=f"{what} is left over: {reason}",
                plan=f"{acts}look again, move the file into quarantine{again}",
            )
        case Held(reason=reason, pid=pid) if seen.service in _TROUBLE:
            ask = f"ps -fp {pid}" if pid > 0 else f"fuser -v {lock.path}"
            return _refused(name, "lock-held", f"{what} is held: {reason}", ask)
        case Unknown(reason=reason, code=code):
            return _refused(name, code, f"{what} can't be judged: {reason}", f"ls -l {lock.path}")
        case Held() | Free():
            return None


def _refused(name: str, code: str, reason: str, hint: str = "") -> Fault:
    return Fault(target=name, code=code, summary=reason, refusal=reason, hint=hint)


def _gather(scene: Scene, lock: Lock, place: Place) -> Evidence:
    return gather(lock, place, host=scene.host, manifest=scene.manifest, services=scene.services)


def _put_away(scene: Scene, name: str, lock: Lock) -> str:
    with descent.at(Path(lock.path)) as place:
        if place is None or place.file < 0:
            return f"{lock.path} had gone by itself"
        seen = _gather(scene, lock, place)
        verdict = judge(lock, seen)
        if not isinstance(verdict, Stale):
            return _left_alone(lock, verdict)
        stamp = rfc3339(scene.host.clock.wall()).replace("-", "").replace(":", "")
        kept = quarantine.put_away(
            place,
            f"{stamp}-{name}-{verdict.word}",
            quarantines(scene.layout),
            still=lambda nobody: _same(place, seen.file, nobody=nobody),
        )
    match kept.outcome:
        case "moved":
            return (
                f"{lock.path} was left over ({verdict.reason}) and stands in quarantine; undo: "
                f"mv -n {kept.where} {lock.path}"
            )
        case "gone":
            return f"{lock.path} had gone by itself"
        case "returned":
            return f"{lock.path} was taken anew in that moment, and left alone"


def _same(place: Place, judged: LockFile, *, nobody: bool) -> bool:
    """Whether what was moved is what was judged: the file is the same, but its bytes may not be."""
    now = look(place)
    if (now.content, now.written, now.owner) != (judged.content, judged.written, judged.owner):
        return False
    return nobody or not _opened(place)


def _opened(place: Place) -> bool:
    """Whether somebody has it open, where the kernel would not say."""
    facts = place.facts
    sought = holders.Sought(frozenset({(facts.st_dev, facts.st_ino)}), (), frozenset())
    swept = holders.sweep(sought, but=(os.getpid(),))
    return bool(swept.holders or swept.unseen or swept.blind)


REMEDY = Remedy(
    name="locks",
    title="lock files left over from a process that is gone",
    cures=CODES["locks"],
    find=find,
    mend=mend,
    refuses=(
        "while anybody may hold the lock: its process lives, a process has the file or what it "
        "guards open, one can't be looked at, or the file system is shared with other machines"
    ),
    undo="mv the file from quarantine to where it stood; the history names both",
    budget=Budget(acts=5, window=3600.0, pause=10.0, longest=900.0),
    at_boot=True,
)
