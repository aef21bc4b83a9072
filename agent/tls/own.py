"""Pairs of the instance's own authority: with the dates that this clock deserves.

Owns the authority's file and the choice of dates. Under a clock that can't be believed a pair is
made for any time, from before this program was written to years ahead, and marked as provisional:
the application starts, and is reached once the clock is right. Refuses to put anything in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.host import files, permissions
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.tls import judging, reading
from agent.tls.authority import AUTHORITY_DAYS, Pair, make_authority, make_leaf
from agent.tls.moment import CLOCK_FLOOR, Trust, is_trusted, newest_of, trust
from agent.tls.placing import Issued, Origin, in_use
from agent.tls.wanted import Wanted

_DAY = 86400.0
_PROVISIONAL_DAYS = 3650  # after the latest time anything here knows
_FILE, _FOLDER_MODE, _FILE_MODE = "authority.pem", 0o700, 0o600


@dataclass(frozen=True, slots=True)
class _Span:
    """Dates of a pair: its beginning, since 1970, and its days."""

    begins: float
    days: int
    judged: Trust

    @property
    def trusted(self) -> bool:
        return is_trusted(self.judged)

    @property
    def ends(self) -> float:
        return self.begins + self.days * _DAY


def issue(wanted: Wanted, *, vouched: bool = False) -> Issued:
    """A pair by the instance's own authority, which is made at first need. FileFailure."""
    span = _span(wanted, vouched=vouched)
    authority = _authority(wanted.layout, span)
    leaf = make_leaf(authority, wanted.names, now=span.begins, days=span.days)
    return Issued(
        serial=leaf.serial,
        key=leaf.key,
        certificate=leaf.certificate,
        chain=leaf.certificate + authority.certificate,
        ca=authority.certificate,
        origin=Origin(clock=span.judged, provisional=not span.trusted),
    )


def _span(wanted: Wanted, *, vouched: bool) -> _Span:
    moment = wanted.moment
    known = _begins_in_use(wanted)
    judged = trust(moment, known)
    if vouched and judged == "ahead":
        judged = "plausible"  # One that is behind gets dates for any clock: no harm if it is right.
    if is_trusted(judged):
        return _Span(moment.now, wanted.spec.days, judged)
    latest = newest_of(moment.newest, moment.witness, moment.now, *known)
    days = int((latest - CLOCK_FLOOR) / _DAY) + _PROVISIONAL_DAYS
    return _Span(CLOCK_FLOOR, days, judged)


def _begins_in_use(wanted: Wanted) -> list[float]:
    folder = in_use(wanted.home)
    seen = judging.read(folder) if folder else None
    return [seen.leaf.not_valid_before_utc.timestamp()] if isinstance(seen, judging.Seen) else []


def authority_file(layout: Layout) -> Path:
    return layout.tls / "authority" / _FILE


def _authority(layout: Layout, span: _Span) -> Pair:
    """The one there is, as long as it is usable: clients were told to trust it."""
    path = authority_file(layout)
    files.ensure_folder(path.parent, mode=_FOLDER_MODE)
    found = _found(path, span)
    if found is not None:
        if (facts := permissions.read(path)) and facts.mode & 0o077:
            permissions.restore(path, _FILE_MODE)
        return found
    days = AUTHORITY_DAYS if span.trusted else span.days
    fresh = make_authority(layout.app, now=span.begins, days=days)
    # One file holds both, so that a power cut can't leave a pair that does not match.
    files.replace(path, fresh.key + fresh.certificate, mode=_FILE_MODE)
    return fresh


def _found(path: Path, span: _Span) -> Pair | None:
    """None where it is lost, broken, weak or too old; leaves under it stay valid till replaced."""
    try:
        content = files.read_bytes(path)
        certificate, *_ = reading.certificates_in(content)
        key = reading.key_in(content)
        reading.names_in(certificate)
    except (FileNotFoundError, FileFailure, *reading.UNPARSED):
        return None
    if not reading.belong_together(key, certificate) or reading.weakness(certificate):
        return None
    begins = certificate.not_valid_before_utc.timestamp()
    ends = certificate.not_valid_after_utc.timestamp()
    if span.trusted and not (begins <= span.begins and span.ends <= ends):
        return None
    return Pair(content, reading.pem_of(certificate), reading.serial_of(certificate))
