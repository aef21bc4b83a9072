"""E-mail addresses, and `user@host` without a domain: both halves replaced.

Owns telling one from a unit's instance (`getty@tty1.service`) and a package's version. An address
that is a program's at a public place (`git@github.com`) survives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from support.redact.identities.hosts import Hosts
from support.redact.identities.names import Names
from support.redact.identities.rule import IdentityRule, Name
from support.redact.identities.users import Users

_BEFORE = re.compile(rb".*[^A-Za-z0-9._%+'-]", re.DOTALL)
_DOMAIN = re.compile(
    rb"@([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)"
)
_TOP = re.compile(rb"[a-z]{2,24}\Z")
_NO_TOPS = frozenset(
    b"service socket timer target mount slice scope path device swap conf log js py sh so".split()
)
# What systemd makes instances of: `redis-server@cache-2`.
_UNIT = re.compile(
    rb"(?:.*-(?:server|client|quick|fpm|daemon|agent)|s?getty|serial-getty|openvpn|postgresql|user"
    rb"|systemd-.*|instance|php[\d.]*-fpm|mariadb|mysqld?|nginx|gunicorn|celery|worker|autossh"
    rb"|syncthing"
    rb"|ceph-\w+|ifup|wg|container|app|service)\Z"
)
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", re.IGNORECASE)
_LONGEST = 80


class Emails:
    def __init__(self, names: Names, users: Users, hosts: Hosts) -> None:
        self._names = names
        self._users = users
        self._hosts = hosts

    def rules(self) -> tuple[IdentityRule, ...]:
        return (IdentityRule("email", (rb"[a-z0-9_.+-]@[a-z0-9]",), self._find),)

    def _find(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for at in starts:
            low = max(0, at - _LONGEST)
            before = _BEFORE.match(block, low, at)
            start = before.end() if before else low
            domain = _DOMAIN.match(block, at + 1)
            if domain is None:
                continue
            while start <= at and block[start] in b".'-%+":
                start += 1
            user = block[start : at + 1]
            if block[start - 1 : start] == b"/" and b"." in user:
                # A principal of Kerberos: service/host@REALM.
                host = self._hosts.by_shape(user)
                if host:
                    yield start, at + 1, host
                    continue
            instead = self._whole(user, domain[1]) if user else b""
            if instead:
                yield start, domain.end(), instead

    def _whole(self, user: bytes, domain: bytes) -> bytes:
        labels = domain.lower().split(b".")
        if len(labels) == 1:
            return self._on_host(user, domain)
        if not _TOP.match(labels[-1]) or labels[-1] in _NO_TOPS:
            return b""
        if self._hosts.is_project(domain):
            return b""
        person = self._users.pseudonym(user)
        host = self._hosts.by_shape(domain)
        if not person:
            return user + b"@" + host if host else b""
        if not host:
            # A public place, or an ending that we do not know: still somebody's address.
            *names, last = labels
            host = b".".join([*map(self._names.host, names), last])
        return person + b"@" + host

    def _on_host(self, user: bytes, label: bytes) -> bytes:
        """`mkrause@db1`: of a shell, of ssh."""
        if label[:1].isdigit() or _UNIT.match(user) or _UUID.match(label):
            return b""
        host = self._hosts.in_place(label, sure=False)
        person = self._users.pseudonym(user)
        if not host:
            return b""
        return (person or user) + b"@" + host
