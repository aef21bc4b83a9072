"""What a host's name is, and the pseudonym of one, label by label.

Owns the judgement of a word with or without dots. The last label stays where the world knows it,
so a name is still a name; a public name stays as it is. Refuses to look into text.
"""

from __future__ import annotations

import re

from support.redact.identities.everyday import EVERYDAY, TECHNICAL
from support.redact.identities.ipv4 import IPv4
from support.redact.identities.names import Names
from support.redact.identities.public_names import (
    EMPLOYERS,
    ENDINGS,
    ENDINGS_OF_THREE,
    NO_HOST_BEGINS,
    PUBLIC,
    SHARED,
    SHARED_WORDS,
)

_MOST = 20_000  # names remembered
_LABEL = re.compile(rb"_?[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_CAMEL = re.compile(rb"[a-z][A-Z]")
_DASHED = re.compile(
    rb"((?:ip|ec2|host)-)?(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\Z", re.IGNORECASE
)
_REGION = re.compile(rb"[a-z]{2}(?:-[a-z]+)+-\d[a-z]?\Z|[a-z]+(?:us|eu|asia|india|uk)\d?\Z")
# Mechanisms and ciphers: `--auth-host=scram-sha-256` is PostgreSQL's.
_MECHANISM = re.compile(
    rb"(?:scram|sha|hmac|aes|rsa|ecdsa|ed25519|x25519|curve|chacha|tls|ssl|diffie|kex|pbkdf|argon"
    rb"|bcrypt|gss|gssapi|ntlm|cram|digest|md5|utf|iso|cp|zstd|gzip|postgresql|python|openjdk|php)"
    rb"[-_0-9].*\Z"
)
_TELLING = re.compile(rb"[0-9-]")
_FILES = frozenset(
    b"""
    conf cfg ini log py pyc js mjs ts jsx tsx json yaml yml xml txt html htm css svg png jpg jpeg
    gif ico md rst csv sql db sqlite so sock pid lock tmp bak old orig swp gz xz zst bz2 zip tar
    tgz deb rpm jar war class java rb pl sh bash go c h cpp hpp o a exe dll service socket timer
    target mount automount slice scope path device swap rules list repo key pem crt cer csr der
    p12 pfx jks toml lua php jsp asp aspx env properties gradle lst map woff woff2 ttf wasm proto
    tf tfvars
    """.split()
)


class Hosts:
    """Judges names; `domains` are those of this machine or folder, `kept` its own program's."""

    def __init__(self, names: Names, ipv4: IPv4) -> None:
        self._names = names
        self._ipv4 = ipv4
        self._seen: dict[bytes, bytes] = {}
        self.domains: set[bytes] = set()
        self.kept: set[bytes] = set()

    def learn_domain(self, domain: bytes) -> None:
        self.domains.add(domain)
        self._seen.clear()

    def by_shape(self, word: bytes) -> bytes:
        """The pseudonym of a word whose dots make it a host's name; empty where it is none."""
        instead = self._seen.get(word)
        if instead is None:
            if len(self._seen) >= _MOST:
                self._seen.clear()
            instead = self._seen[word] = self._judged(word)
        return instead

    def in_place(self, word: bytes, *, sure: bool) -> bytes:
        """The same where a host's name is expected; `sure`: hardly anything else could be here."""
        if b"." in word:
            instead = self.by_shape(word)
            return instead or (self._dotted(word) if sure else b"")
        low = word.lower()
        if low in EVERYDAY or low in self.kept or len(word) < 3 or not _LABEL.match(word):
            return b""
        if all(part in EVERYDAY for part in low.split(b"-")):
            return b""  # `redis-master`: what containers are called
        if (
            low.startswith(b"redacted-")
            or low.isdigit()
            or _MECHANISM.match(low)
            or _CAMEL.search(word)
            or not (sure or _is_telling(low))
        ):
            return b""
        return self._label(word)

    def is_project(self, domain: bytes) -> bool:
        """Of a public project: what stands before it is a list, a role or a cipher's name."""
        labels = domain.lower().split(b".")
        if any(b".".join(labels[n:]) in EMPLOYERS for n in range(len(labels))):
            return False
        return any(b".".join(labels[n:]) in PUBLIC for n in range(len(labels) - 1))

    def _judged(self, word: bytes) -> bytes:
        labels = word.lower().split(b".")
        if not all(map(_LABEL.match, labels)) or len(word) > 253 or b"redacted-" in labels[0]:
            return b""
        if not self._ends_well(labels) or _is_public(labels) or sum(map(bytes.isdigit, labels)) > 1:
            return b""
        if labels[0] in NO_HOST_BEGINS and not self._is_ours(labels):
            return b""
        if _CAMEL.search(word) and not word[:1].isupper():
            return b""
        return self.renamed(labels)

    def _ends_well(self, labels: list[bytes]) -> bool:
        last = labels[-1]
        if last in ENDINGS:
            return len(labels) > 1
        return (last in ENDINGS_OF_THREE and len(labels) > 2) or self._is_ours(labels)

    def _is_ours(self, labels: list[bytes]) -> bool:
        return any(b".".join(labels[n:]) in self.domains for n in range(len(labels)))

    def _dotted(self, word: bytes) -> bytes:
        """Of an ending that nobody knows, where nothing but a name is expected."""
        labels = word.lower().split(b".")
        if not all(map(_LABEL.match, labels)) or _is_public(labels):
            return b""
        if labels[0] in NO_HOST_BEGINS or labels[-1] in _FILES or not labels[-1].isalpha():
            return b""
        return b"" if _CAMEL.search(word) else self.renamed(labels)

    def renamed(self, labels: list[bytes]) -> bytes:
        """Label by label; what the world knows at the end stays."""
        for count in range(len(labels), 0, -1):
            if b".".join(labels[-count:]) in SHARED:  # the longest first
                kept = [each if _is_word(each) else self._label(each) for each in labels[:-count]]
                return b"" if kept == labels[:-count] else b".".join(kept + labels[-count:])
        *names, last = labels
        known = last in ENDINGS or last in ENDINGS_OF_THREE
        return b".".join([*map(self._label, names), last if known else self._label(last)])

    def _label(self, label: bytes) -> bytes:
        dashed = _DASHED.match(label)
        if dashed and max(octets := [int(each) for each in dashed.groups()[1:]]) < 256:
            mapped = self._ipv4.mapped(bytes(octets))
            return (dashed[1] or b"") + b"-".join(b"%d" % octet for octet in mapped)
        if label.startswith(b"_") or label == b"www":
            return label
        return self._names.host(label)


def _is_telling(word: bytes) -> bool:
    """What can't be a word: it has a digit or a hyphen, and is not `sha256` either."""
    return bool(_TELLING.search(word)) and not TECHNICAL.fullmatch(word)


def _is_public(labels: list[bytes]) -> bool:
    if any(b".".join(labels[n:]) in PUBLIC for n in range(len(labels) - 1)):
        return True
    return b".".join(labels) in SHARED or labels[-1] == b"arpa" or labels[-2:-1] == [b"localhost"]


def _is_word(label: bytes) -> bool:
    return label in SHARED_WORDS or label == b"www" or _REGION.match(label) is not None
