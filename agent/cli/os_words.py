"""How `caretaker os` says things: the status, the plan, the outcome, for people.

Owns words and layout. Refuses to find anything out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from agent.cli.saying import count, moment, plain, sign, size, span
from agent.patching.plan import OsPlan
from agent.patching.record import BootsRecord, Stale, Standing, Update
from agent.patching.request import OsOutcome
from agent.patching.standing import wants

_SHOWN = 12
_WORTH_IT = 3600.0  # seconds that an update waits


def status_lines(standing: Standing, *, every: bool) -> Iterator[str]:
    """The patch status, the verdict first."""
    todo = wants(standing)
    head = f"{standing.support.system or 'this system'} ({standing.manager or 'no packages'})"
    yield f"{sign('warn' if todo else 'pass')} {plain(head)}: " + (
        "current" if not todo else "something wants to be done"
    )
    yield from (f"  - {plain(each)}" for each in todo)
    pending, security = len(standing.updates), len(standing.security)
    waits = f"{pending} wait, {security} of them for security"
    if standing.oldest and standing.at - standing.oldest >= _WORTH_IT:
        waits += f"; the oldest since {span(standing.at - standing.oldest)} at least"
    yield _row("updates", waits)
    shown = standing.updates if every else standing.security[:_SHOWN]
    yield from (f"               {_update(each)}" for each in shown)
    if not every and pending > len(shown):
        yield f"               … caretaker os status --all shows all {pending}"
    known = f"{span(standing.at - standing.known)} ago" if standing.known else "never"
    yield _row("lists fetched", known)
    yield _row("by itself", standing.automatic)
    yield _row("reboot", "; ".join(standing.reboot) or "not needed")
    yield from _stale_lines("runs on old", standing.stale)
    if standing.busy:
        who = f"process {standing.busy}" if standing.busy > 0 else "a process"
        yield _row("at work", f"{who} installs or removes packages just now")
    if standing.held:
        yield _row("on hold", ", ".join(standing.held[:_SHOWN]))
    if standing.boots is not None:
        yield _row("boots", boots_told(standing.boots))
    yield _row("supported", _support(standing))
    yield from (_row("not looked at", each) for each in standing.unseen)


def boots_told(boots: BootsRecord) -> str:
    since = f"since the upgrade of {moment(boots.since)}: {boots.count}"
    if boots.good_at:
        return f"{since}; healthy on {moment(boots.good_at)}"
    return f"{since}; none of them healthy yet" if boots.count else since


def plan_lines(plan: OsPlan, now: float) -> Iterator[str]:
    """What would happen, in the order in which it would."""
    if plan.empty:
        yield "nothing to do: every update that is known here is installed"
    found, sizes = plan.found, plan.found.sizes
    yield from (f"first: {plain(each)}" for each in plan.mend)
    if not plan.empty:
        yield (
            f"{count(len(found.updates), 'update')}, {len(found.new)} new, {len(found.removed)} "
            f"removed; download {size(sizes.download)}, disk {_signed(sizes.disk)}"
        )
    for mark, updates in (("", found.updates), ("new ", found.new), ("gone ", found.removed)):
        yield from (f"  {mark}{_update(each)}" for each in updates)
    if found.kept:
        yield _row("kept back", ", ".join(found.kept[:_SHOWN]))
    yield from _stale_lines("runs on these", plan.affected)
    if plan.reboot:
        yield _row("reboot", f"will be needed: {', '.join(plan.reboot)}")
    elif plan.better:
        yield _row("reboot", f"the simplest way to have in use: {', '.join(plan.better)}")
    elif not plan.empty:
        yield _row("reboot", "not needed, as far as the names tell")
    yield from (_row("no room", each) for each in plan.missing)
    yield _row("application", plan.health)
    known = f"{span(now - plan.known)} ago" if plan.known else "never"
    yield _row("lists fetched", f"{known}; `os upgrade` fetches them first, and may find more")
    if not plan.empty:
        yield from _WAY_BACK


_WAY_BACK = (
    "There is no way back for packages on one root: take a snapshot of the VM before.",
    "Single packages: apt-get install NAME=OLD-VERSION, while the archive still has it.",
)


def outcome_lines(outcome: OsOutcome, *, reboot_asked: bool) -> Iterator[str]:
    for name in outcome.mended:
        yield f"finished what was cut short: {plain(name)}"
    for each in outcome.changed:
        yield f"  {each.name} {each.before or '(new)'} → {each.after or '(gone)'}"
    yield f"{count(len(outcome.changed), 'package')} changed in {span(outcome.seconds)}"
    if outcome.restarted:
        yield _row("restarted", ", ".join(outcome.restarted))
    if outcome.waiting:
        yield _row("still old", f"{', '.join(outcome.waiting)}: run on replaced files")
        yield "               then: sudo caretaker os upgrade --restart, or a reboot"
    if outcome.health:
        yield _row("application", outcome.health)
    if outcome.reboot:
        yield _row("reboot", "; ".join(outcome.reboot))
    if outcome.rebooting:
        yield "the machine reboots now; afterwards: caretaker os status"
    elif outcome.reboot and not reboot_asked:
        yield "               when it suits you: sudo caretaker os upgrade --reboot"


def _update(update: Update) -> str:
    told = plain(update.told)
    marks = [word for word in (update.origin, update.severity, *update.advisories[:3]) if word]
    security = click.style("security", fg="yellow") + " " if update.security else ""
    return f"{security}{told} ({plain(', '.join(marks))})" if marks else f"{security}{told}"


def _stale_lines(head: str, stale: Iterable[Stale]) -> Iterator[str]:
    for each in stale:
        of = f" (the service {each.service})" if each.service else ""
        files = f": {', '.join(each.files[:2])}" if each.files else ""
        yield _row(head, f"{each.unit}{of}{files}")


def _support(standing: Standing) -> str:
    support = standing.support
    if not support.until:
        return "nobody here knows until when"
    late = f"; long-term until {support.long_term}" if support.long_term else ""
    return f"until {support.until}{late} (by {support.source})"


def _signed(count_: int) -> str:
    return f"+{size(count_)}" if count_ >= 0 else size(count_)


def _row(head: str, text: str) -> str:
    return f"  {head:<14}{plain(text)}"
