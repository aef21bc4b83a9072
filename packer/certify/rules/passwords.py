"""Passwords: of root, of anybody, in the account files, their copies and anywhere else.

Owns what a password field may say. Refuses to show one: a finding names the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts.accounts import accounts, is_locked, shadow
from packer.certify.facts.claims import sealed
from packer.certify.facts.texts import odd_files
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, cis, digitalocean, ours

_SHADOW = "/etc/shadow"
_COPIES = (
    *("/etc/shadow-", "/etc/gshadow-", "/etc/passwd-", "/var/backups/shadow.bak"),
    *("/var/backups/gshadow.bak", "/var/backups/passwd.bak", "/etc/security/opasswd"),
)
# crypt(5): $id$…, the thirteen letters of DES, and BSDi's underscore.
_HASH = re.compile(r"!*(?:\$[\w,=.+/-]+\$|[./0-9A-Za-z]{13}$|_[./0-9A-Za-z]{19}$)")
_HASH_IN_TEXT = re.compile(
    rb"\$(?:[1567]|2[abxy]|y|gy|sha1|md5|apr1|argon2(?:id|i|d)|scrypt|pbkdf2[\w-]*)"
    rb"\$[\w./,=$+-]{20,}|grub\.pbkdf2\.\w+\.\d+\.[0-9A-F]{32}|"
    rb"\{(?:SSHA|SMD5|CRYPT|SSHA512|SSHA256)\}[\w+/=$.]{12,}|SCRAM-SHA-(?:1|256)\$\d+:"
)
_WORDS = (
    *(b"$1$", b"$5$", b"$6$", b"$7$", b"$2", b"$y$", b"$gy$", b"$sha1$", b"$md5", b"$apr1$"),
    *(
        b"$argon2",
        b"$scrypt$",
        b"$pbkdf2",
        b"grub.pbkdf2.",
        b"SHA}",
        b"MD5}",
        b"CRYPT}",
        b"SHA256}",
    ),
    *(b"SHA512}", b"SCRAM-SHA-"),
)
_OWN_FILES = ("/etc/shadow", "/etc/gshadow", "/etc/passwd", *_COPIES)


def _root(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for account in accounts(subject.tree):
        if account.name == "root":
            field = account.shadow if account.word == "x" else account.word
            if field not in ("*", "!", "!!"):
                words = "root's password field is neither '*' nor '!' nor '!!'"
                yield Finding(_SHADOW if account.word == "x" else "/etc/passwd", words)


def _hashes(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for account in accounts(subject.tree):
        if _HASH.match(account.word):
            yield Finding("/etc/passwd", f"a password hash of {account.name}")
    for path in (_SHADOW, "/etc/gshadow", *_COPIES):
        for name, field in shadow(subject.tree, path):
            if path.endswith("opasswd"):
                yield Finding(path, f"former passwords of {name}")
            elif _HASH.match(field):
                kept = " (locked, yet the hash stands there)" if is_locked(field) else ""
                yield Finding(path, f"a password hash of {name}{kept}")


def _empty(subject: Subject) -> Iterator[Finding]:
    for account in accounts(subject.tree):
        if account.word == "" or (account.word == "x" and account.shadow == ""):
            where = "/etc/passwd" if account.word == "" else _SHADOW
            yield Finding(where, f"{account.name} has an empty password")
        elif account.word == "x" and account.shadow is None:
            yield Finding(_SHADOW, f"{account.name} of passwd has no line here")


def _elsewhere(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry, data in odd_files(subject.tree):
        if entry.path in _OWN_FILES or not any(word in data for word in _WORDS):
            continue
        if _HASH_IN_TEXT.search(data):
            yield Finding(entry.path, "a password hash stands in it")


ROOT_FIELD = Rule(
    id="CRED-01",
    title="root has no password: its field is '*' or '!'",
    clauses=(
        digitalocean("checkRoot"),
        aws("Access policies: no passwords"),
        azure("Linux: no default credentials"),
    ),
    targets=frozenset(("aws", "azure", "digitalocean", "caretaker")),
    severity="critical",
    probe=_root,
    fix="usermod -p '*' root",
    faults=("root-password", "root-locked-twice"),
)
NO_HASHES = Rule(
    id="CRED-02",
    title="No account has a password hash, nor has a copy of the account files",
    clauses=(
        aws("Access policies: no hashed passwords in the image"),
        digitalocean("checkUsers"),
        azure("Linux: no existing users"),
    ),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="critical",
    probe=_hashes,
    fix="usermod -p '!' NAME; rm -f /etc/shadow- /etc/gshadow- /var/backups/*shadow.bak",
    faults=("user-password", "hash-in-backup", "hash-in-passwd", "locked-hash", "group-password"),
)
NOT_EMPTY = Rule(
    id="CRED-09",
    title="No account has an empty password",
    clauses=(
        aws("Access policies: null or blank passwords are not allowed"),
        cis("7.2.2 shadow password fields are not empty"),
    ),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "cis", "caretaker")),
    severity="critical",
    probe=_empty,
    fix="usermod -p '!' NAME",
    faults=("empty-password", "empty-passwd-field"),
)
NO_HASH_ELSEWHERE = Rule(
    id="CRED-11",
    title="No password hash in any other file",
    clauses=(
        aws("Access policies: no hashed passwords in the image"),
        ours("htpasswd files, preseeds, GRUB passwords are alike in every copy of an image"),
    ),
    targets=frozenset(("aws", "azure", "caretaker")),
    severity="high",
    probe=_elsewhere,
    fix="rm FILE, or let the first boot make it",
    faults=("htpasswd", "preseed-hash", "grub-password"),
)
RULES = (ROOT_FIELD, NO_HASHES, NOT_EMPTY, NO_HASH_ELSEWHERE)
