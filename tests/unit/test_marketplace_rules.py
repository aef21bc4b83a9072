"""Every rule on marketplaces' packages finds its planted fault, and nothing in what we make."""

import pytest

from packer.marketplace.complaint import Kind
from packer.marketplace.rules import RULES
from tests.unit.marketplace_faults_aws import AWS
from tests.unit.marketplace_faults_azure import ARM, PACKAGE, UI
from tests.unit.marketplace_faults_gcp import LISTED, MODULE
from tests.unit.marketplace_stage import Change, clean, complaints

PLANTED: dict[Kind, tuple[tuple[str, str, Change], ...]] = {
    "cloudformation": AWS,
    "arm": ARM,
    "azure-ui": UI,
    "azure-package": PACKAGE,
    "terraform": MODULE,
    "listing": LISTED,
}
FAULTS = [
    pytest.param(kind, rule, change, id=f"{rule} {title}")
    for kind, rows in PLANTED.items()
    for rule, title, change in rows
]


@pytest.mark.parametrize("kind", PLANTED)
def test_what_we_make_breaks_no_rule(kind: Kind) -> None:
    found = [each for each in complaints(kind, clean(kind)) if each.rule != "LIST-10"]
    assert found == []


@pytest.mark.parametrize(("kind", "rule", "change"), FAULTS)
def test_a_planted_fault_is_found(kind: Kind, rule: str, change: Change) -> None:
    found = complaints(kind, change(clean(kind)))
    assert rule in {each.rule for each in found}
    assert "READ-02" not in {each.rule for each in found}
    for each in found:
        assert each.words
        assert each.cure
        assert each.file


def test_every_rule_has_a_planted_fault() -> None:
    planted = {(kind, rule) for kind, rows in PLANTED.items() for rule, _, _ in rows}
    assert {(rule.kind, rule.id) for rule in RULES} == planted


def test_ids_are_given_once() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))


def test_a_stack_may_wait_for_a_signal_instead() -> None:
    """By cfn-signal, where the image has it: a CreationPolicy, and no wait condition."""
    template = clean("cloudformation")
    del template["Resources"]["SetupEnded"]
    policy = {"ResourceSignal": {"Count": 1, "Timeout": "PT15M"}}
    template["Resources"]["Appliance"]["CreationPolicy"] = policy
    assert complaints("cloudformation", template) == []


def test_a_machine_without_a_launch_template_is_handed_the_url_too() -> None:
    template = clean("cloudformation")
    made = template["Resources"]
    data = made["LaunchTemplate"]["Properties"]["LaunchTemplateData"].pop("UserData")
    assert "AWS-29" in {each.rule for each in complaints("cloudformation", template)}
    made["Appliance"]["Properties"]["UserData"] = data
    assert "AWS-29" not in {each.rule for each in complaints("cloudformation", template)}
