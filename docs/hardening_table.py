"""docs/reference/hardening.md: every control, and every clause that is not followed.

Owns the text around the two tables. Refuses facts: they stand in packer/harden.
"""

from __future__ import annotations

from tables import MADE

from packer.harden import CONTROLS, REFUSALS


def page() -> str:
    """The whole page."""
    lines = [
        "# Hardening",
        "",
        MADE,
        "",
        (
            "Sections are those of the CIS Debian Linux 12 Benchmark v1.1.0, where nothing else is "
            "said. Why it is so: [Hardening](../explanation/hardening.md)."
        ),
        "",
        f"## Controls: {len(CONTROLS)}",
        "",
        "| id | what holds | sections | severity |",
        "|---|---|---|---|",
    ]
    for control in CONTROLS:
        sections = ", ".join(clause.section for clause in control.clauses)
        lines.append(f"| `{control.id}` | {control.title} | {sections} | {control.severity} |")
    lines += [
        "",
        f"## Not followed: {len(REFUSALS)}",
        "",
        "`caretaker harden --tailoring openscap` (or `lynis`) prints them for the scanner.",
        "",
        "| clause | why | rules of the scanner |",
        "|---|---|---|",
    ]
    for each in REFUSALS:
        document = "" if each.clause.document.startswith("CIS") else f"{each.clause.document}: "
        rules = " ".join(f"`{rule}`" for rule in each.rules)
        lines.append(f"| {document}{each.clause.section} | {each.why} | {rules} |")
    return "\n".join(lines) + "\n"
