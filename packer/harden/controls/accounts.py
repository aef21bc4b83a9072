"""Accounts: root has no password, nobody's lasts for ever, service accounts never log in.

Owns the lock on root, login.defs, useradd's defaults, shells of service accounts. Refuses to make
or remove an account; people's come from cloud-init at first boot.
"""

from __future__ import annotations

from collections.abc import Iterable

from packer.certify.facts.accounts import Account, accounts
from packer.certify.finding import Finding
from packer.certify.rule import Subject
from packer.certify.tree import Tree
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.mode import each_at_most
from packer.harden.values import BLANKS, SHELL, values
from packer.harden.want import Want, cis, control, subject_of

_SHADOW = "/etc/shadow"
_PASSWD = "/etc/passwd"  # noqa: S105 — a path
_NO_LOGIN = "/usr/sbin/nologin"
_LOGIN_DEFS = "/etc/login.defs"


def _root_locked() -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        for account in accounts(subject.tree):
            # `passwd -l` leaves "!*", which DigitalOcean's check takes for a password.
            if account.uid == 0 and account.shadow not in ("*", "!", "!!"):
                yield Finding(_SHADOW, f"{account.name} is not locked")

    def make(site: Site) -> None:
        lines = _rows(site, _SHADOW)
        for words in lines:
            if words[0] == "root" and len(words) > 1:
                words[1] = "*"
        _put(site, _SHADOW, lines)

    return Want(_SHADOW, look, make)


def _service_shells() -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        for account in _with_shell(subject.tree):
            yield Finding(_PASSWD, f"{account.name} has the shell {account.shell or '/bin/sh'}")

    def make(site: Site) -> None:
        with subject_of(site) as subject:
            names = {account.name for account in _with_shell(subject.tree)}
        lines = _rows(site, _PASSWD)
        for words in lines:
            if words[0] in names and len(words) > 6:
                words[6] = _NO_LOGIN
        _put(site, _PASSWD, lines)

    return Want(_PASSWD, look, make)


def _with_shell(tree: Tree) -> list[Account]:
    return [one for one in accounts(tree) if one.uid != 0 and not one.is_person and _logs_in(one)]


def _logs_in(account: Account) -> bool:
    # "sync" runs /bin/sync, no shell: deb-system's own, and CIS leaves it alone.
    return account.may_log_in and account.name != "sync"


def _rows(site: Site, path: str) -> list[list[str]]:
    """Its lines, in fields. Only a newline ends one: a form feed that somebody wrote into a name
    would be written back as one, and what stands after it becomes an account."""
    text = hands.text(site, path)
    return [line.split(":") for line in text.removesuffix("\n").split("\n")] if text else []


def _put(site: Site, path: str, lines: list[list[str]]) -> None:
    hands.put(site, path, "".join(":".join(words) + "\n" for words in lines))


def _members_none(group: str) -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        for line in subject.tree.text("/etc/group").splitlines():
            words = line.split(":")
            if words[0] == group and len(words) > 3 and words[3]:
                yield Finding("/etc/group", f"{group} has members: {words[3]}")

    def make(site: Site) -> None:
        lines = _rows(site, "/etc/group")
        for words in lines:
            if words[0] == group and len(words) > 3:
                words[3] = ""
        _put(site, "/etc/group", lines)

    return Want("/etc/group", look, make)


def _homes(subject: Subject) -> Iterable[str]:
    yield "/root"
    for account in accounts(subject.tree):
        if account.is_person and account.home.startswith("/home/"):
            yield account.home


_AGES = {"PASS_MAX_DAYS": "365", "PASS_MIN_DAYS": "1", "PASS_WARN_AGE": "7"}
_HASHES = {
    "ENCRYPT_METHOD": "YESCRYPT",
    "SHA_CRYPT_MIN_ROUNDS": "65536",
    "SHA_CRYPT_MAX_ROUNDS": "65536",
}

ACCOUNTS = (
    control(
        "H-ACC-01", "root has no password and can't get one by guessing", cis("5.4.2.4"),
        "critical", (_root_locked(),), faults=("root-password",),
    ),
    control(
        "H-ACC-02", "Service accounts have no shell", cis("5.4.2.7", "5.4.2.8"), "medium",
        (_service_shells(),), faults=("service-shell",),
    ),
    control(
        "H-ACC-03", "Passwords, where a customer sets any, expire",
        cis("5.4.1.1", "5.4.1.2", "5.4.1.3", "5.4.1.5"), "low",
        (
            values(_LOGIN_DEFS, _AGES, BLANKS, package=_LOGIN_DEFS),
            values("/etc/default/useradd", {"INACTIVE": "45"}, SHELL, package=_LOGIN_DEFS),
        ),
        faults=("password-ages", "inactive"),
    ),
    control(
        "H-ACC-04", "Passwords are hashed with yescrypt", cis("5.4.1.4"), "medium",
        (values(_LOGIN_DEFS, _HASHES, BLANKS, package=_LOGIN_DEFS),), faults=("hash-method",),
    ),
    control(
        "H-ACC-05", "Homes are their owners' alone", cis("7.2.9"), "medium",
        (
            each_at_most("/home", _homes, 0o750),
            values(_LOGIN_DEFS, {"HOME_MODE": "0750"}, BLANKS, package=_LOGIN_DEFS),
        ),
        faults=("home-open",),
    ),
    control(
        "H-ACC-06", "Nobody is in the groups shadow and sugroup", cis("7.2.4", "5.2.7"), "medium",
        (_members_none("shadow"), _members_none("sugroup")), faults=("shadow-member",),
    ),
)  # fmt: skip
