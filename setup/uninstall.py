"""Uninstalling: what setup made goes, the customer's data stays unless it is named.

Owns the question to the person and the order: application first, the tool itself last. Refuses
to remove what stood here before setup first ran.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from agent.errors import UsageError
from setup import record, removal
from setup.finale import say_verdict
from setup.outcome import EXITS, Trouble, Verdict
from setup.report import Report
from setup.site import Site
from setup.step import Kind, Step, Thing


def uninstall(site: Site, steps: Sequence[Step], report: Report) -> int:
    """Remove everything that goes; the exit status. Raises UsageError."""
    known = record.load(site.layout)
    before = known.before if known else []
    things = (_tool(site), *removal.things_of(site, steps))
    goes, stays = removal.doomed(
        removal.present(site, things), before=before, purge=site.options.purge_data
    )
    _confirm(site, goes, stays)
    # The log lies in a folder that goes; from here on only the terminal hears.
    site.console.log = site.options.log
    left = removal.remove(site, goes)
    for thing in goes:
        if not any(line.startswith(str(thing)) for line in left):
            site.console.tell("removed", f"  removed {thing}", thing=str(thing))
    for thing in stays:
        site.console.tell("kept", f"  kept    {thing}", thing=str(thing))
    if left:
        trouble = Trouble("step-failed", "; ".join(left), "remove it by hand, then run this again")
        ended = replace(report, verdict=Verdict.ATTENTION, trouble=trouble)
    else:
        ended = replace(report, verdict=Verdict.UNINSTALLED)
    ended = replace(ended, changed=len(goes) - len(left))
    say_verdict(site, ended)
    return EXITS[ended.verdict]


def _tool(site: Site) -> Thing:
    return Thing(Kind.TREE, str(site.layout.tool))


def _confirm(site: Site, goes: Sequence[Thing], stays: Sequence[Thing]) -> None:
    if site.options.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "usage",
            "--uninstall asks before it removes, and nobody is there to answer",
            hint="setup.sh --uninstall --yes",
        )
    for thing in goes:
        site.console.for_eyes(f"  - {thing}", event="would-remove", thing=str(thing))
    for thing in stays:
        site.console.for_eyes(f"  keep {thing}", event="would-keep", thing=str(thing))
    answer = input(f"Remove {len(goes)} things of {site.title}? Type yes to go on: ")
    if answer.strip().lower() != "yes":
        raise UsageError("usage", "nothing was removed", hint="setup.sh --uninstall --plan")
