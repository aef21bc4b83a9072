"""`clock`: nobody keeps the clock right, so the time service is started anew.

Owns finding that service. Refuses to set the clock itself: a wrong step does more harm than a
slow drift, and a certificate or a lease may hang on it.
"""

from __future__ import annotations

from agent.errors import MachineError
from agent.findings import Finding
from agent.health.checks.clock import look
from agent.health.context import Context
from agent.host.failures import HostFailure
from agent.host.systemd import UnitState
from agent.manifest.checks import ClockCheck
from agent.remedies.codes import CODES
from agent.remedies.remedy import Budget, Fault, Remedy, Scene

TARGET = "clock"

# Those of Debian, Ubuntu and the Red Hat family, the one that systemd brings last: where another
# is installed, timesyncd does not run (its unit's Conflicts=).
_SERVICES = (
    *("chrony.service", "chronyd.service", "ntpsec.service", "ntp.service", "ntpd.service"),
    *("openntpd.service", "systemd-timesyncd.service"),
)
_CODE = "clock-unsynchronised"
_SYNC_WITHIN = 45.0  # seconds: a few polls of a server that answers
_STEP = 3.0


def find(scene: Scene) -> list[Fault]:
    check = _check(scene)
    if check is None:
        return []
    finding = _look(scene, check)
    if finding.code != _CODE:
        return []
    unit, why = _service(scene)
    if not unit:
        return [_refused(finding, why)]
    plan = f"restart {unit}, and wait up to {_SYNC_WITHIN:.0f} s for a server"
    return [Fault(target=TARGET, code=_CODE, summary=finding.summary, plan=plan)]


def mend(scene: Scene, fault: Fault) -> str:
    unit, why = _service(scene)
    if not unit:
        raise MachineError("service-unknown", why)
    done = scene.host.systemd.control("restart", unit)
    if not done.ok:
        hint = f"systemctl status {unit}"
        raise MachineError("service-failed", f"{unit}: {done.reason}", hint=hint)
    clock, check = scene.host.clock, _check(scene)
    begun = clock.monotonic()
    while check is not None and _look(scene, check).code == _CODE:
        if clock.monotonic() - begun >= _SYNC_WITHIN:
            return f"restarted {unit}, which reached no server yet"
        clock.sleep(_STEP)
    return f"restarted {unit}; synchronised after {clock.monotonic() - begun:.0f} s"


def _check(scene: Scene) -> ClockCheck | None:
    """The vendor's own check; without one that asks for it, nobody minds the clock."""
    checks = (each for each in scene.manifest.checks.values() if isinstance(each, ClockCheck))
    return next((check for check in checks if check.require_sync), None)


def _look(scene: Scene, check: ClockCheck) -> Finding:
    """By the check itself, with no memory: jumps need one, and are not this remedy's."""
    context = Context(scene.host, scene.layout, scene.values, scene.services, TARGET)
    return look(check, context)


def _service(scene: Scene) -> tuple[str, str]:
    """The time service of this machine, or an empty name and why there is none to restart."""
    if scene.layout.embedded or not scene.host.systemd.booted():
        return "", "the clock is the machine's, and this appliance only lives in a folder of it"
    if _in_container(scene):
        return "", "this is a container: its host keeps the clock"
    try:
        units = scene.host.systemd.show_all(_SERVICES)
    except OSError as error:
        raise HostFailure(f"systemd gives no answer: {error}") from error
    wanted = [unit for unit in units if unit.load == "loaded" and _is_wanted(unit)]
    if wanted:
        return wanted[0].name, ""
    return "", "no time service is installed and enabled"


def _is_wanted(unit: UnitState) -> bool:
    return unit.enabled.startswith("enabled") or unit.active in ("active", "activating", "failed")


def _in_container(scene: Scene) -> bool:
    # systemd writes this down for everybody (systemd-detect-virt(1) reads it too).
    try:
        return bool(scene.host.kernel.text("/run/systemd/container").strip())
    except OSError:
        return False


def _refused(finding: Finding, why: str) -> Fault:
    return Fault(
        target=TARGET,
        code=_CODE,
        summary=finding.summary,
        refusal=why,
        hint="timedatectl timesync-status",
    )


REMEDY = Remedy(
    name="clock",
    title="a clock that nobody keeps right",
    cures=CODES["clock"],
    find=find,
    mend=mend,
    refuses="in a container, and where no time service is installed and enabled",
    undo="nothing to undo: it never sets the clock",
    # A server that can't be reached is not reached by restarting: twice a day is enough.
    budget=Budget(acts=2, window=43200.0, pause=1800.0, longest=14400.0),
)
