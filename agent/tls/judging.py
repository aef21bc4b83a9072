"""Is the pair in use good, and if not, what may be done about it.

Owns the decision; setup, the remedy and the command ask here. It rests on evidence: dates count
only as far as the clock may be believed, and a pair that the customer brought is only reported.
Refuses to change anything. Imports `cryptography`: for one-shots only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cryptography import x509

from agent.host import files
from agent.host.failures import FileFailure
from agent.tls import asking, placing, reading, rights
from agent.tls.dates import Dates, judge_dates
from agent.tls.names import not_covered
from agent.tls.wanted import Wanted

_CAP = 1 << 20  # bytes of a file; a chain has some ten thousand

# A pair with one of these troubles still serves.
SERVES = (
    "certificate-expiring",
    "certificate-names",
    "certificate-provisional",
    "certificate-fallback",
    "certificate-rights",
    "certificate-untold",
)

Act = Literal["make", "rights", "tell", ""]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a pair, by the code of a finding; `act` mends it, if `refusal` is empty.

    `by_date`: nothing but the clock says so.
    """

    code: str
    summary: str
    act: Act = "make"
    refusal: str = ""
    hint: str = ""
    by_date: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A pair that could be read."""

    folder: Path
    leaf: x509.Certificate
    ca: tuple[x509.Certificate, ...]
    origin: placing.Origin


def decide(wanted: Wanted) -> Trouble | None:
    """What is wrong with the pair in use, worst first; None where it is good."""
    found = judge(wanted)
    if found is None or found.act == "tell":
        return found
    if not placing.brought_by_customer(wanted.home):
        return _not_now(wanted, found)
    return replace(
        found,
        refusal="the customer brought this certificate, so nothing of ours replaces it",
        hint=_customers_hint(wanted, found),
    )


def _customers_hint(wanted: Wanted, found: Trouble) -> str:
    if found.act == "rights":
        return f"caretaker tls import {wanted.name} --cert FILE --key FILE  # sets them right"
    return f"caretaker tls csr {wanted.name}; caretaker tls import {wanted.name} --cert FILE"


def _not_now(wanted: Wanted, found: Trouble) -> Trouble:
    """A pair that serves is not replaced by one of our own while an authority is to give it."""
    if found.refusal or not calls_for_order(wanted, found):
        return found
    why = asking.why_not_now(wanted)
    return replace(found, refusal=why, hint=f"caretaker tls renew {wanted.name}") if why else found


def calls_for_order(wanted: Wanted, found: Trouble) -> bool:
    """Whether nothing is lost until an authority has given another pair."""
    return found.act == "make" and found.code in SERVES and asking.is_wanted(wanted)


def judge(wanted: Wanted) -> Trouble | None:
    """The same, whoever brought it."""
    folder = placing.in_use(wanted.home)
    if folder is None:
        target = files.link_target(wanted.home / placing.CURRENT)
        why = f"`current` names {target}, which is not there" if target else "there is none yet"
        return Trouble("certificate-missing", why)
    try:
        wrong = rights.wrong_rights(folder, wanted.ownership)
    except FileFailure as error:
        return Trouble("certificate-unreadable", str(error))
    if wrong and not _is_link_away(wanted):
        return Trouble("certificate-rights", "; ".join(wrong.values()), act="rights")
    seen = read(folder)
    if isinstance(seen, Trouble):
        return seen
    if _is_link_away(wanted):
        seen = replace(seen, origin=placing.Origin(by="customer"))
    looks = (_names, _handshake, _when, _fallback, _untold)
    found = (look(wanted, seen) for look in looks)
    return _content(seen) or next(filter(None, found), None)


def _is_link_away(wanted: Wanted) -> bool:
    """Files that stand elsewhere have owners of their own, whom we do not judge."""
    return "/" in files.link_target(wanted.home / placing.CURRENT)


def serves(wanted: Wanted) -> bool:
    """Whether clients get along with the pair in use, whatever else is wrong with it."""
    trouble = judge(wanted)
    return trouble is None or trouble.code in SERVES


def read(folder: Path) -> Seen | Trouble:
    """The pair in a folder, or why it is none."""
    contents: dict[str, bytes] = {}
    for name in rights.PARTS:
        key = "-key" if name == rights.KEY else ""
        try:
            contents[name] = files.read_bytes((folder / name).resolve(), cap=_CAP)
        except FileNotFoundError:
            return Trouble(f"certificate{key}-missing", f"{name} is not there")
        except (FileFailure, OSError, RuntimeError) as error:
            return Trouble("certificate-unreadable", f"{name} can't be read: {error}")
        if not contents[name].strip(b" \t\r\n\0"):
            return Trouble("certificate-empty", f"{name} is empty")
    try:
        leaf, *_ = reading.certificates_in(contents["cert.pem"])
        ca = reading.certificates_in(contents["ca.pem"])
        reading.certificates_in(contents["chain.pem"])
        reading.names_in(leaf)
    except reading.UNPARSED:
        return Trouble("certificate-invalid", "a file of it holds no certificate that can be read")
    try:
        matches = reading.belong_together(reading.key_in(contents[rights.KEY]), leaf)
    except reading.UNPARSED:
        return Trouble("certificate-key-invalid", "key.pem can't be read as a key")
    if not matches:
        return Trouble("certificate-mismatch", "its key belongs to another certificate")
    return Seen(folder, leaf, tuple(ca), placing.origin_of(folder))


def _content(seen: Seen) -> Trouble | None:
    weak = reading.weakness(seen.leaf)
    return Trouble("certificate-weak", f"it relies on {weak}") if weak else None


def _names(wanted: Wanted, seen: Seen) -> Trouble | None:
    # Other authorities know the machine by the names of the world, not by its own.
    asked = wanted.names if seen.origin.by == "caretaker" else wanted.declared
    missing = not_covered(asked, reading.names_in(seen.leaf))
    if not missing:
        return None
    return Trouble("certificate-names", f"it is not valid for {', '.join(missing)}")


def _handshake(wanted: Wanted, seen: Seen) -> Trouble | None:
    complaint = placing.prove(seen.folder, _server_name(seen.leaf, wanted))
    if not complaint:
        return None
    return Trouble("certificate-invalid", f"it fails a handshake: {complaint}")


def server_name(certificate: bytes, wanted: Wanted) -> str:
    """A name by which a client may ask for this certificate."""
    return _server_name(reading.certificates_in(certificate)[0], wanted)


def _server_name(leaf: x509.Certificate, wanted: Wanted) -> str:
    return (reading.names_in(leaf) or wanted.names)[0].replace("*", "any")


def _untold(wanted: Wanted, seen: Seen) -> Trouble | None:
    """A kill between the flip and the reload leaves services with the pair before."""
    made = wanted.memory.made.get(wanted.name)
    if made is None or made.told or made.serial != reading.serial_of(seen.leaf):
        return None
    if made.boot != wanted.moment.boot or not wanted.spec.services:
        return None  # They were started since, and read it.
    return Trouble("certificate-untold", "its services were not told of it", act="tell")


def _when(wanted: Wanted, seen: Seen) -> Trouble | None:
    begins = seen.leaf.not_valid_before_utc.timestamp()
    ends = seen.leaf.not_valid_after_utc.timestamp()
    above = min((each.not_valid_after_utc.timestamp() for each in seen.ca), default=ends)
    made = wanted.memory.made.get(wanted.name)
    serial = reading.serial_of(seen.leaf)
    dates = Dates(
        begins=begins,
        ends=min(ends, above),
        origin=seen.origin,
        made=made if made and made.serial == serial else None,
    )
    judged = judge_dates(dates, wanted.moment, wanted.name)
    if judged is None:
        return None
    return Trouble(judged.code, judged.summary, "make", judged.refusal, judged.hint, by_date=True)


def _fallback(wanted: Wanted, seen: Seen) -> Trouble | None:
    """Ours serves where an authority's is wanted, because that did not come, or was not asked."""
    wished = asking.is_wanted(wanted)
    if seen.origin.fallback and not wished:
        return Trouble("certificate-fallback", "it serves for an authority's, not wanted any more")
    if seen.origin.by == "acme" and wished:
        now = asking.directory_of(wanted)
        other = f"it is from {seen.origin.authority}, not from {now}"
        # From the authority's trial directory (staging), mostly, which nobody trusts.
        return None if seen.origin.authority == now else Trouble("certificate-fallback", other)
    if seen.origin.by != "caretaker" or not wished:
        return None
    return Trouble("certificate-fallback", "it is this machine's own, not yet the authority's")
