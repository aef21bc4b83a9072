"""Running preflight: every check that fits the place, in order.

Owns turning a check that could not look into a warning. Refuses to print and to stop: the step
does, by what it gets from here.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.errors import CaretakerError
from agent.findings import Finding, warned
from agent.host.failures import HostFailure
from setup.place import Mode
from setup.preflight import PREFLIGHT
from setup.preflight.check import PreflightCheck
from setup.preflight.subject import Subject

Result = tuple[PreflightCheck, Finding]


def run_preflight(subject: Subject, checks: Sequence[PreflightCheck] = PREFLIGHT) -> list[Result]:
    """Every check that fits the subject's mode, with what it saw."""
    mode = Mode.EMBEDDED if subject.embedded else Mode.SYSTEMD
    return [(check, look(check, subject)) for check in checks if mode in check.modes]


def look(check: PreflightCheck, subject: Subject) -> Finding:
    """One look that never raises for what the machine does.

    A machine so odd that a fact can't be read may still run the appliance: that is a warning.
    """
    try:
        return check.look(subject)
    except (OSError, ValueError, HostFailure, CaretakerError) as error:
        return warned("not-seen", f"could not look: {error}")
