"""Requests no client should send: random, but the same for the same seed.

Owns the recipes. Each yields bytes that a parser might trip over; some are whole and valid by
accident, which is fine: the claim is that nothing crashes and nothing leaks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_METHODS = (b"GET", b"HEAD", b"OPTIONS", b"POST", b"get", b"G\x00T", b"", b"PRI", b"A" * 300)
_TARGETS = (
    b"/healthz",
    b"/readyz/x?verbose&exclude=%zz&exclude=%ff",
    b"*",
    b"http://",
    b"http://a/healthz",
    b"//",
    b"/" + b"a" * 5000,
    b"/%00",
    b"",
    b"\xff\xfe",
    b"/healthz?exclude=" + b"&exclude=" * 200,
)
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1 ", b"http/1.1", b"HTTP/9", b"")
_FIELDS = (
    b"Host: a",
    b"Content-Length: 5",
    b"Content-Length: -1",
    b"Content-Length: 5, 6",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding : chunked",
    b"Connection: close, keep-alive",
    b"X-Haproxy-Server-State: " + b"\xff" * 300,
    b" folded: yes",
    b"no colon",
    b": empty",
    b"x" * 9000 + b": 1",
    b"a:\x00",
    b"Host: a\rb",
    b"Upgrade: h2c",
)
_ENDS = (b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\r", b"\x00")


def _assembled(dice: random.Random) -> bytes:
    line = b" ".join((dice.choice(_METHODS), dice.choice(_TARGETS), dice.choice(_VERSIONS)))
    fields = [dice.choice(_FIELDS) for _ in range(dice.randrange(4))]
    end = dice.choice(_ENDS) if dice.random() < 0.3 else b"\r\n"
    return end.join((line, *fields)) + end + end


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice((1, 7, 60, 500, 4096, 9000)))


def _bent(dice: random.Random) -> bytes:
    """A good request with some bytes changed, dropped or doubled."""
    raw = bytearray(b"GET /healthz?verbose HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(raw))
        act = dice.randrange(3)
        if act == 0:
            raw[at] = dice.randrange(256)
        elif act == 1 and len(raw) > 1:
            del raw[at]
        else:
            raw.insert(at, raw[at])
    return bytes(raw)


def _cut(dice: random.Random) -> bytes:
    whole = _assembled(dice)
    return whole[: dice.randrange(len(whole) + 1)]


def _pipelined(dice: random.Random) -> bytes:
    good = b"GET /livez HTTP/1.1\r\n\r\n"
    return good * dice.randrange(1, 30) + _assembled(dice) + good


def _tls_hello(dice: random.Random) -> bytes:
    return b"\x16\x03\x01" + dice.randbytes(200)


_RECIPES: tuple[Callable[[random.Random], bytes], ...] = (
    _assembled,
    _assembled,
    _noise,
    _bent,
    _bent,
    _cut,
    _pipelined,
    _tls_hello,
)


def malformed(seed: int) -> Iterator[bytes]:
    """An endless stream of them."""
    dice = random.Random(seed)
    while True:
        yield dice.choice(_RECIPES)(dice)
