"""`dns`: a name resolves, as any program of this machine would resolve it.

Owns one call of the system's resolver, `/etc/hosts` and all. Refuses to speak DNS itself: an
answer that the application would not get proves nothing. The call knows no time limit; `look`
gives it one.
"""

from __future__ import annotations

import ipaddress

from agent.findings import Finding, failed, passed
from agent.health.context import CheckType, Context
from agent.manifest.checks import DnsCheck

# EAI_* of glibc's netdb.h, as socket.gaierror carries them.
_UNKNOWN = (-2, -5)  # NONAME, NODATA
_SHOWN = 4  # addresses in a summary


def look(check: DnsCheck, context: Context) -> Finding:
    begun = context.host.clock.monotonic()
    try:
        found = context.host.network.resolve(check.name)
    except OSError as error:
        if error.errno in _UNKNOWN:
            return failed("dns-unknown", f"{check.name} has no address: the name is not known")
        why = (error.strerror or "no reason given").lower()
        return failed("dns-unanswered", f"{check.name} could not be looked up: {why}")
    seconds = context.host.clock.monotonic() - begun
    shown = ", ".join(found[:_SHOWN]) + (" and more" if len(found) > _SHOWN else "")
    if check.expect and _plain(check.expect) not in {_plain(each) for each in found}:
        return failed("dns-wrong", f"{check.name} is {shown}, and not {check.expect}")
    return passed(f"{check.name} is {shown}", observed=seconds, unit="s")


def _plain(address: str) -> str:
    """One spelling an address."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


TYPE = CheckType(
    code="dns",
    params=DnsCheck,
    look=look,
    codes=("dns-unknown", "dns-unanswered", "dns-wrong"),
    hang="the name servers do not answer (see /etc/resolv.conf)",
    cost="one call of the resolver",
)
