"""Whether a certificate is to come from an ACME authority, for which names, and when to ask again.

Owns the answers, and the note of what came of the last order, with the pause that grows from one
failure to the next: an authority shuts out whoever keeps asking, and one that shut us out is worse
than one that was left alone. Imports nothing heavy; refuses to ask.
"""

from __future__ import annotations

import ipaddress
import re

import msgspec

from agent.manifest.acme import Acme
from agent.manifest.placeholders import expand, expand_record
from agent.state import StateFile
from agent.tls.wanted import Wanted

# Seconds, doubled from one failure to the next. Authorities allow some five failures an hour, and
# the remedy's budget four acts in six hours: with these it never ends in safe mode for that.
_PAUSE, _PAUSE_MOST = 3600.0, 86400.0
_STAY_AWAY_MOST = 7 * 86400.0

_NAME = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}")


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the last order. Times are since 1970; `again` is 0 where it went well."""

    directory: str = ""
    account: str = ""
    asked: float = 0.0
    failures: int = 0
    again: float = 0.0
    problem: str = ""


def is_wanted(wanted: Wanted) -> bool:
    """Whether the certificate is to come from an authority. Raises what a setting raises."""
    acme = wanted.spec.acme
    return bool(acme.directory) and wanted.values is not None and is_true(wanted, acme.when)


def directory_of(wanted: Wanted) -> str:
    """Without a look at secrets."""
    assert wanted.values is not None
    return expand(wanted.spec.acme.directory, wanted.values)


def authority_for(wanted: Wanted) -> Acme:
    """The authority, placeholders filled in. Raises what that raises: a secret is not there."""
    assert wanted.values is not None
    return expand_record(wanted.spec.acme, wanted.values)


def names_asked(wanted: Wanted) -> list[str]:
    """What an authority can be asked for: the declared names, not this machine's own."""
    return list(dict.fromkeys(name.lower().rstrip(".") for name in wanted.declared if name))


def why_not_now(wanted: Wanted) -> str:
    """Why no order may be placed unasked; empty where one may."""
    if not wanted.orders:
        return "the authority is asked once the application runs"
    left = waits(wanted)
    if not left:
        return ""
    return f"the last order failed ({note_of(wanted).problem}); the next waits {_span(left)}"


def note_of(wanted: Wanted) -> Note:
    """Changes nothing; an empty one where none was kept."""
    return _file(wanted).load(aside=False) or Note()


def waits(wanted: Wanted) -> float:
    """Seconds until an order may be placed unasked; 0: now."""
    note = note_of(wanted)
    left = note.again - wanted.moment.now
    # A clock that was far ahead when it was written must not keep us waiting for years.
    return left if 0 < left <= _STAY_AWAY_MOST else 0.0


def can_be_asked(name: str, challenge: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        known = _NAME.fullmatch(name) is not None and len(name) <= 253
        return known and (challenge == "dns-01" or not name.startswith("*."))
    return challenge == "http-01"


def is_true(wanted: Wanted, choice: str | bool) -> bool:  # noqa: FBT001  (as the manifest has it)
    if isinstance(choice, bool):
        return choice
    assert wanted.values is not None
    return expand(choice, wanted.values) == "true"


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.0f} h" if seconds >= 5400 else f"{max(seconds / 60, 1):.0f} min"


def note_attempt(wanted: Wanted, acme: Acme) -> Note:
    """Before an order: one that is killed each time counts as failed, too. FileFailure."""
    before = note_of(wanted)
    pause = min(_PAUSE * 2 ** min(before.failures, 10), _PAUSE_MOST)
    note = Note(
        directory=acme.directory,
        account=before.account if before.directory == acme.directory else "",
        asked=wanted.moment.now,
        failures=before.failures + 1,
        again=wanted.moment.now + pause,
        problem="the order was cut short",
    )
    _file(wanted).save(note)
    return note


def note_problem(wanted: Wanted, note: Note, problem: str, *, stay_away: float) -> None:
    """What the attempt came to; the authority may ask for a longer pause. FileFailure."""
    again = max(note.again, wanted.moment.now + min(stay_away, _STAY_AWAY_MOST))
    _file(wanted).save(msgspec.structs.replace(note, problem=problem, again=again))


def note_success(wanted: Wanted, acme: Acme, account: str) -> None:
    """FileFailure."""
    done = Note(directory=acme.directory, account=account, asked=wanted.moment.now)
    _file(wanted).save(done)


def _file(wanted: Wanted) -> StateFile[Note]:
    return StateFile(wanted.layout.acme / f"{wanted.name}.json", Note, mode=0o600)
