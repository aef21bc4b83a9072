"""The refusals as files that scanners read, so that an auditor's own run leaves them out too.

Owns the tailoring of XCCDF 1.2 (for `oscap --tailoring-file`) and Lynis's profile of tests to skip.
Refuses to leave out anything that is not published with a reason; our own score is taken without.
"""

from __future__ import annotations

from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from packer.harden.control import Refusal

Scanner = Literal["openscap", "lynis"]
PROFILE = "xccdf_caretaker_profile_cis_level1_server_appliance"
_BASE = "xccdf_org.ssgproject.content_profile_cis_level1_server"
_RULE = "xccdf_org.ssgproject.content_rule_"
_LYNIS = "lynis:"


def tailoring(refusals: tuple[Refusal, ...], scanner: Scanner) -> str:
    """The whole file."""
    return _xccdf(refusals) if scanner == "openscap" else _profile(refusals)


def _xccdf(refusals: tuple[Refusal, ...]) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        (
            '<xccdf:Tailoring xmlns:xccdf="http://checklists.nist.gov/xccdf/1.2"'
            ' id="xccdf_caretaker_tailoring_appliance">'
        ),
        '  <xccdf:version time="2026-11-21T00:00:00">1</xccdf:version>',
        f'  <xccdf:Profile id="{PROFILE}" extends="{_BASE}">',
        "    <xccdf:title>CIS Debian 12, level 1 server, as an appliance follows it</xccdf:title>",
    ]
    for each in refusals:
        for rule in each.rules:
            if not rule.startswith(_LYNIS):
                lines += [
                    f'    <xccdf:select idref={quoteattr(_RULE + rule)} selected="false">',
                    f"      <xccdf:remark>{escape(each.why)}</xccdf:remark>",
                    "    </xccdf:select>",
                ]
    return "\n".join([*lines, "  </xccdf:Profile>", "</xccdf:Tailoring>"]) + "\n"


def _profile(refusals: tuple[Refusal, ...]) -> str:
    lines = ["# lynis audit system --profile THIS"]
    for each in refusals:
        tests = [rule.removeprefix(_LYNIS) for rule in each.rules if rule.startswith(_LYNIS)]
        # "LYNIS" is what it says of itself, no test.
        if tests := [test for test in tests if "-" in test]:
            lines += [f"# {each.why}", *(f"skip-test={test}" for test in tests)]
    return "\n".join(lines) + "\n"
