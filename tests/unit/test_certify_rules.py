"""Every rule about people and secrets is able to fail, and says nothing of the clean twin."""

from __future__ import annotations

import pytest

from bench.certify.clean import APPLIANCE, SMALL
from bench.certify.faults import FAULTS
from bench.certify.planting import Act, Fault, planted
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Subject
from packer.certify.rules import RULES

BY_ID = {rule.id: rule for rule in RULES}
PLANTED = {fault.rule for fault in FAULTS}


def found(rule: str, *acts: Act) -> list[Finding]:
    try:
        return list(BY_ID[rule].probe(Subject(planted(None, *SMALL, *APPLIANCE, *acts))))
    except NotApplicableError:
        return []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_by_the_rule_that_is_meant(fault: Fault) -> None:
    findings = found(fault.rule, *fault.acts)
    assert findings
    assert fault.name in BY_ID[fault.rule].faults


@pytest.mark.parametrize("rule", sorted(PLANTED))
def test_the_clean_twin_has_no_finding(rule: str) -> None:
    assert found(rule) == []
