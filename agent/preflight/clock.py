"""Is the time right?

Owns the checks of date, synchronisation and time zone. Refuses to set the clock.
"""

from __future__ import annotations

from pathlib import Path

from agent.findings import Finding, failed, passed, warned
from agent.host.clock import rfc3339
from agent.preflight.check import PreflightCheck
from agent.preflight.subject import Subject

EARLIEST = 1735689600.0  # 2025-01-01: before Caretaker existed
LATEST = 4102444800.0  # 2100-01-01: a clock that far ahead is broken
DAY = 86400.0
_SOME = "systemd-timesyncd.service"


def _plausible(subject: Subject) -> Finding:
    now = subject.host.clock.wall()
    if not EARLIEST <= now < LATEST:
        return failed("clock-wrong", f"the clock says {rfc3339(now)}")
    built = Path(__file__).stat().st_mtime
    if now < built - DAY:
        text = f"the clock says {rfc3339(now)}, before this tool was installed ({rfc3339(built)})"
        return failed("clock-behind", text)
    return passed(f"the clock says {rfc3339(now)}")


PLAUSIBLE = PreflightCheck(
    code="clock",
    title="Date and time",
    why="Certificates made now would not be valid yet, or not any more.",
    fix='sudo timedatectl set-time "YYYY-MM-DD HH:MM:SS", or wait for the time service',
    look=_plausible,
)


def _synchronised(subject: Subject) -> Finding:
    try:
        facts = subject.time_sync()
    except OSError as error:
        return warned("clock-unknown", f"the kernel does not tell whether: {error}", service=_SOME)
    if facts.synchronised:
        text = f"the clock is kept in time, at most {facts.most:.1f} s off"
        return passed(text, observed=facts.most, unit="s")
    system = subject.match.system
    service = system.family.time_service if system else _SOME
    return warned("clock-free", "nothing keeps the clock in time (yet)", service=service)


SYNCHRONISED = PreflightCheck(
    code="clock-sync",
    title="Clock kept in time",
    why="A clock that drifts makes certificates and tokens invalid one day.",
    fix="sudo systemctl enable --now {service}; then: timedatectl",
    look=_synchronised,
)


def _zone(subject: Subject) -> Finding:
    path = subject.path("/etc/localtime")
    if not path.is_symlink():
        return passed("the time zone is UTC" if not path.exists() else "a time zone is set")
    target = str(path.readlink())
    name = target.partition("zoneinfo/")[2] or target
    # An absolute link is the machine's own: it must be read below the machine's root.
    there = subject.path(target) if target.startswith("/") else path.parent / target
    if not there.exists():
        return warned("zone-broken", f"/etc/localtime names {name}, which is not there", zone=name)
    return passed(f"the time zone is {name}")


ZONE = PreflightCheck(
    code="time-zone",
    title="Time zone",
    why="Times in the application's logs would be wrong or in another zone than expected.",
    fix="sudo timedatectl set-timezone UTC",
    look=_zone,
)
