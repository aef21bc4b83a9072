"""What came of one fault in one run, as a value.

Owns the record, its words for people and its exit status. Refuses to act.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from agent.errors import BusyError, MachineError, RefusedError, UnhealthyError

Outcome = Literal["done", "uncured", "failed", "refused", "waiting", "safe", "left", "would"]

_STATUS: dict[str, int] = {
    "failed": MachineError.exit_status,
    "uncured": UnhealthyError.exit_status,
    "safe": RefusedError.exit_status,
    "refused": RefusedError.exit_status,
    "waiting": BusyError.exit_status,
}
# How the one-shot may end without its being anybody's error: what is so is in the ledger.
TOLD = frozenset({0, *_STATUS.values()})
_WORDS = {
    "done": "mended",
    "uncured": "not cured",
    "failed": "failed",
    "refused": "refused",
    "waiting": "waits",
    "safe": "safe mode",
    "left": "left alone",
    "would": "would mend",
}


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about one fault, or why nothing was.

    `done`: cured. `uncured`: done, and still wrong. `failed`: the act, or the look, broke off.
    `refused`: only a person can. `waiting`: in a pause. `safe`: in safe mode. `left`: runs only
    when asked. `would`: of a plan. `fault` is what was wrong, `said` what was done or why not.
    """

    remedy: str
    outcome: Outcome
    target: str = ""
    code: str = ""
    fault: str = ""
    said: str = ""
    hint: str = ""
    seconds: float = 0.0

    @property
    def line(self) -> str:
        target = f" {self.target}" if self.target else ""
        said = f" – {self.said}" if self.said else ""
        fault = f": {self.fault}" if self.fault else ""
        return f"{self.remedy}{target}: {_WORDS[self.outcome]}{fault}{said}"


def exit_status(deeds: Sequence[Deed]) -> int:
    """0 where nothing is wrong any more; else of the worst: failed, not cured, refused, waiting."""
    found = {_STATUS[deed.outcome] for deed in deeds if deed.outcome in _STATUS}
    return next((status for status in _STATUS.values() if status in found), 0)
