"""Changing a secret as one act: made, told to the application, put in place, everybody restarted.

Owns the order, and that a run that is killed can only be finished: the new value is on disk before
anybody hears of it, and each step may be done twice. Where the application will not work with the
new value, the old one is put back. Refuses to say either.

    .NAME.next     the value to come; it is there: a rotation is under way
    .NAME.before   the value that was, until the new one has proved itself
    .NAME.back     the value that was, on its way back: the new one did not work
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.credentials.users import checks_using, services_using
from agent.errors import CaretakerError, MachineError
from agent.health.context import Context
from agent.health.look import look_once
from agent.host import files
from agent.host.as_user import as_user
from agent.host.failures import FileFailure, HostFailure
from agent.layout import Layout
from agent.manifest.placeholders import expand
from agent.remedies.remedy import Scene
from agent.secrets import make
from agent.services.credentials import looker
from agent.services.units import environment_files

AGENT_UNIT = "caretaker.service"
_CAP = 4096  # bytes
_HOOK = 120.0  # seconds
_PROOF = 30.0  # seconds for the services to come up with the new value
_PAUSE = 0.5


def next_path(layout: Layout, name: str) -> Path:
    return layout.secrets / f".{name}.next"


def before_path(layout: Layout, name: str) -> Path:
    return layout.secrets / f".{name}.before"


def back_path(layout: Layout, name: str) -> Path:
    return layout.secrets / f".{name}.back"


def under_way(layout: Layout, name: str) -> bool:
    """Whether a rotation was cut short."""
    return any(path(layout, name).exists() for path in (next_path, before_path, back_path))


def rotate(scene: Scene, name: str) -> str:
    """Make a new value and bring it into force; what was done, in a line.

    Raises CaretakerError, FileFailure; then the old value is in force, or, after a kill or a full
    disk, the next `rotate` finishes this one.
    """
    layout = scene.layout
    if not under_way(layout, name):
        fresh = make(scene.manifest.secrets[name])
        files.replace(next_path(layout, name), f"{fresh}\n".encode(), mode=0o600)
    return finish(scene, name)


def finish(scene: Scene, name: str) -> str:
    """Bring a rotation that began to its end. Raises as `rotate`."""
    if back_path(scene.layout, name).exists():
        _come_back(scene, name)
        return "the new value did not work, so the old one is in force again"
    trouble = _forward(scene, name)
    if trouble:
        # One rename, so that a kill leaves either a change under way or a return under way.
        files.rename(before_path(scene.layout, name), back_path(scene.layout, name))
        _come_back(scene, name)
        raise MachineError(
            "service-failed",
            f"with a new value of the secret {name}, {trouble}; the old value is in force again",
            hint="caretaker status",
        )
    files.remove(before_path(scene.layout, name))
    told = services_using(scene.manifest, name)
    return f"changed; restarted {', '.join(told)}" if told else "changed; no service uses it"


def _forward(scene: Scene, name: str) -> str:
    """Every step from where it was cut short; what does not work in the end, in words."""
    here, coming = scene.layout.secrets / name, next_path(scene.layout, name)
    if coming.exists():
        old, new = _value(here), _value(coming)
        _tell(scene, name, old=old, new=new)
        files.replace(before_path(scene.layout, name), old, mode=0o600)
        files.rename(coming, here)
    return _bring_in(scene, name)


def _come_back(scene: Scene, name: str) -> None:
    """The old value goes the same way as a new one, and stays whatever comes of it."""
    here, coming = scene.layout.secrets / name, back_path(scene.layout, name)
    old = _value(coming)
    _tell(scene, name, old=_value(here), new=old)
    files.replace(here, old, mode=0o600)
    trouble = _bring_in(scene, name)
    files.remove(coming)
    if trouble:
        raise MachineError(
            "service-failed",
            f"neither a new nor the old value of the secret {name} works: {trouble}",
            hint="caretaker status",
        )


def _tell(scene: Scene, name: str, *, old: bytes, new: bytes) -> None:
    """The vendor's program, which changes the password where it is kept: in a database, say."""
    hook = [expand(word, scene.values) for word in scene.manifest.secrets[name].rotate]
    if not hook:
        return
    words = msgspec.json.encode(
        {"secret": name, "old": old.decode().strip(), "new": new.decode().strip()}
    )
    user = "" if scene.layout.embedded else scene.layout.app
    done = scene.host.run(hook, timeout=_HOOK, stdin=words, user=user)
    if not done.ok:
        # Its output may hold what it was given, so only how it ended is said.
        how = "did not end in time" if done.timed_out else f"exited with {done.status}"
        raise MachineError(
            "command-failed",
            f"secrets.{name}.rotate {how}; nothing was changed, and it is tried again next time",
            hint=f"caretaker credentials rotate {name}",
        )


def _bring_in(scene: Scene, name: str) -> str:
    """Everybody who uses it starts with what stands there now; what does not work, in words."""
    try:
        if not scene.layout.embedded:
            _write_environments(scene)
        for service in services_using(scene.manifest, name):
            scene.services.restart(service)
        if checks_using(scene.manifest, name) and not scene.layout.embedded:
            # systemd hands credentials over at the start of a unit only.
            scene.host.systemd.control("restart", AGENT_UNIT, timeout=_HOOK)
    except (CaretakerError, HostFailure) as error:
        return str(error)
    return _proved(scene, name)


def _write_environments(scene: Scene) -> None:
    for each in environment_files(scene.manifest, scene.layout, scene.values):
        files.replace(each.path, each.text.encode(), mode=each.mode, owner=(0, 0))


def _proved(scene: Scene, name: str) -> str:
    """What still does not work after `_PROOF` seconds; empty: services run, checks pass."""
    clock = scene.host.clock
    deadline = clock.monotonic() + _PROOF
    while (trouble := _trouble(scene, name)) and clock.monotonic() < deadline:
        clock.sleep(_PAUSE)
    return trouble


def _trouble(scene: Scene, name: str) -> str:
    for service in services_using(scene.manifest, name):
        state = scene.services.state(service)
        if not state.running:
            return f"{service} does not run: {state.summary}"
    # A check's program is for the daemon to run, which has no rights; never for root.
    host = scene.host if scene.layout.embedded else as_user(scene.host, looker(scene.manifest))
    for check in checks_using(scene.manifest, name):
        context = Context(host, scene.layout, scene.values, scene.services, check)
        finding = look_once(scene.manifest.checks[check], context)
        if not finding.ok:
            return f"the check {check} fails: {finding.summary}"
    return ""


def _value(path: Path) -> bytes:
    try:
        return files.read_bytes(path, cap=_CAP)
    except FileNotFoundError:
        raise FileFailure(path, "read", "it is not there") from None
