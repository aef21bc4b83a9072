"""What a manifest may say about getting a certificate from an authority that speaks ACME.

Owns the keys of `[certificates.NAME.acme]` and the rules between them (RFC 8555, and RFC 8738 for
addresses). Refuses to know any authority, or the machine. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Annotated as A
from typing import Literal

from msgspec import Struct

from agent.manifest.checks import says
from agent.manifest.kinds import Duration, Port
from agent.manifest.placeholders import holds_secret

Complaint = tuple[tuple[str, ...], str]

_ONE_SETTING = re.compile(r"\{setting:([A-Za-z0-9_-]+)\}")
_ONE_PLACEHOLDER = re.compile(r"\{(?:secret|setting):[A-Za-z0-9_-]+\}")


class Acme(Struct, frozen=True, kw_only=True):
    """An authority that gives certificates by ACME; our own is used where left out."""

    directory: A[str, says("URL of the authority's directory; empty: not from an authority.")] = ""
    when: A[
        bool | str, says("Only where this is true: `{setting:NAME}` of a switch lets them choose.")
    ] = True
    terms: A[
        bool | str,
        says("The authority's terms are agreed to; `{setting:NAME}` of a switch asks for it."),
    ] = False
    email: A[str, says("Where the authority writes to; empty: nowhere.")] = ""
    challenge: A[
        Literal["http-01", "dns-01"], says("How control over the names is shown; `*.` needs DNS.")
    ] = "http-01"
    address: A[str, says("http-01: address that is listened on; empty: every one.")] = ""
    port: A[Port, says("http-01: port that is answered while an order runs.")] = 80
    webroot: A[
        str, says("http-01: folder the application serves on port 80; ours then stays shut.")
    ] = ""
    hook: A[list[str], says("dns-01: program that adds and removes the TXT record.")] = []
    environment: A[
        dict[str, str], says("dns-01: environment of the hook; it may hold {secret:NAME}.")
    ] = {}
    user: A[
        str, says("Who runs the hook or writes to webroot; the appliance's own where left out.")
    ] = ""
    hook_timeout: A[Duration, says("dns-01: longest a call of it may take.")] = Duration(60)
    spread: A[Duration, says("dns-01: time given to the record to reach every server.")] = Duration(
        30
    )
    ca: A[str, says("File of certificates that vouch for the server; empty: the system's.")] = ""
    key: A[
        Literal["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072"], says("The certificate's key.")
    ] = "ecdsa-p256"
    kid: A[str, says("Key identifier of an account you have there (external account).")] = ""
    hmac: A[str, says("And its key, `{secret:NAME}`, as the authority wrote it.")] = ""
    profile: A[str, says("Profile of the authority's, by its name; empty: its usual one.")] = ""
    timeout: A[Duration, says("Longest an order may take; no other remedy runs meanwhile.")] = (
        Duration(120)
    )


def acme_complaints(
    name: str,
    acme: Acme,
    names: Sequence[str],
    *,
    switches: Mapping[str, str],
    ports: Mapping[int, str],
) -> Iterator[Complaint]:
    """Each broken rule as (path of the key, message).

    `switches` says the type of each setting; `ports` who has which port.
    """
    path = ("certificates", name, "acme")
    if acme == Acme():
        return
    if not acme.directory.startswith(("https://", "{setting:")):
        yield (*path, "directory"), "must be the https:// URL of an authority's directory"
    for key, value in (("when", acme.when), ("terms", acme.terms)):
        yield from _choice((*path, key), switches, value=value)
    if acme.terms is False:
        yield (*path, "terms"), "must be agreed to, by you or by a switch of the customer's"
    if not names:
        yield ("certificates", name, "names"), "must hold the names that the authority is asked for"
    yield from _provable(acme, names, ("certificates", name, "names"))
    yield from _http(acme, path, ports)
    yield from _dns(acme, path)
    yield from _account(acme, path)


def _choice(
    path: tuple[str, ...], switches: Mapping[str, str], *, value: bool | str
) -> Iterator[Complaint]:
    if isinstance(value, bool):
        return
    match = _ONE_SETTING.fullmatch(value)
    if match is None:
        yield path, "must be true, false or {setting:NAME}"
    elif switches.get(match[1], "switch") != "switch":
        yield path, f'the setting "{match[1]}" is no switch'


def _provable(acme: Acme, names: Sequence[str], path: tuple[str, ...]) -> Iterator[Complaint]:
    for one in names:
        if one.startswith("*.") and acme.challenge != "dns-01":
            yield path, f"{one} can be shown by dns-01 only"
        if _is_address(one) and acme.challenge != "http-01":
            yield path, f"{one} is an address, which has no DNS record; use http-01"


def _http(acme: Acme, path: tuple[str, ...], ports: Mapping[int, str]) -> Iterator[Complaint]:
    if acme.challenge != "http-01":
        if acme.webroot:
            yield (*path, "webroot"), "is for http-01"
        return
    if acme.hook:
        yield (*path, "hook"), "is for dns-01"
    if acme.address and not _is_address(acme.address) and "{" not in acme.address:
        yield (*path, "address"), "is no address; write numbers, or leave it out"
    if not acme.webroot and acme.port in ports:
        taken = f"port {acme.port} is taken by {ports[acme.port]}; say where it serves its files"
        yield (*path, "webroot"), taken


def _dns(acme: Acme, path: tuple[str, ...]) -> Iterator[Complaint]:
    if acme.challenge == "dns-01" and not acme.hook:
        yield (*path, "hook"), "must be given: the program that writes the DNS record"
    if any(map(holds_secret, acme.hook)):
        message = "every user can read a program's arguments; hand secrets over in environment"
        yield (*path, "hook"), message


def _account(acme: Acme, path: tuple[str, ...]) -> Iterator[Complaint]:
    if bool(acme.kid) != bool(acme.hmac):
        yield (*path, "hmac" if acme.kid else "kid"), "kid and hmac go together"
    if acme.hmac and not _ONE_PLACEHOLDER.fullmatch(acme.hmac):
        # The manifest stands in the image, for everybody to read.
        yield (*path, "hmac"), "must be {secret:NAME}, never the key itself"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
