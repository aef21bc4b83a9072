"""A rule: one thing that a marketplace, a benchmark or we ask of an image.

Owns the record. Refuses to know how its result is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from agent.manifest.model import Manifest
from packer.certify.beside import PartsList
from packer.certify.disk_facts import DiskFacts
from packer.certify.finding import Clause, Finding, Severity
from packer.certify.running import Running
from packer.certify.tree import Tree

Target = Literal["aws", "azure", "gcp", "digitalocean", "cis", "caretaker"]
TARGETS: tuple[Target, ...] = ("aws", "azure", "gcp", "digitalocean", "cis", "caretaker")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at. `disk` only where the whole disk is at hand, `running` only live.

    `beside`: the lists of parts next to a disk's file; None where there is no such file.
    """

    tree: Tree
    manifest: Manifest | None = None
    disk: DiskFacts | None = None
    running: Running | None = None
    beside: tuple[PartsList, ...] | None = None


Probe = Callable[[Subject], Iterable[Finding]]
"""Yields what is wrong; nothing: it passes. Raises NotApplicableError."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`id` like "CRED-01"; `fix` is an act or a command; `warn` findings never fail a run.

    `faults` name the planted faults (tests and bench/certify) that prove it is able to fail.
    """

    id: str
    title: str
    clauses: tuple[Clause, ...]
    targets: frozenset[Target]
    severity: Severity
    probe: Probe
    fix: str
    warn: bool = False
    faults: tuple[str, ...] = field(default=())
