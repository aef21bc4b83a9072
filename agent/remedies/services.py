"""Remedy: services that failed, hang or keep failing are restarted, or left stopped.

Owns which of them need that and in which order: a failed cause first, its users only where they
are not well afterwards. Who restarts one that merely ended is systemd or the embedded supervisor,
within a second; this is for what they can't see or don't end. Refuses one that somebody stopped,
one that nothing can start, and a restart that no check was declared to want.
"""

from __future__ import annotations

from agent.errors import MachineError
from agent.findings import Finding
from agent.health.speakers import Asking
from agent.remedies import service_acts as acts
from agent.remedies.codes import CODES
from agent.remedies.remedy import Budget, Fault, Remedy, Scene
from agent.services.crash_loop import REMEDY as NAME
from agent.services.order import start_order
from agent.services.standing import Standing, required_by, standings, users_of

LOOP = ":loop"
"""Ends the target of a crash loop. To end one is an act of its own, with a budget of its own: it
must be possible also where no further start is."""

_NEEDS_HELP = ("down", "left", "looping", "unable")


def find(scene: Scene) -> list[Fault]:
    """The services that need help, those held up by another one named there."""
    if scene.booting or not scene.manifest.services:
        return []
    standing = standings(scene.manifest, scene.layout, scene.host, scene.services)
    asking = asking_of(scene)
    found: dict[str, Fault] = {}
    held_up: dict[str, list[str]] = {}
    for name in start_order(scene.manifest.services):
        causes = [each for each in required_by(scene.manifest, name) if each in found]
        if causes and standing[name].kind != "looping":
            if standing[name].kind in _NEEDS_HELP:
                held_up.setdefault(causes[0], []).append(name)
            continue
        fault = _fault(scene, standing[name], asking)
        if fault is not None:
            found[name] = fault
    return [_with_users(fault, held_up.get(name, [])) for name, fault in found.items()]


def mend(scene: Scene, fault: Fault) -> str:
    """What was done. Where that did not help it says so, and the next look finds it wrong."""
    name = fault.target.removesuffix(LOOP)
    if fault.target != name:
        return _end_loop(scene, name)
    said = _restart(scene, name)
    also = [line for each in users_of(scene.manifest, name) if (line := _see_to(scene, each))]
    return "; ".join([said, *also])


def asking_of(scene: Scene) -> Asking:
    return Asking(scene.manifest, scene.host, scene.layout, scene.values, scene.services)


def _fault(scene: Scene, standing: Standing, asking: Asking) -> Fault | None:
    name = standing.name
    match standing.kind:
        case "looping":
            return Fault(
                target=f"{name}{LOOP}",
                code="service-looping",
                summary=f"{name}: {standing.words}",
                plan=f"stop {name} and leave it stopped for now; its last lines go to the ledger",
                detail=_evidence(scene, name),
            )
        case "left" | "down":
            code = "service-left-stopped" if standing.kind == "left" else "service-down"
            final = standing.kind == "left" and scene.layout.embedded
            return Fault(
                target=name,
                code=code,
                summary=f"{name}: {standing.words}",
                plan="" if final else f"look for a stale lock of {name}, then start it",
                refusal=f"{name} kept failing and was left stopped" if final else "",
                hint=standing.hint,
                detail=_evidence(scene, name),
            )
        case "unable":
            return Fault(
                target=name,
                code="service-unable",
                summary=f"{name}: {standing.words}",
                refusal=f"{standing.words}, so nothing can start {name}",
                hint=standing.hint,
            )
        case "up":
            age = acts.age(scene, standing)
            return _unhealthy(scene, name, asking.complaints(name, age=age))
        case "moving" | "waits" | "off":
            return None


def _unhealthy(scene: Scene, name: str, complaints: dict[str, Finding]) -> Fault | None:
    if not complaints:
        return None
    check, finding = next(iter(complaints.items()))
    traced = acts.traced(scene, name)
    refusal = (
        f"process {traced} of {name} is being traced: somebody looks into it" if traced else ""
    )
    return Fault(
        target=name,
        code="service-unhealthy",
        summary=f"{name} is not well: {check}: {finding.summary}",
        plan="" if traced else f"restart {name}",
        refusal=refusal,
        hint=f"caretaker restart {name}" if traced else "",
        detail={"checks": ", ".join(complaints), "finding": finding.code},
    )


def _evidence(scene: Scene, name: str) -> dict[str, str | int | float | bool | None]:
    lines = acts.last_lines(scene, name)
    return {"lines": lines} if lines else {}


def _with_users(fault: Fault, users: list[str]) -> Fault:
    if not users:
        return fault
    return Fault(
        target=fault.target,
        code=fault.code,
        summary=fault.summary,
        plan=fault.plan,
        refusal=fault.refusal,
        hint=fault.hint,
        detail={**fault.detail, "holds_up": ", ".join(users)},
    )


def _end_loop(scene: Scene, name: str) -> str:
    standing = standings(scene.manifest, scene.layout, scene.host, scene.services)[name]
    if standing.kind != "looping":
        return f"{name} does not loop any more, and was left alone"
    return acts.leave_stopped(scene, name, f"left stopped after {standing.words}")


def _restart(scene: Scene, name: str) -> str:
    standing = standings(scene.manifest, scene.layout, scene.host, scene.services)[name]
    if standing.kind == "off":
        return f"{name} was stopped meanwhile, and stays so"
    kept_failing = standing.kind == "left"
    done = ""
    try:
        if standing.kind == "up":
            scene.services.restart(name)
            done = f"{name} was restarted"
        else:
            done = acts.start(scene, name)
        trouble = acts.settled(scene, name, asking_of(scene), kept_failing=kept_failing)
    except MachineError as error:
        trouble = error.message
    if not trouble:
        acts.forget(scene, name)
        return done
    said = [done, trouble] if done else [trouble]
    if kept_failing and not scene.layout.embedded:
        acts.leave_stopped(scene, name, standing.words)
        said.append(f"{name} was left stopped again")
    return "; ".join(said)


def _see_to(scene: Scene, name: str) -> str:
    """A service that requires one just mended: restarted only where it is not well by itself."""
    standing = standings(scene.manifest, scene.layout, scene.host, scene.services)[name]
    asking = asking_of(scene)
    if standing.kind == "up":
        if not acts.still_unwell(scene, name, asking):
            return ""
    elif standing.kind not in ("left", "down"):
        return ""
    return _restart(scene, name)


REMEDY = Remedy(
    name=NAME,
    title="services that failed or hang",
    cures=CODES["services"],
    find=find,
    mend=mend,
    refuses=(
        "somebody stopped the service or the application, its unit is masked or missing, one it "
        "requires is not well, or a debugger has one of its processes"
    ),
    undo="systemctl stop UNIT: a service that a person stopped stays stopped",
    # Tries at 0 s, 20 s, 1 min, 2.3 min, 5 min and 10 min: longer than most outages of what a
    # service needs and cannot do without.
    budget=Budget(acts=6, window=1800.0, pause=20.0, longest=900.0),
)
