"""docs/reference/certify.md, from the records of rules and of conflicts.

Owns the text around the tables. Refuses facts: each stands in the record it is read from.
"""

from __future__ import annotations

from itertools import groupby

from packer.certify.conflicts import CONFLICTS
from packer.certify.rule import Rule
from packer.certify.rules import RULES

HEAD = """\
# What is certified, rule by rule

Made by `docs/generate.py`; do not edit. How to use it: [certify an
image](../how-to/certify.md). Why it is done this way: [certification](../explanation/certify.md).

`caretaker certify --list` prints the same, `--json` with everything. A rule that *warns* fails no
run. *Proved by* counts the planted faults of the tests that the rule must find; controls of
[hardening](hardening.md) are rules too, by the same record that set them.
"""

GROUPS = {
    "ARCH": "Processor", "DISK": "The disk", "BOOT": "Starting", "FS": "Mounts", "KRN": "Kernel",
    "CI": "cloud-init", "AGT": "Agents", "NET": "Network", "NTP": "Clock", "SVC": "Services",
    "VER": "Versions", "UPD": "Updates", "CRED": "Passwords and credentials", "USR": "Accounts",
    "KEY": "Keys and secrets in files", "SSH": "SSH", "ID": "Identity", "HIST": "Histories",
    "LOG": "Logs", "TMP": "What is left behind", "TUN": "Tunnels", "LOAD": "What loads itself",
    "LEFT": "Leftovers of a build", "MODE": "Modes", "APT": "Sources of packages",
    "APP": "The appliance", "SUP": "Supply chain", "BIN": "Programs",
    "ACC": "Every file accounted for", "H": "Hardening",
}  # fmt: skip

CONFLICTS_HEAD = """
## Where documents disagree

One image goes to every cloud, so each conflict has one answer.

| about | who wants what | chosen | why |
|---|---|---|---|"""


def page() -> str:
    lines = [HEAD, f"{len(RULES)} rules.\n"]
    shown: dict[str, list[Rule]] = {}
    for kind, group in groupby(RULES, key=lambda rule: rule.id.partition("-")[0]):
        shown.setdefault(kind, []).extend(group)
    for kind, rules in shown.items():
        lines += [f"## {GROUPS.get(kind, kind)}\n"]
        lines += ["| rule | what | severity | for | asked by | to mend it | proved by |"]
        lines += ["|---|---|---|---|---|---|---|", *map(_row, rules), ""]
    lines.append(CONFLICTS_HEAD.lstrip("\n"))
    lines += [
        f"| {_cell(each.topic)} | {'<br>'.join(map(_cell, each.sides))} | {_cell(each.chosen)} "
        f"| {_cell(each.why)} |"
        for each in CONFLICTS
    ]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    clauses = "<br>".join(_cell(f"{each.document}, {each.section}") for each in rule.clauses)
    warns = ", warns" if rule.warn else ""
    who = ", ".join(sorted(rule.targets))
    return (
        f"| {rule.id} | {_cell(rule.title)} | {rule.severity}{warns} | {who} | {clauses} "
        f"| {_cell(rule.fix)} | {len(rule.faults)} |"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
