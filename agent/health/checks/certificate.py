"""`certificate`: it is valid, belongs to its key, and stays valid for a while.

Owns the dates. What the file says is found by `agent.tls.inspect` in a process of its own and
remembered for as long as the file is the same, so that a look costs a stat. Of a server, the first
certificate it shows is judged; whether its chain is trusted is for `http` and its kin.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from agent.findings import Finding, Status, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.wire import trouble
from agent.health.words import span
from agent.host.failures import FileFailure
from agent.manifest.checks import CertificateCheck
from agent.tls.facts import Facts, One
from agent.tls.memory import recall
from agent.tls.names import names_of_machine, not_covered
from agent.tls.rights import ownership_on, wrong_rights

_KNOWN = "certificate.facts"  # key of `memory`: (what it was read from, facts)
# A certificate for six days must not warn all its life about the twenty-one days asked for.
_TELLING = 120.0  # seconds in which a new pair is shown by its services, or taken back
_WARN_SHARE = 1 / 3
_INSPECT = [sys.executable, "-I", "-m", "agent.tls.inspect"]

_PROBLEMS = {
    "missing": ("certificate-missing", "is not there"),
    "unreadable": ("certificate-unreadable", "can't be read by this user"),
    "empty": ("certificate-empty", "is empty"),
    "no-certificate": ("certificate-invalid", "holds no certificate that can be read"),
}
_KEYS = {
    "differs": ("certificate-mismatch", "does not belong to the key beside it"),
    "missing": ("certificate-key-missing", "has no key beside it"),
    "no-key": ("certificate-key-invalid", "has a key beside it that can't be read as one"),
}


class _Unparsed(Exception):
    """The inspecting child failed; the text says how."""


def look(check: CertificateCheck, context: Context) -> Finding:
    whom = _shown(check, context)
    try:
        facts = _of_server(check, context) if check.address else _of_files(check, context)
    except _Unparsed as error:
        return failed("certificate-unparsed", f"{whom} could not be inspected: {error}")
    except OSError as error:
        return trouble.explain(error, whom, check.timeout)
    finding = _judge(check, whom, facts, context.host.clock.wall())
    if check.certificate and finding.status is Status.PASS:
        return _of_this_machine(check, whom, facts, context) or finding
    return finding


def _of_files(check: CertificateCheck, context: Context) -> Facts:
    if check.certificate:
        folder = context.layout.certificate(check.certificate)
        paths = [folder / "cert.pem", folder / "key.pem", folder / "chain.pem"]
    else:
        paths = [Path(check.path)]
    version = tuple(_version(path) for path in paths)
    return _facts(version, [str(path) for path in paths], None, check, context)


def _of_this_machine(
    check: CertificateCheck, whom: str, facts: Facts, context: Context
) -> Finding | None:
    """What else is wrong with a pair of ours that is good by itself."""
    assert facts.leaf is not None
    network = context.host.network
    if facts.ours:
        machine = names_of_machine(network.host_name(), network.own_addresses(), [])
        missing = not_covered(machine, facts.leaf.names)
        if missing:
            return warned("certificate-names", f"{whom} is not valid for {', '.join(missing)}")
    if facts.fallback:
        return warned("certificate-fallback", f"{whom} is this machine's own, not the authority's")
    if _untold(check, facts.leaf, context):
        return warned("certificate-untold", f"{whom} is new, and its services were not told")
    home = context.layout.certificate(check.certificate)
    folder = home.resolve()
    if folder.parent != home.parent.resolve():
        return None  # The operator's link to files elsewhere, whose owners are not ours to judge.
    try:
        wrong = wrong_rights(folder, ownership_on(context.layout))
    except FileFailure as error:
        return warned("certificate-rights", str(error))
    return warned("certificate-rights", f"{whom}: {'; '.join(wrong.values())}") if wrong else None


def _untold(check: CertificateCheck, leaf: One, context: Context) -> bool:
    """Whether whoever put it in use ended before the services took it up; see `tls.memory`."""
    made, clock = recall(context.layout).made.get(check.certificate), context.host.clock
    if made is None or made.told or made.serial != leaf.serial or made.boot != clock.boot_id():
        return False
    return clock.monotonic() - made.monotonic > _TELLING


def _of_server(check: CertificateCheck, context: Context) -> Facts:
    with context.host.network.connect(check.address, check.port, timeout=check.timeout) as wire:
        # Not verified: an expired certificate is what this check is there to see.
        wire.start_tls(check.address, verify=False)
        shown = wire.peer_certificate()
    return _facts(shown, ["-"], shown, check, context)


def _facts(
    version: object,
    words: list[str],
    stdin: bytes | None,
    check: CertificateCheck,
    context: Context,
) -> Facts:
    """Facts out of memory while `version` is the same, otherwise from the child."""
    known, facts = context.memory.get(_KNOWN, (None, None))
    if facts is not None and known == version:
        return facts  # type: ignore[no-any-return] # put there below
    done = context.host.run([*_INSPECT, *words], timeout=check.timeout, stdin=stdin)
    if not done.ok:
        raise _Unparsed(done.reason)
    try:
        facts = msgspec.json.decode(done.stdout, type=Facts)
    except msgspec.MsgspecError as error:
        raise _Unparsed("its answer makes no sense") from error
    context.memory[_KNOWN] = (version, facts)
    return facts


def _version(path: Path) -> tuple[int, ...]:
    """What changes when the file does, its rights included (ctime), or why it can't be seen."""
    try:
        facts = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size


def _judge(check: CertificateCheck, whom: str, facts: Facts, now: float) -> Finding:
    code, words = _PROBLEMS.get(facts.problem, ("", ""))
    if not code:
        code, words = _KEYS.get(facts.key, ("", ""))
    if code or facts.leaf is None:
        return failed(code or "certificate-invalid", f"{whom} {words}")
    leaf, above = facts.leaf, min(facts.chain, key=lambda each: each.ends, default=facts.leaf)
    detail: dict[str, Any] = {"subject": leaf.subject, "serial": leaf.serial, "ends": leaf.ends}
    return (
        _dates(check, whom, leaf, now, detail)
        or _dates(check, f"{whom}: the certificate above it", above, now, detail)
        or _sound(whom, facts, leaf, now, detail)
    )


def _dates(
    check: CertificateCheck, whom: str, one: One, now: float, detail: dict[str, Any]
) -> Finding | None:
    """What is wrong with the dates, worst first; None where they are good."""
    left = one.ends - now
    seen: dict[str, Any] = {"observed": left, "unit": "s", **detail}
    if one.begins > now:
        summary = (
            f"{whom} is not valid before {span(one.begins - now)} from now; is the clock right?"
        )
        return failed("certificate-early", summary, **seen)
    if left <= 0:
        return failed("certificate-expired", f"{whom} ended {span(left)} ago", **seen)
    if left <= check.fail_before:
        return failed("certificate-expiring", f"{whom} ends in {span(left)}", **seen)
    if left <= min(check.warn_before, (one.ends - one.begins) * _WARN_SHARE):
        return warned("certificate-expiring", f"{whom} ends in {span(left)}", **seen)
    return None


def _sound(whom: str, facts: Facts, leaf: One, now: float, detail: dict[str, Any]) -> Finding:
    seen: dict[str, Any] = {"observed": leaf.ends - now, "unit": "s", **detail}
    for each in (leaf, *facts.chain):
        if each.weak:
            return warned("certificate-weak", f"{whom} relies on {each.weak}", **seen)
    return passed(f"{whom} is valid for {span(leaf.ends - now)} more", **seen)


def _shown(check: CertificateCheck, context: Context) -> str:
    if check.address:
        return f"the certificate shown at {trouble.shown(check.address, check.port)}"
    if check.certificate:
        return f"the certificate {check.certificate}"
    return f"the certificate in {check.path}"


TYPE = CheckType(
    code="certificate",
    params=CertificateCheck,
    look=look,
    codes=(
        *trouble.CODES,
        *(code for code, _ in _PROBLEMS.values()),
        *(code for code, _ in _KEYS.values()),
        "certificate-unparsed",
        "certificate-early",
        "certificate-expired",
        "certificate-expiring",
        "certificate-weak",
        "certificate-names",
        "certificate-fallback",
        "certificate-rights",
        "certificate-untold",
    ),
    hang="the file system or the name servers do not answer",
    cost="a stat, or a TLS handshake; a process when the certificate changed",
)
