"""What a preflight check is.

Owns the record, of setup's checks and of an upgrade's. Refuses behaviour beyond putting a
finding's facts into the words of the cure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from agent.findings import Finding
from agent.preflight.subject import Subject

# What a check looks at: a machine, or more than that, as setup and upgrades know it.
Looked = TypeVar("Looked", bound=Subject, contravariant=True)


class Where(StrEnum):
    """The two hosts of the design's section 5."""

    MACHINE = "machine"
    FOLDER = "folder"


ON_A_MACHINE = frozenset({Where.MACHINE})
IN_A_FOLDER = frozenset({Where.FOLDER})
ANYWHERE = ON_A_MACHINE | IN_A_FOLDER

_GAP = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class PreflightCheck(Generic[Looked]):
    """One thing that must hold before the machine is touched.

    `fix` is a command or an act that the operator can carry out; `{words}` in it stand for the
    finding's details. `why` says in one sentence what goes wrong otherwise.
    """

    code: str
    title: str
    why: str
    fix: str
    look: Callable[[Looked], Finding]
    where: frozenset[Where] = ANYWHERE

    def cure(self, finding: Finding) -> str:
        """The fix for this very finding; empty for one that is well."""
        if finding.status == "pass":
            return ""
        return _GAP.sub(lambda gap: str(finding.detail.get(gap[1], gap[0])), self.fix)
