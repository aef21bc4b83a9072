"""A control: one setting that makes the machine harder to break into, and how it is seen.

Owns the records. Refuses to be applied twice with another result: `apply` makes the files what
`check` wants, and changes nothing where they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.host.machine import Host
from agent.manifest.model import Manifest
from packer.certify.finding import Clause, Severity
from packer.certify.rule import Probe


@dataclass(frozen=True, slots=True)
class Site:
    """The machine that is hardened; `manifest` says which ports are for customers."""

    host: Host
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """`apply` returns the paths it changed, sorted: none on a second run."""

    id: str
    title: str
    clauses: tuple[Clause, ...]
    severity: Severity
    apply: Callable[[Site], tuple[str, ...]]
    check: Probe
    fix: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A clause that is not followed, and why; published with the score.

    `rules` are the names by which a scanner knows it (ComplianceAsCode, Lynis).
    """

    clause: Clause
    rules: tuple[str, ...]
    why: str
