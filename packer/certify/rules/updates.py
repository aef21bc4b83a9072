"""Where updates come from, whether they come, and whether anybody else may send some.

Owns the rules on apt's settings and sources. Which updates are pending: see packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts import apt
from packer.certify.facts.claims import sealed, sold
from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.origins.packaged import packages
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, cis, gcp, ours
from packer.certify.tree import Tree

_PERIODIC = ("apt::periodic::update-package-lists", "apt::periodic::unattended-upgrade")
_TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer", "unattended-upgrades.service")
_TRUSTING = (
    *("apt::get::allowunauthenticated", "acquire::allowinsecurerepositories"),
    *("acquire::allowweakrepositories", "acquire::alloweddowngradetoinsecurerepositories"),
    "acquire::allowdowngradetoinsecurerepositories",
)
_TRUE = ("1", "yes", "true", "with", "on", "enable")


def _apt(tree: Tree) -> None:
    if tree.entry("/etc/apt") is None:
        raise NotApplicableError("no apt in the tree")


def _unattended(subject: Subject) -> Iterator[Finding]:
    _apt(subject.tree)
    tree = subject.tree
    there = tree.entry("/usr/bin/unattended-upgrade", follow=True) is not None
    if not there:
        sold(subject)
        yield Finding("/usr/bin/unattended-upgrade", "is not installed")
        return
    for name in _PERIODIC:
        number = apt.value(tree, name)
        if number in ("", "0"):
            words = "is off" if number else "is not set"
            yield Finding(apt.CONF, f"{name} {words}")
    if not any(
        "security" in one.lower()
        for _, name, one in apt.conf(tree)
        if name.startswith("unattended-upgrade::") and ("origins" in name or "allowed" in name)
    ):
        yield Finding(apt.CONF, "no origin of security updates is allowed")
    for timer in _TIMERS:
        entry = tree.entry(f"/etc/systemd/system/{timer}")
        if entry is not None and entry.target == "/dev/null":
            yield Finding(entry.path, "is masked: updates never come")


def _held(subject: Subject) -> Iterator[Finding]:
    text = subject.tree.text("/var/lib/dpkg/status", limit=32 << 20)
    for found in re.finditer(r"(?m)^Package: (\S+)\nStatus: hold ", text):
        yield Finding("/var/lib/dpkg/status", f"{found[1]} is held back")
    for name in subject.tree.names("/etc/apt/preferences.d"):
        path = f"/etc/apt/preferences.d/{name}"
        for block in re.split(r"\n\s*\n", subject.tree.text(path)):
            if re.search(r"(?m)^Pin-Priority:\s*-\d", block) and "security" in block.lower():
                yield Finding(path, "keeps security updates away")


def _trusting(subject: Subject) -> Iterator[Finding]:
    _apt(subject.tree)
    tree = subject.tree
    for source in apt.sources(tree):
        for option in ("trusted", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure"):
            if source.options.get(option, "").lower() in _TRUE:
                yield Finding(source.path, f"{option}: whoever stands between may send packages")
        if source.options.get("check-valid-until", "").lower() == "no":
            yield Finding(source.path, "takes an archive of any age for today's")
    for path, name, said in apt.conf(tree):
        if name in _TRUSTING and said.lower() in _TRUE:
            yield Finding(path, f"{name}: whoever stands between may send packages")
        elif re.fullmatch(r"acquire::https?::(?:.*::)?verify-(?:peer|host)", name) and (
            said.lower() in ("false", "0", "no")
        ):
            yield Finding(path, f"{name} is off")


def _foreign(subject: Subject) -> Iterator[Finding]:
    """A key in trusted.gpg.d vouches for every source; in keyrings/ only for those that name it."""
    tree = subject.tree
    known = packages(tree)
    brought = known.sums.keys() | known.settings.keys()
    for name in tree.names("/etc/apt/trusted.gpg.d"):
        path = f"/etc/apt/trusted.gpg.d/{name}"
        if path not in brought and name.endswith((".gpg", ".asc")) and not _of_package(tree, path):
            yield Finding(path, "a key of no package, trusted for every source")
    entry = tree.entry("/etc/apt/trusted.gpg")
    if entry is not None and entry.size > 1200:  # an empty key box is 32 bytes, an old ring less
        yield Finding(entry.path, "keys of no package, trusted for every source")


def _of_package(tree: Tree, path: str) -> bool:
    """debian-archive-keyring puts a link, or a file that is the same as its own."""
    entry = tree.entry(path)
    if entry is None or entry.is_link:
        return entry is not None and entry.target.startswith("/usr/share/keyrings/")
    wanted = tree.read(path)
    folder = "/usr/share/keyrings"
    return any(tree.read(f"{folder}/{name}") == wanted for name in tree.names(folder))


def _of_build(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for path, name, said in apt.conf(tree):
        if re.match(r"acquire::(?:\w+::)?proxy", name) and said and said.upper() != "DIRECT":
            yield Finding(path, "a proxy of the build's network")
    for entry in unverified(tree):
        if re.match(r"/etc/apt/auth\.conf(?:\.d/.+)?$", entry.path) and re.search(
            r"(?m)^\s*(?:machine\s.*)?\bpassword\s+\S", tree.text(entry.path)
        ):
            yield Finding(entry.path, "a login for a source of packages")
    for source in apt.sources(tree):
        for address in source.addresses:
            if re.match(r"(?:file|copy|cdrom):", address) or re.match(
                r"https?://(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)", address
            ):
                yield Finding(source.path, "a source that only the build could reach")
            elif re.match(r"\w+://[^/@\s]+:[^/@\s]+@", address):
                yield Finding(source.path, "a login for a source of packages")


UNATTENDED = Rule(
    id="UPD-02",
    title="Security updates install themselves",
    clauses=(gcp("TestAutomaticUpdates"), aws("Security policies"), cis("1.2.2.1")),
    targets=frozenset(("aws", "azure", "gcp", "cis", "caretaker")),
    severity="high",
    probe=_unattended,
    fix="apt-get install unattended-upgrades; set both APT::Periodic values to 1",
    faults=("no-periodic", "updates-masked", "no-security-origin"),
)
NONE_HELD = Rule(
    id="UPD-03",
    title="No package is held back",
    clauses=(ours("a held package gets no security update"), cis("1.2.2.1")),
    targets=frozenset(("cis", "caretaker")),
    severity="medium",
    probe=_held,
    fix="apt-mark unhold NAME",
    faults=("held-package", "pinned-security"),
)
NO_TRUSTING = Rule(
    id="APT-01",
    title="apt takes no package that nobody signed",
    clauses=(cis("1.2.1"), azure("Security"), ours("sources")),
    targets=frozenset(("azure", "cis", "caretaker")),
    severity="critical",
    probe=_trusting,
    fix="delete trusted=yes and the AllowUnauthenticated lines",
    faults=("apt-trusted", "apt-trusted-deb822", "apt-unauthenticated", "apt-no-tls-check"),
)
NO_FOREIGN_KEY = Rule(
    id="APT-02",
    title="No key of a stranger vouches for every source",
    clauses=(cis("1.2.1.1 GPG keys are configured"), ours("signed-by, one key a source")),
    targets=frozenset(("cis", "caretaker")),
    severity="high",
    probe=_foreign,
    fix="mv KEY /etc/apt/keyrings/ and name it by signed-by in its source",
    faults=("apt-foreign-key", "apt-old-ring"),
)
NOT_OF_BUILD = Rule(
    id="APT-03",
    title="apt knows no proxy, login or source of the build's network",
    clauses=(ours("nothing of the build"), aws("Access policies: no credentials")),
    targets=frozenset(("aws", "caretaker")),
    severity="medium",
    probe=_of_build,
    fix="rm -f /etc/apt/auth.conf, the proxy's file, and the source's line",
    faults=("apt-proxy", "apt-auth", "apt-local-source", "apt-login-in-source"),
)
RULES = (UNATTENDED, NONE_HELD, NO_TRUSTING, NO_FOREIGN_KEY, NOT_OF_BUILD)
