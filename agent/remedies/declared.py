"""Remedies of the vendor's own, out of the manifest, as records like any other.

Owns turning `[remedies.NAME]` into a look and an act. The look runs the named checks; the act runs
the program, as the declared user, and waits a little until the checks agree. Refuses shells, and
to judge for a check that fails only because of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from agent.errors import MachineError
from agent.findings import Finding, Status
from agent.host.as_user import as_user
from agent.host.spawn import Completed
from agent.manifest.model import Manifest
from agent.manifest.placeholders import expand
from agent.manifest.upkeep import DeclaredRemedy
from agent.remedies.remedy import Budget, Fault, Remedy, Scene
from agent.remedies.roster import REMEDIES
from agent.services.credentials import looker

SETTLE = 10.0  # seconds in which the checks may come to agree after the program ended well
_STEP = 0.5


def all_remedies(manifest: Manifest) -> tuple[Remedy, ...]:
    """Caretaker's own in their order, then the vendor's."""
    return (*REMEDIES, *declared_remedies(manifest))


def declared_remedies(manifest: Manifest) -> Iterator[Remedy]:
    for name, spec in manifest.remedies.items():
        yield Remedy(
            name=name,
            title=spec.title or f"what cures {', '.join(spec.checks)}",
            cures=tuple(spec.codes),
            find=partial(_find, name, spec),
            mend=partial(_mend, name, spec),
            refuses="while its checks pass, and after its attempts are used up",
            undo=spec.undo or "as the vendor of the application says",
            budget=Budget(acts=spec.attempts, window=float(spec.window)),
            unasked=spec.unasked,
        )


def concerns(spec: DeclaredRemedy, check: str, code: str) -> bool:
    """Whether this finding of this check is one that the remedy is declared for."""
    return check in spec.checks and (not spec.codes or code in spec.codes)


def _find(name: str, spec: DeclaredRemedy, scene: Scene) -> list[Fault]:
    found = {
        check: finding
        for check in spec.checks
        if (finding := _look(scene, check)).status is not Status.PASS
        and concerns(spec, check, finding.code)
        and not _because_of_another(scene, check)
    }
    if not found or (spec.verify and _run(scene, spec, spec.verify).ok):
        return []
    first = next(iter(found.values()))
    return [
        Fault(
            target=name,
            code=first.code,
            summary="; ".join(f"{check}: {each.summary}" for check, each in found.items()),
            plan=f"run {spec.command[0]} as {user_of(spec, scene) or 'this user'}",
        )
    ]


def _mend(name: str, spec: DeclaredRemedy, scene: Scene, fault: Fault) -> str:
    done = _run(scene, spec, spec.command)
    if not done.ok:
        code = "command-timeout" if done.timed_out else "command-failed"
        raise MachineError(code, f"{spec.command[0]}: {done.reason}")
    clock = scene.host.clock
    deadline = clock.monotonic() + SETTLE
    while _find(name, spec, scene) and clock.monotonic() < deadline:
        clock.sleep(_STEP)
    return f"ran {spec.command[0]} in {done.seconds:.1f} s"


def user_of(spec: DeclaredRemedy, scene: Scene) -> str:
    """Who runs its programs. Where there is no systemd, nobody made the appliance's own user."""
    return spec.user or ("" if scene.layout.embedded else scene.manifest.appliance.name)


def _run(scene: Scene, spec: DeclaredRemedy, argv: Sequence[str]) -> Completed:
    return scene.host.run(
        [expand(word, scene.values) for word in argv],
        timeout=float(spec.timeout),
        cwd=Path("/"),
        user=user_of(spec, scene),
    )


def _because_of_another(scene: Scene, name: str) -> bool:
    """Whether a check that this one requires, through any chain, fails: then that is the fault."""
    checks = scene.manifest.checks
    waiting, seen = list(checks[name].requires), {name}
    while waiting:
        above = waiting.pop()
        if above in seen:
            continue
        seen.add(above)
        if _look(scene, above).status is Status.FAIL:
            return True
        waiting += checks[above].requires
    return False


def _look(scene: Scene, name: str) -> Finding:
    # Every type of check, with HTTP/2 and the rest: only who looks pays for it.
    from agent.health.context import Context
    from agent.health.look import look_once

    # A check's program is for the daemon to run, which has no rights; never for root.
    host = scene.host if scene.layout.embedded else as_user(scene.host, looker(scene.manifest))
    context = Context(host, scene.layout, scene.values, scene.services, name)
    return look_once(scene.manifest.checks[name], context)
