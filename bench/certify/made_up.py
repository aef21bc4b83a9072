"""Secrets that are nobody's: put together at run time, from letters that a fixed seed draws.

Owns their shapes as the issuers publish them. Nothing here may stand in a file in its whole form.
"""

from __future__ import annotations

import base64
import gzip
import io
import random
import string
import struct
import tarfile
import zipfile

_LETTERS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def word(length: int, seed: int = 1, letters: str = _LETTERS) -> str:
    return "".join(random.Random(seed).choices(letters, k=length))


def digits(length: int, seed: int = 1) -> str:
    return word(length, seed, _HEX)


def token(prefix: str, length: int, seed: int = 1, tail: str = "") -> str:
    return prefix + word(length, seed) + tail


def pem(kind: str = "OPENSSH ", seed: int = 1, *, sealed: bool = False, lines: int = 12) -> str:
    """A block as ssh-keygen or openssl writes it; its body is noise."""
    dashes = "-" * 5
    head = f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}\n"
    if sealed:
        head += f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{digits(32).upper()}\n\n"
    body = "\n".join(word(64, seed + number) for number in range(lines))
    return f"{head}{body}\n{dashes}END {kind}PRIVATE KEY{dashes}\n"


def public_key(kind: str = "ssh-ed25519", seed: int = 1, who: str = "me@laptop") -> str:
    return f"{kind} AAAA{word(68, seed)} {who}\n"


def crypt(kind: str = "6", seed: int = 1, length: int = 86) -> str:
    return f"${kind}${word(16, seed)}${word(length, seed + 1)}"


def bcrypt(seed: int = 1) -> str:
    return "$2y$10$" + word(53, seed)


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def gzipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def zipped(name: str, text: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return target.getvalue()


def tarred(name: str, text: str) -> bytes:
    target = io.BytesIO()
    data = text.encode()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def elf(*, core: bool = False, bits: int = 64, debug: bool = False) -> bytes:
    """The least of an ELF file that its readers look at."""
    kind = 4 if core else 2
    names = b"\0.text\0.debug_info\0.shstrtab\0" if debug else b"\0.text\0.shstrtab\0"
    size = 64 if bits == 64 else 52
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1, 1]) + b"\0" * 9
    at = size + 4096
    section = struct.pack("<IIQQQQIIQQ", 1, 3, 0, 0, size, len(names), 0, 0, 1, 0)
    head = struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, 0, 0, at, 0, size, 56, 0, 64, 2, 1)
    body = (names + b"\0" * 4096)[:4096]
    return ident + head + body + b"\0" * 64 + section
