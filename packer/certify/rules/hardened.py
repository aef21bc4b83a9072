"""The controls of hardening, asked as rules: what was set stays set.

Owns turning one record into the other. Refuses to ask them of a system that is not hardened: a
distribution's own tree has no fault in that.
"""

from __future__ import annotations

from collections.abc import Iterable

from packer.certify.facts.claims import sold
from packer.certify.finding import Finding
from packer.certify.rule import Probe, Rule, Subject
from packer.certify.rules.documents import ours
from packer.harden.control import Control
from packer.harden.controls import CONTROLS


def _asked(control: Control) -> Probe:
    def probe(subject: Subject) -> Iterable[Finding]:
        sold(subject)
        return control.check(subject)

    return probe


HARDENED = tuple(
    Rule(
        id=control.id,
        title=control.title,
        clauses=control.clauses or (ours("hardening"),),
        targets=frozenset(("cis", "caretaker")),
        severity=control.severity,
        probe=_asked(control),
        fix=control.fix,
        faults=control.faults,
    )
    for control in CONTROLS
)
