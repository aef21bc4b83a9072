"""Running preflight: every check that fits the place, in order.

Owns turning a check that could not look into a warning. Refuses to print and to stop: who runs it
does, by what it gets from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from agent.errors import CaretakerError
from agent.findings import Finding, warned
from agent.host.failures import HostFailure
from agent.preflight.check import PreflightCheck, Where
from agent.preflight.subject import Subject

Looked = TypeVar("Looked", bound=Subject)
Result = tuple[PreflightCheck[Looked], Finding]


def run_preflight(
    subject: Looked, checks: Sequence[PreflightCheck[Looked]]
) -> list[Result[Looked]]:
    """Every check that fits the subject's place, with what it saw."""
    here = Where.FOLDER if subject.embedded else Where.MACHINE
    return [(check, look(check, subject)) for check in checks if here in check.where]


def look(check: PreflightCheck[Looked], subject: Looked) -> Finding:
    """One look that never raises for what the machine does.

    A machine so odd that a fact can't be read may still run the appliance: that is a warning.
    """
    try:
        return check.look(subject)
    except (OSError, ValueError, HostFailure, CaretakerError) as error:
        return warned("not-seen", f"could not look: {error}")
