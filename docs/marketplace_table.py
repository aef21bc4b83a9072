"""docs/reference/marketplace-checks.md, from the record of each rule.

Owns the text around the tables. Refuses facts: each stands in the record it is read from.
"""

from __future__ import annotations

from packer.marketplace.rules import RULES

HEAD = """\
# Checks of marketplace packages

Made by `docs/generate.py`; do not edit. `caretaker marketplace check DIR` holds every file in the
folder to these, whoever wrote it; how to go on from there:
[publish on a marketplace](../how-to/publish-on-a-marketplace.md). An error ends the command with
status 7, a warning does not. Besides these, `READ-01` is a file that can't be read, `READ-02` one
whose shape no rule expected.
"""

TITLES = {
    "cloudformation": "CloudFormation templates",
    "arm": "Azure: mainTemplate.json",
    "azure-ui": "Azure: createUiDefinition.json",
    "azure-package": "Azure: template and form together",
    "terraform": "Google Cloud: Terraform module and metadata",
    "listing": "Listings",
}


def page() -> str:
    lines = [HEAD.rstrip()]
    for kind, title in TITLES.items():
        lines += ["", f"## {title}", "", "| id | asks | severity | cure | who asks for it |"]
        lines.append("|---|---|---|---|---|")
        for rule in RULES:
            if rule.kind == kind:
                cells = (f"`{rule.id}`", rule.title, rule.severity, rule.cure, rule.source)
                lines.append("| " + " | ".join(_cell(each) for each in cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
