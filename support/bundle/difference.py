"""What changed between two bundles of one machine, or of two alike.

Owns the comparison: files by digest, text by line where it is small, judgements by code. Pseudonyms
are the same in each bundle of a machine, so a difference is one. Refuses logs: those always differ.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.status import NO_SENSE
from support.analysers.analyser import Judgement
from support.bundle import record
from support.bundle.reading import Checked, reading

# Files that differ from one minute to the next: that they do says nothing.
_ALWAYS = (
    *("journal/", "logs/", "samples/", "ledger/", "health/", "system/processes", "system/top"),
    *("system/memory", "system/meminfo", "system/vmstat", "system/pressure", "system/cgroups"),
    *("system/limits", "caretaker/tasks", "disks/largest", "caretaker/locks"),
    *("network/counters", "network/socket-states", "network/neighbours", "disks/diskstats"),
    *("kernel/dmesg", "time/", "database/activity", record.REPORT, record.TIMELINE),
)
# Counters and ages in files of which the rest tells something.
_COUNTER = re.compile(
    r'\s*"(?:at|available|inodes_free|free|used|received|sent|(?:receive|send)_(?:errors|drops)'
    r'|booted|up_seconds|now|open|modified|pid|seconds|age|next|last)": '
)
# One line, one thing: the order does not matter.
_SETS = ("packages/installed.txt", "kernel/sysctl.txt", "kernel/modules.txt", "systemd/unit-files")
_SMALL = 256 << 10  # bytes of a file whose lines are compared
_ALL = 32 << 20
_LINES = 60  # told of one file
_NOTHING = ["nothing but counters"]


@dataclass(frozen=True, slots=True)
class Opened:
    """What is compared of one bundle."""

    checked: Checked
    texts: dict[str, bytes]
    digests: dict[str, str]
    judgements: dict[str, Judgement]


@dataclass
class Difference:
    """`changed` holds the lines that went (`-`) and came (`+`); none where they were too many."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    verdicts: list[tuple[str, str, str, str]] = field(default_factory=list)


class _Analysis(msgspec.Struct):
    judgements: list[Judgement]


def load(path: Path, identities: Sequence[object]) -> Opened:
    """RefusedError, UsageError."""
    texts: dict[str, bytes] = {}
    room = _ALL
    with reading(path, identities) as bundle:
        for each in bundle.files():
            if each.entry.size <= min(_SMALL, room) and not each.name.startswith(_ALWAYS):
                texts[each.name] = b"".join(each.blocks)
                room -= each.entry.size
        checked = bundle.finish()
    digests = {each.name: each.sha256 for each in checked.manifest.files if not each.withheld}
    return Opened(checked, texts, digests, _judgements(texts.get(record.ANALYSIS, b"")))


def differ(old: Opened, new: Opened) -> Difference:
    found = Difference()
    for name in sorted(old.digests.keys() | new.digests.keys()):
        if name == record.ANALYSIS or name.startswith(_ALWAYS):
            continue
        if name not in old.digests:
            found.added.append(name)
        elif name not in new.digests:
            found.removed.append(name)
        elif old.digests[name] != new.digests[name]:
            lines = _lines(name, old.texts.get(name), new.texts.get(name))
            if lines != _NOTHING:
                found.changed[name] = lines
    found.verdicts = [*_verdicts(old.judgements, new.judgements)]
    return found


def _verdicts(
    old: dict[str, Judgement], new: dict[str, Judgement]
) -> Iterator[tuple[str, str, str, str]]:
    """(code, was, is, what it says now), what got worse first."""
    order = {"fail": 0, "warn": 1, "unknown": 2, "pass": 3, "": 4}
    changes = []
    for code in old.keys() | new.keys():
        was = old[code].answer if code in old else ""
        now = new[code].answer if code in new else ""
        if was != now:
            said = new[code].summary if code in new else old[code].summary
            changes.append((code, was, now, said))
    yield from sorted(changes, key=lambda each: (order[each[2]], each[0]))


def _judgements(content: bytes) -> dict[str, Judgement]:
    """By code; of several with one code, the worst, which stands first."""
    found: dict[str, Judgement] = {}
    try:
        for each in msgspec.json.decode(content, type=_Analysis).judgements:
            found.setdefault(each.code, each)
    except NO_SENSE:
        return {}
    return found


def _telling(name: str, text: bytes) -> list[str]:
    lines = text.decode(errors="replace").splitlines()
    if name.endswith(".json"):
        return [line for line in lines if not _COUNTER.match(line)]
    return lines


def _lines(name: str, old: bytes | None, new: bytes | None) -> list[str]:
    if old is None or new is None or b"\0" in old[:4096] + new[:4096]:
        return []
    before, after = (_telling(name, text) for text in (old, new))
    if before == after:
        return _NOTHING
    if name.startswith(_SETS):
        gone, come = set(before) - set(after), set(after) - set(before)
        lines = sorted(
            [*(f"-{line}" for line in gone), *(f"+{line}" for line in come)],
            key=lambda line: (line[1:].split(" ", 1)[0], line[0] == "+"),
        )
    else:
        if len(before) * len(after) > 4_000_000:  # difflib takes the square of it
            return []
        told = difflib.unified_diff(before, after, lineterm="", n=0)
        lines = [line for line in told if not line.startswith(("---", "+++", "@@"))]
    more = len(lines) - _LINES
    return [*lines[:_LINES], *([f"and {more} more"] if more > 0 else [])]
