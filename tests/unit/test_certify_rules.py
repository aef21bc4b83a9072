"""Every rule about people and secrets is able to fail, and says nothing of the clean twin."""

from __future__ import annotations

import re

import pytest

from bench.certify.clean import APPLIANCE, SMALL
from bench.certify.faults import FAULTS
from bench.certify.planting import Act, Fault, Link, Write, planted
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Subject
from packer.certify.rules import RULES
from packer.certify.rules.credential_files import ANYWHERE, AT_HOME

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


def test_a_host_name_that_leads_to_the_hashes_is_told_without_them() -> None:
    hashes = Write("/etc/shadow", "root:$6$salt$hash:1::::::\n", 0o640)
    told = found("ID-03", hashes, Link("/etc/hostname", "/etc/shadow"))
    assert [each.words for each in told] == ["the name of the build's machine"]


@pytest.mark.parametrize("needed", sorted({needed for _, needed in (*AT_HOME, *ANYWHERE)}))
def test_what_must_stand_in_a_credentials_file_can_be_looked_for(needed: str) -> None:
    re.compile(needed)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/msmtprc", "account shop\nhost mx.example\npassword rhubarb-crumble\n"),
        ("/root/.pgpass", "# of the shop\ndb:5432:*:shop:rhubarb-crumble\n"),
        ("/root/.npmrc", "registry=https://npm.example\n//npm.example/:_AuthToken=rhubarb\n"),
    ],
)
def test_credentials_may_stand_below_the_first_line(path: str, text: str) -> None:
    assert [each.path for each in found("KEY-05", Write(path, text))] == [path]


def test_an_agent_s_registration_stands_in_a_folder_of_the_instance() -> None:
    place = "/var/lib/amazon/ssm"
    acts = (Write(f"{place}/i-0123456789/registration", "{}"), Write(f"{place}/ipc/x", "{}"))
    assert [each.path for each in found("CI-02", *acts)] == [f"{place}/i-0123456789/registration"]
