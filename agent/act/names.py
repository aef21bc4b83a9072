"""The names that an act may be given: what the manifest and Caretaker itself declare.

Owns them, and which of them the agent may ask for by itself. Refuses to know files.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.act.acts import Kind
from agent.housekeeping.tasks import TASKS
from agent.manifest.model import Manifest
from agent.remedies.declared import all_remedies


@dataclass(frozen=True, slots=True)
class Names:
    """What there is, by kind, and the remedies that run only when a person asks."""

    known: dict[Kind, tuple[str, ...]]
    only_asked: frozenset[str] = frozenset()

    def forbids_agent(self, kind: Kind, name: str) -> bool:
        return kind == "remedy" and name in self.only_asked


def names_of(manifest: Manifest, services: tuple[str, ...]) -> Names:
    remedies = all_remedies(manifest)
    off = manifest.remediation.off
    return Names(
        known={
            "service": services,
            "remedy": tuple(each.name for each in remedies),
            "task": (*(each.name for each in TASKS), *manifest.tasks),
        },
        only_asked=frozenset(
            each.name for each in remedies if not each.unasked or each.name in off
        ),
    )
