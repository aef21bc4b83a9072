"""What sshd allows: one table, a row for each setting that somebody asks for.

Owns the wanted values, with the clauses in conflict resolved: 180 seconds of ClientAliveInterval
fit everybody. A stricter value than the distribution's is asked only of what is sold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from packer.certify.facts import sshd
from packer.certify.facts.claims import sold
from packer.certify.finding import Clause, Finding, Severity
from packer.certify.rule import Rule, Subject, Target
from packer.certify.rules.documents import aws, azure, cis, gcp, ours

Wanted = Callable[[str], bool]
_SHORTEST, _LONGEST = 30, 235


def _no(value: str) -> bool:
    return value.lower() == "no"


def _seconds(value: str) -> bool:
    """sshd_config(5), time formats: 180, 180s, 3m."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (value[:-1], value[-1:].lower()) if value[-1:].isalpha() else (value, "s")
    return number.isdecimal() and _SHORTEST <= int(number) * units.get(unit, 0) <= _LONGEST


def _probe(
    subject: Subject, *, keywords: tuple[str, ...], wanted: Wanted, stricter: bool
) -> Iterator[Finding]:
    """`stricter` than OpenSSH's own: then silence is a fault, and only in what is sold."""
    tree = subject.tree
    sshd.settings(tree)
    if stricter:
        sold(subject)
    if "forwarding" in keywords[0] and _no_forwarding_at_all(subject):
        keywords = tuple(each for each in keywords if "forwarding" not in each)
    for keyword in keywords:
        for each in sshd.every(tree, keyword):
            if not wanted(each.value):
                where = f"line {each.line}: " if each.line else "by default: "
                block = f" for those who match {each.match}" if each.match else ""
                yield Finding(each.path, f"{where}{keyword} is {each.value}{block}")


def _no_forwarding_at_all(subject: Subject) -> bool:
    return all(
        each.value.lower() == "yes" for each in sshd.every(subject.tree, "disableforwarding")
    )


def _rule(
    ident: str,
    title: str,
    clauses: tuple[Clause, ...],
    targets: tuple[Target, ...],
    severity: Severity,
    keywords: tuple[str, ...],
    wanted: Wanted,
    fix: str,
    faults: tuple[str, ...],
    *,
    stricter: bool = False,
) -> Rule:
    probe = partial(_probe, keywords=keywords, wanted=wanted, stricter=stricter)
    concerned: frozenset[Target] = frozenset((*targets, "caretaker"))
    return Rule(ident, title, clauses, concerned, severity, probe, fix, faults=faults)


_FORWARDING = ("allowtcpforwarding", "allowstreamlocalforwarding", "allowagentforwarding")

RULES = (
    _rule(
        "SSH-01",
        "No login by password",
        (aws("Access policies: no password authentication"), gcp("security: verifySSHConfig")),
        ("aws", "azure", "gcp", "digitalocean"),
        "critical",
        ("passwordauthentication",),
        _no,
        "PasswordAuthentication no, in the first file of /etc/ssh/sshd_config.d",
        ("ssh-password", "ssh-password-dropin", "ssh-password-match", "ssh-password-option"),
    ),
    _rule(
        "SSH-06",
        "No login by what PAM asks either",
        (aws("Access policies: no password authentication"),),
        ("aws",),
        "high",
        ("kbdinteractiveauthentication",),
        _no,
        "KbdInteractiveAuthentication no",
        ("ssh-keyboard", "ssh-keyboard-old-name"),
    ),
    _rule(
        "SSH-02",
        "root does not log in",
        (aws("Access policies: root login"), gcp("security: PermitRootLogin"), cis("5.1.20")),
        ("aws", "gcp", "cis"),
        "high",
        ("permitrootlogin",),
        lambda value: (
            value.lower() in ("no", "prohibit-password", "without-password", "forced-commands-only")
        ),
        "PermitRootLogin no",
        ("ssh-root", "ssh-root-match"),
    ),
    _rule(
        "SSH-14",
        "root does not log in, by key neither",
        (aws("Access policies: root login is off"), cis("5.1.20 PermitRootLogin")),
        ("aws", "cis"),
        "medium",
        ("permitrootlogin",),
        _no,
        "PermitRootLogin no",
        ("ssh-root-by-key",),
        stricter=True,
    ),
    _rule(
        "SSH-07",
        "No login with an empty password",
        (cis("5.1.19 PermitEmptyPasswords"), aws("Access policies: blank passwords")),
        ("aws", "azure", "cis"),
        "critical",
        ("permitemptypasswords",),
        _no,
        "PermitEmptyPasswords no",
        ("ssh-empty-passwords",),
    ),
    _rule(
        "SSH-03",
        "A silent session is asked after 30 to 235 seconds (180 fits every cloud)",
        (azure("Linux: ClientAliveInterval"), cis("5.1.7 ClientAliveInterval")),
        ("azure", "cis"),
        "medium",
        ("clientaliveinterval",),
        _seconds,
        "ClientAliveInterval 180",
        ("ssh-alive-long", "ssh-alive-off"),
        stricter=True,
    ),
    _rule(
        "SSH-09",
        "No forwarding of ports, sockets or agents",
        (cis("5.1.8 DisableForwarding"), ours("no way out through the machine")),
        ("cis",),
        "high",
        _FORWARDING,
        _no,
        "DisableForwarding yes, AllowTcpForwarding no",
        ("ssh-forwarding", "ssh-forwarding-match"),
        stricter=True,
    ),
    _rule(
        "SSH-15",
        "No tunnel devices, no ports opened to others, no X11",
        (cis("5.1.8 DisableForwarding"), ours("no way out through the machine")),
        ("cis",),
        "high",
        ("permittunnel", "gatewayports"),
        _no,
        "PermitTunnel no, GatewayPorts no",
        ("ssh-tunnel", "ssh-gateway-ports"),
    ),
    _rule(
        "SSH-10",
        "No login because another machine says so",
        (cis("5.1.10 HostbasedAuthentication"),),
        ("cis",),
        "high",
        ("hostbasedauthentication",),
        _no,
        "HostbasedAuthentication no",
        ("ssh-hostbased",),
    ),
    _rule(
        "SSH-11",
        "People do not set sshd's environment",
        (cis("5.1.21 PermitUserEnvironment"),),
        ("cis",),
        "medium",
        ("permituserenvironment",),
        _no,
        "PermitUserEnvironment no",
        ("ssh-environment",),
    ),
    _rule(
        "SSH-12",
        "sshd looks at the modes of key files",
        (ours("StrictModes"),),
        (),
        "medium",
        ("strictmodes",),
        lambda value: value.lower() == "yes",
        "StrictModes yes",
        ("ssh-loose-modes",),
    ),
)
