"""In which order services start; they stop in its reverse. Pure.

Owns the order that `requires` asks for. Refuses circles: the manifest's reader has refused them
before, so one that arrives here is a defect of ours.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.manifest.model import Service


def start_order(services: Mapping[str, Service]) -> tuple[str, ...]:
    """Each service after all that it requires; otherwise as the manifest has them.

    A name that is required but not declared is left out.
    """
    ordered: list[str] = []
    for name in services:
        _place(name, services, ordered, ())
    return tuple(ordered)


def _place(
    name: str, services: Mapping[str, Service], ordered: list[str], trail: tuple[str, ...]
) -> None:
    if name in ordered or name not in services:
        return
    if name in trail:
        raise AssertionError(f"services require each other: {' -> '.join((*trail, name))}")
    for other in services[name].requires:
        _place(other, services, ordered, (*trail, name))
    ordered.append(name)
