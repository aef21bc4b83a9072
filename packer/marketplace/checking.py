"""Judges the packages in a folder by every rule.

Owns which rule looks at which document, and the order of complaints. Refuses the network, and to
run what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.errors import RefusedError
from packer.marketplace.complaint import Complaint
from packer.marketplace.documents import Document, read
from packer.marketplace.rules import RULES


def check(folder: Path) -> list[Complaint]:
    """Everything wrong, by file. Raises MachineError `file-unreadable`, RefusedError
    `listing-invalid` where nothing in the folder is a package."""
    found = read(folder)
    if not found.documents and not found.unread:
        raise RefusedError(
            "listing-invalid",
            f"nothing in {folder} is a template, a form, a module or a listing",
            hint="caretaker marketplace write DIR --output OUT",
        )
    complaints = [
        Complaint(each.file, "", "READ-01", "error", each.why, "mend the file, then check again")
        for each in found.unread
    ]
    for document in found.documents:
        complaints += judge(document)
    return sorted(complaints, key=lambda each: (each.file, each.severity, each.rule, each.place))


def judge(document: Document) -> Iterator[Complaint]:
    """What every rule for its kind says of one document."""
    for rule in RULES:
        if rule.kind != document.kind:
            continue
        try:
            for seen, words in rule.look(document.value):
                file, place = _where(document, seen)
                yield Complaint(file, place, rule.id, rule.severity, words, rule.cure)
        except (AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
            # A document whose shape no rule expected is wrong, whatever the rule is about.
            words = f"its shape is not what {rule.id} can read: {error}"
            yield Complaint(document.file, "", "READ-02", "error", words, "mend the shape")


def _where(document: Document, place: str) -> tuple[str, str]:
    """A module is several files: there the place names its own, `main.tf: resource.…`."""
    name, colon, inside = place.partition(": ")
    if document.kind != "terraform" or not colon:
        return document.file, place
    return (name if "/" in name or document.file == "." else f"{document.file}/{name}"), inside


def errors(complaints: list[Complaint]) -> list[Complaint]:
    return [each for each in complaints if each.severity == "error"]
