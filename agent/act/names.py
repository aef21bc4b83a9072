"""The names that an act may be given: what the manifest and Caretaker itself declare.

Owns them, and which of them the agent may not ask for by itself. Refuses to know files, and to
load what stands behind a name: this process lives for a fraction of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.act.acts import Kind
from agent.manifest.model import Manifest
from agent.manifest.upkeep_rules import REMEDIES


@dataclass(frozen=True, slots=True)
class Names:
    """What there is, by kind, and the remedies that the manifest leaves to people.

    One of Caretaker's own that runs only when asked refuses by itself (`agent.remedies.round`).
    """

    services: tuple[str, ...]
    remedies: tuple[str, ...]
    only_asked: frozenset[str] = frozenset()

    def known(self, kind: Kind) -> tuple[str, ...]:
        return self.services if kind == "service" else self.remedies

    def forbids_agent(self, kind: Kind, name: str) -> bool:
        return kind == "remedy" and name in self.only_asked


def names_of(manifest: Manifest, services: tuple[str, ...]) -> Names:
    tame = (name for name, spec in manifest.remedies.items() if not spec.unasked)
    return Names(
        services=services,
        remedies=(*REMEDIES, *manifest.remedies),
        only_asked=frozenset((*manifest.remediation.off, *tame)),
    )
