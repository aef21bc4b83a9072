"""A certificate of the manifest, told to people: what stands on disk, and what the port shows.

Owns the record behind `tls list` and `tls show`. Refuses keys: it says of one whether it belongs,
where the asker may read it.
"""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives import hashes

from agent.host.failures import FileFailure
from agent.host.files import read_bytes
from agent.tls import asking, judging, placing, port, reading
from agent.tls.dates import renewal_at
from agent.tls.wanted import Wanted


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """Dates are seconds since 1970, `fingerprint` is SHA-256; `problem` empty where it is good.

    `by`: `caretaker`, `customer` or `acme`; empty where nothing could be read. `shows`: the serial
    that the declared port shows, empty for none; None where no port is declared or none was asked.
    `authority` is the one it is ordered from, by ACME: with our account there, when the last order
    was placed, and after one that failed (`failure`) when the next may be.
    """

    name: str
    folder: str = ""
    by: str = ""
    subject: str = ""
    names: tuple[str, ...] = ()
    issuer: str = ""
    begins: float | None = None
    ends: float | None = None
    renewal: float | None = None
    serial: str = ""
    fingerprint: str = ""
    key: str = ""
    services: tuple[str, ...] = ()
    port: int = 0
    shows: str | None = None
    previous: str = ""
    authority: str = ""
    account: str = ""
    ordered: float | None = None
    again: float | None = None
    failure: str = ""
    problem: str = ""
    code: str = ""
    refusal: str = ""
    hint: str = ""


def describe(wanted: Wanted, *, ask_port: bool, judge: bool = True) -> Description:
    """`judge` off: whoever asks may not read the key, so only the public part is told."""
    found = _public(wanted)
    if ask_port and wanted.spec.port:
        server_name = (found.names or tuple(wanted.names))[0].replace("*", "any")
        seen = port.shown(wanted.host, wanted.spec.port, server_name)
        found = msgspec.structs.replace(found, shows=port.serial_shown(seen))
    if judge and asking.is_wanted(wanted):
        found = _with_orders(wanted, found)
    trouble = judging.decide(wanted) if judge else None
    if trouble is None:
        return found
    return msgspec.structs.replace(
        found,
        problem=trouble.summary,
        code=trouble.code,
        refusal=trouble.refusal,
        hint=trouble.hint or f"caretaker tls renew {wanted.name}",
    )


def _with_orders(wanted: Wanted, found: Description) -> Description:
    note = asking.note_of(wanted)
    return msgspec.structs.replace(
        found,
        authority=asking.directory_of(wanted),
        account=note.account,
        ordered=note.asked or None,
        again=note.again if asking.waits(wanted) else None,
        failure=note.problem,
    )


def _public(wanted: Wanted) -> Description:
    folder = placing.in_use(wanted.home)
    bare = Description(
        name=wanted.name,
        folder=str(folder or ""),
        services=tuple(wanted.spec.services),
        port=wanted.spec.port,
        previous=placing.previous_of(wanted.home),
    )
    if folder is None:
        return msgspec.structs.replace(
            bare, problem="there is none yet", code="certificate-missing"
        )
    try:
        leaf, *_ = reading.certificates_in(read_bytes((folder / "cert.pem").resolve()))
        begins = leaf.not_valid_before_utc.timestamp()
        ends = leaf.not_valid_after_utc.timestamp()
        customers = placing.brought_by_customer(wanted.home)
        return msgspec.structs.replace(
            bare,
            by="customer" if customers else placing.origin_of(folder).by,
            subject=leaf.subject.rfc4514_string()[:200],
            names=tuple(reading.names_in(leaf)),
            issuer=leaf.issuer.rfc4514_string()[:200],
            begins=begins,
            ends=ends,
            renewal=renewal_at(begins, ends),
            serial=reading.serial_of(leaf),
            fingerprint=leaf.fingerprint(hashes.SHA256()).hex(":"),
            key=reading.kind_of_key(leaf.public_key()),
        )
    except (OSError, FileFailure, RuntimeError, *reading.UNPARSED) as error:
        code = "certificate-unreadable"
        return msgspec.structs.replace(bare, problem=f"it can't be read: {error}", code=code)
