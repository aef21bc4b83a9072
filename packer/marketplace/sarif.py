"""Complaints as SARIF 2.1.0, which forges show beside the code.

Owns the shape. Refuses line numbers: the place is a path of keys, told as a logical location.
"""

from __future__ import annotations

from typing import Any

from packer.marketplace.complaint import Complaint
from packer.marketplace.rules import RULES


def sarif(complaints: list[Complaint], version: str) -> dict[str, Any]:
    driver = {
        "name": "caretaker marketplace",
        "version": version,
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.title},
                "help": {"text": f"{rule.cure} ({rule.source})"},
                "defaultConfiguration": {"level": rule.severity},
            }
            for rule in RULES
        ],
    }
    results = [
        {
            "ruleId": each.rule,
            "level": each.severity,
            "message": {"text": f"{each.words}; {each.cure}"},
            "locations": [
                {
                    "physicalLocation": {"artifactLocation": {"uri": each.file}},
                    "logicalLocations": [{"fullyQualifiedName": each.place or each.file}],
                }
            ],
        }
        for each in complaints
    ]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
