"""Whether a pair the customer brings may be put in use here: every reason why not, at once.

Owns the rules of `tls import`: strength, dates, purpose, names, a chain that ends somewhere.
Refuses to read files and to place anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from agent.host.clock import rfc3339
from agent.tls import reading
from agent.tls.brought import Brought, usage_complaint
from agent.tls.dates import renewal_at
from agent.tls.moment import is_trusted, trust
from agent.tls.names import not_covered
from agent.tls.wanted import Wanted

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`refusals` forbid it; `forceable` too, unless a person insists; `warnings` are only said."""

    refusals: tuple[str, ...] = ()
    forceable: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def examine(brought: Brought, wanted: Wanted) -> Verdict:
    refusals, warnings = _dates(brought, wanted)
    refusals += [f"it relies on {weak}" for weak in _weak(brought)]
    usage = usage_complaint(brought.leaf)
    refusals += [usage] if usage else []
    names = reading.names_in(brought.leaf)
    if not names:
        refusals.append("it has no subject alternative names, and no client of today reads others")
    declared = not_covered(wanted.declared, names)
    forceable = [f"it is not valid for {', '.join(declared)}"] if declared and names else []
    if not wanted.declared:
        machine = not_covered([wanted.host.network.host_name()], names)
        warnings += [f"it is not valid for this machine's name, {machine[0]}"] if machine else []
    if brought.root is None:
        warnings.append(
            "its chain ends below a root that this machine knows; clients may miss a certificate"
        )
    if brought.spare:
        warnings.append(f"{brought.spare} certificates belong to no chain of it and are left out")
    return Verdict(tuple(refusals), tuple(forceable), tuple(warnings))


def _dates(brought: Brought, wanted: Wanted) -> tuple[list[str], list[str]]:
    now = wanted.moment.now
    if not is_trusted(trust(wanted.moment)):
        told = f"the clock says {rfc3339(now)} and can't be believed, so dates were not looked at"
        return [], [told]
    for one, whom in [(brought.leaf, "it"), *((each, _who(each)) for each in brought.above)]:
        begins = one.not_valid_before_utc.timestamp()
        ends = one.not_valid_after_utc.timestamp()
        if now >= ends:
            return [f"{whom} ended at {rfc3339(ends)}"], []
        if now < begins:
            return [f"{whom} is not valid before {rfc3339(begins)}"], []
    begins = brought.leaf.not_valid_before_utc.timestamp()
    ends = brought.leaf.not_valid_after_utc.timestamp()
    if now >= renewal_at(begins, ends):
        return [], [f"it ends in {(ends - now) / _DAY:.0f} days; ask for the next one now"]
    return [], []


def _weak(brought: Brought) -> list[str]:
    chain = (brought.leaf, *brought.above)
    return [weak for weak in map(reading.weakness, chain) if weak]


def _who(certificate: x509.Certificate) -> str:
    return f"the certificate above it, {certificate.subject.rfc4514_string()[:100]},"
