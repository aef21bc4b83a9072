"""What a preflight check is.

Owns the record. Refuses behaviour beyond putting a finding's facts into the words of the cure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.findings import Finding
from setup.place import Mode
from setup.preflight.subject import Subject

ON_A_MACHINE = frozenset({Mode.SYSTEMD})
IN_A_FOLDER = frozenset({Mode.EMBEDDED})
ANYWHERE = ON_A_MACHINE | IN_A_FOLDER

_GAP = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class PreflightCheck:
    """One thing that must hold before setup touches the machine.

    `fix` is a command or an act that the operator can carry out; `{words}` in it stand for the
    finding's details. `why` says in one sentence what goes wrong otherwise.
    """

    code: str
    title: str
    why: str
    fix: str
    look: Callable[[Subject], Finding]
    modes: frozenset[Mode] = ANYWHERE

    def cure(self, finding: Finding) -> str:
        """The fix for this very finding; empty for one that is well."""
        if finding.status == "pass":
            return ""
        return _GAP.sub(lambda gap: str(finding.detail.get(gap[1], gap[0])), self.fix)
