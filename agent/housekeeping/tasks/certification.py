"""`certification`: the rules by which the image was judged, asked of the machine it became.

Owns when they are asked and how their answer is told. Refuses to know a rule: `caretaker certify`
is a program of its own, and the agent reads what it prints. Refuses machines that did not come from
a golden image: whoever installed by hand never asked for a marketplace's rules.
"""

from __future__ import annotations

import sys

import msgspec

from agent.drift.image import load
from agent.drift.marks import machine_of
from agent.errors import MachineError
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule

_CERTIFY = [sys.executable, "-I", "-m", "agent", "certify", "--json"]
_HINT = "sudo caretaker certify"
_TIMEOUT = 600.0
_REFUSED = 7  # its exit status where rules fail: the answer is whole all the same
_AGAINST = ("fail", "error")
_NAMED = 40  # rules by id in one problem


class _Finding(msgspec.Struct):
    path: str
    words: str


class _Rule(msgspec.Struct):
    """The part of a rule's answer that is told."""

    id: str
    title: str
    verdict: str
    why: str
    findings: list[_Finding]

    @property
    def told(self) -> str:
        seen = self.why or "; ".join(f"{each.path} {each.words}" for each in self.findings[:3])
        return f"{self.verdict}: {self.id} {self.title}: {seen}"


class _Report(msgspec.Struct):
    rules: list[_Rule]


def run(chores: Chores) -> Done:
    if not _is_from_an_image(chores):
        return Done(summary="this machine does not come from a golden image")
    if chores.dry:
        return Done(summary="would ask every rule of certification")
    rules = _asked(chores)
    against = [rule for rule in rules if rule.verdict in _AGAINST]
    warned = [rule for rule in rules if rule.verdict == "warn"]
    names = ", ".join(rule.id for rule in against[:_NAMED])
    asked = f"{len(rules)} rules asked"
    return Done(
        summary=f"{asked}, {len(against) or 'none'} against it, {len(warned)} warn",
        items=len(against),
        lines=tuple(rule.told for rule in (*against, *warned)),
        problems=(f"not as it was certified: {names}: {_HINT}",) if against else (),
    )


def _is_from_an_image(chores: Chores) -> bool:
    """No golden image keeps its machine id, so its record is of another machine than this."""
    if not chores.layout.image.exists():
        return False
    return load(chores.layout.image).machine != machine_of(chores.layout)


def _asked(chores: Chores) -> list[_Rule]:
    done = chores.host.run(_CERTIFY, timeout=_TIMEOUT)
    if done.status not in (0, _REFUSED):
        message = f"the rules could not be asked: {done.reason}"
        raise MachineError("command-failed", message, hint=_HINT)
    try:
        return msgspec.json.decode(done.stdout, type=_Report).rules
    except msgspec.DecodeError as error:
        message = f"the answer of the rules can't be understood: {error}"
        raise MachineError("command-failed", message, hint=_HINT) from error


TASK = Task(
    name="certification",
    title="the rules that the golden image was certified by, asked again",
    schedule=Schedule(calendar="daily", jitter=Duration(4 * 3600)),
    run=run,
    timeout=900.0,
    rights=(
        "# It looks at what the unit of a task hides: homes and the kernel's modules.",
        "ProtectHome=read-only",
        "ProtectKernelModules=no",
        "# All that no package vouches for is searched for secrets, in one go.",
        "MemoryMax=512M",
    ),
    modes=("systemd",),
)
