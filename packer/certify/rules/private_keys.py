"""Private keys, by their content, wherever they stand and however they are packed.

Owns the forms of keys. What a package delivered unchanged holds none that anybody trusts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts.claims import sealed
from packer.certify.facts.texts import odd_files
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, ours

# A header alone is a word of some program; with the body it is a key. `\\n`: within JSON.
_PEM = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]{0,20})PRIVATE KEY(?: BLOCK)?-----(?:\\r|\\n|\s|\W)*"
    rb"(?:[A-Za-z0-9-]+: [^\r\n\\]{0,100}(?:\\r|\\n|\s)+){0,6}[A-Za-z0-9+/=\s\\]{48,}"
)
_OTHERS = (
    (b"PuTTY-User-Key-File", re.compile(rb"PuTTY-User-Key-File-[123]: "), "a PuTTY key"),
    (b"AGE-SECRET-KEY-1", re.compile(rb"AGE-SECRET-KEY-1[A-Z0-9]{50,}"), "an age key"),
    (
        b"secret key",
        re.compile(rb"comment: [^\n]*secret key[^\n]*\n[A-Za-z0-9+/=]{60,}"),
        "a minisign key",
    ),
    (b"PrivateKey", re.compile(rb"(?m)^\s*PrivateKey\s*=\s*[A-Za-z0-9+/]{43}="), "a WireGuard key"),
    (
        b"private-key",
        re.compile(
            rb"\((?:21:protected-|11:|protected-)?private-key\s?\((?:\d:)?(?:rsa|ecc|dsa|elg)"
        ),
        "a GnuPG key",
    ),
    (
        b'"kty"',
        re.compile(rb"\"kty\"\s*:\s*\"(?:RSA|EC|OKP)\"[^}]{0,2000}\"d\"\s*:\s*\"[\w-]{16,}"),
        "a JWK",
    ),
    (
        b"private_key_id",
        re.compile(rb"\"private_key_id\"\s*:\s*\"[0-9a-f]{20,}"),
        "a key of a Google service account",
    ),
    (
        b"OpenVPN Static key",
        re.compile(rb"OpenVPN Static key V1-----\s+[0-9a-f]{32}"),
        "an OpenVPN key",
    ),
)
_SNAKEOIL = ("/etc/ssl/private/ssl-cert-snakeoil.key",)
_HOST_KEY = re.compile(r"/ssh_host_\w+_key$")
_STORES = (".p12", ".pfx", ".jks", ".keystore", ".bcfks", ".kdbx", ".ppk", ".gpg~")
# PKCS#8 and PKCS#1 without PEM: SEQUENCE, version 0, then an algorithm or a large number.
_DER = re.compile(rb"\x30\x82..\x02\x01\x00(?:\x30\x0d\x06\x09\x2a\x86\x48|\x02\x82)", re.DOTALL)
_DER_EC = re.compile(rb"\x30[\x77\x81].{0,2}\x02\x01\x01\x04[\x20\x30\x42]", re.DOTALL)


def _keys(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry, data in odd_files(subject.tree):
        if _HOST_KEY.search(entry.path):
            continue  # SSH-04 says it
        kind = kind_of(data)
        if kind and not entry.path.endswith(tuple(_SNAKEOIL)):
            yield Finding(entry.path, f"holds {kind}")


def kind_of(data: bytes) -> str:
    """What kind of private key stands in it; "" for none."""
    if b"PRIVATE KEY" in data and (found := _PEM.search(data)):
        return f"a private key ({found[1].decode().strip() or 'PKCS#8'})"
    for word, pattern, kind in _OTHERS:
        if word in data and pattern.search(data):
            return kind
    if data[:1] == b"\x30" and (_DER.match(data) or _DER_EC.match(data)):
        return "a private key (DER)"
    return ""


def _stores(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry, data in odd_files(subject.tree):
        if entry.path.endswith(_STORES) or data[:4] in (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"):
            if not entry.path.startswith("/etc/ssl/certs/java/"):
                yield Finding(entry.path, "a key store")
        elif "/private-keys-v1.d/" in entry.path or entry.path.endswith("/secring.gpg"):
            yield Finding(entry.path, "somebody's GnuPG keys")


def _pairs(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry in subject.tree.walk():
        if entry.path in _SNAKEOIL:
            yield Finding(entry.path, "the self-signed pair of ssl-cert, alike in every copy")
        elif re.match(r"/etc/letsencrypt/(?:live|archive|accounts)/.", entry.path):
            if not entry.is_folder and not entry.path.endswith("/README"):
                yield Finding(entry.path, "a certificate or an account of Let's Encrypt")
        elif entry.is_file and entry.size and _of_acme(entry.path):
            yield Finding(entry.path, "certificates and accounts of an ACME client")


def _of_acme(path: str) -> bool:
    if path.endswith(("/acme.json", "/account.key")) or "/.acme.sh/" in path:
        return not path.endswith((".sh", ".md"))
    return bool(re.search(r"/(?:\.local/share/caddy|var/lib/caddy)/.*(?:certificates|acme)/", path))


NO_PRIVATE_KEYS = Rule(
    id="KEY-01",
    title="No private key in any file",
    clauses=(
        aws("Access policies: no private keys or credentials"),
        azure("200.5 no keys or credentials in the image"),
    ),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="critical",
    probe=_keys,
    fix="rm FILE; the first boot makes what the machine needs",
    faults=(
        *("root-private-key", "encrypted-key", "key-in-json", "key-in-base64", "key-in-archive"),
        *("putty-key", "der-key", "wireguard-key", "application-tls-key", "google-service-account"),
    ),
)
NO_KEY_STORES = Rule(
    id="KEY-02",
    title="No key store and no GnuPG keys",
    clauses=(aws("Access policies: no private keys or credentials"), ours("secrets")),
    targets=frozenset(("aws", "azure", "caretaker")),
    severity="high",
    probe=_stores,
    fix="rm FILE; rm -rf ~/.gnupg",
    faults=("java-keystore", "pkcs12", "gnupg-home"),
)
NO_PAIRS = Rule(
    id="KEY-04",
    title="No TLS pair that every copy would share",
    clauses=(ours("two instances differ in their TLS pair"), aws("Access policies")),
    targets=frozenset(("aws", "caretaker")),
    severity="high",
    probe=_pairs,
    fix="rm -rf /etc/letsencrypt/*; rm -f /etc/ssl/private/ssl-cert-snakeoil.key",
    faults=("letsencrypt", "snakeoil", "acme-json"),
)
RULES = (NO_PRIVATE_KEYS, NO_KEY_STORES, NO_PAIRS)
