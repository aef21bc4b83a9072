"""How `caretaker remedies` shows what it has to say: for people, and as JSON.

Owns the words and the rows. Refuses to run anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec

from agent.cli.both_ledgers import merged_ledgers
from agent.cli.saying import json_line, moment, plain, word
from agent.host.clock import Clock
from agent.layout import Layout
from agent.ledger import Entry
from agent.manifest.kinds import Duration
from agent.manifest.model import Manifest
from agent.remedies.deed import Deed
from agent.remedies.memory import Memory
from agent.remedies.remedy import Remedy

_SCANNED = 20_000  # entries of all acts, out of which those of remedies are chosen
_COLOUR = {"done": "green", "would": "cyan", "waiting": "yellow", "left": "yellow"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One remedy as the list shows it. `safe` is what of it is in safe mode, and why."""

    name: str
    title: str
    unasked: bool
    at_boot: bool
    acts: int
    window: float
    cures: tuple[str, ...]
    refuses: str
    undo: str
    done: int = 0
    failed: int = 0
    safe: dict[str, str] = {}


def listed(remedies: Sequence[Remedy], manifest: Manifest, memory: Memory) -> list[Row]:
    """A row for each remedy."""
    safe = memory.safe()
    return [
        Row(
            name=each.name,
            title=each.title,
            unasked=each.unasked and each.name not in manifest.remediation.off,
            at_boot=each.at_boot,
            acts=each.budget.acts,
            window=each.budget.window,
            cures=each.cures,
            refuses=each.refuses,
            undo=each.undo,
            done=memory.counts.get(each.name, {}).get("done", 0),
            failed=memory.counts.get(each.name, {}).get("failed", 0),
            safe={target: record.safe for name, target, record in safe if name == each.name},
        )
        for each in remedies
    ]


def as_json(rows: Sequence[object]) -> str:
    """One object a line."""
    return "\n".join(msgspec.json.encode(row).decode() for row in rows)


def list_told(rows: Sequence[Row]) -> str:
    if not rows:
        return "there are no remedies here\n"
    width = max(len(row.name) for row in rows)
    lines = []
    for row in rows:
        when = "by itself" if row.unasked else "only when asked"
        when += ", at boot" if row.at_boot else ""
        limit = f"{row.acts} times in {Duration(row.window)}"
        lines.append(f"{row.name:<{width}}  {plain(row.title)} ({when}; {limit})")
        for target, why in row.safe.items():
            lines.append(
                f"{'':<{width}}  {click.style('safe mode', fg='yellow')} {plain(target)}: {why}"
            )
            lines.append(f"{'':<{width}}    try: sudo caretaker remedies reset {row.name} {target}")
    return "\n".join(lines)


def deeds_told(deeds: Sequence[Deed]) -> str:
    if not deeds:
        return "nothing is wrong\n"
    lines = []
    for deed in deeds:
        lines.append(click.style(plain(deed.line), fg=_COLOUR.get(deed.outcome, "red")))
        if deed.hint:
            lines.append(f"  try: {plain(deed.hint)}")
    return "\n".join(lines)


def history_told(layout: Layout, *, limit: int, since: Duration | None, json_wanted: bool) -> str:
    """The ledger's entries of remedies. Raises MachineError."""
    begin = Clock().wall() - since if since is not None else 0.0
    hint = "sudo caretaker remedies history"
    found = merged_ledgers(layout, limit=_SCANNED, since=begin, hint=hint)
    entries = [entry for entry in found if entry.act.startswith("remedy ")][-limit:]
    if json_wanted:
        return "".join(json_line(entry) + "\n" for entry in entries)
    if not entries:
        return "no remedy has done anything yet\n"
    return "".join(_entry(entry) for entry in entries)


def _entry(entry: Entry) -> str:
    took = f" in {entry.seconds:.1f} s" if entry.seconds is not None else ""
    head = f"{entry.act.removeprefix('remedy ')} {entry.target}".strip()
    told = f"{plain(head)}: {word(entry.outcome)}{took} – {plain(entry.why)}"
    lines = [f"{moment(entry.at)}  {told}  ({plain(entry.actor)})"]
    for key in ("before", "after"):
        if entry.detail.get(key):
            lines.append(f"    {key}: {plain(str(entry.detail[key]))}")
    return "\n".join(lines) + "\n"
