"""The last gate: a finished stream is searched once more for the known secrets.

Owns a second opinion: it writes the secrets out with the standard library's own encoders and
searches for those, whole and as they are, so a fault in what removed them is found here. Refuses
to mend: a hit means that there is no bundle. It names where the secret came from, never the secret.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import quopri
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from support.redact.known.literals import Engine, compiled

# Shorter ones are removed between word borders only, so they may rightly stand inside a word.
LEAST = 8


class Scanner:
    """One stream. `feed` it block by block, cut anywhere."""

    def __init__(self, values: Iterable[tuple[bytes, str]], *, engine: Engine = "auto") -> None:
        origins: dict[bytes, str] = {}
        for value, origin in values:
            if len(value) >= LEAST:
                for text in _written(value):
                    origins.setdefault(text, origin)
        self._origins = [*origins.items()]
        self._longest = max((len(text) for text in origins), default=0)
        self._kept = b""
        self._any = compiled([*origins], (), engine) if origins else None

    def __repr__(self) -> str:
        return f"<a scan for {len(self._origins)} texts>"

    def feed(self, data: bytes) -> str | None:
        """The origin of a secret that stands in what was fed so far; None where none does."""
        if self._any is None:
            return None
        text = self._kept + data
        hits = self._any.hits(text)
        self._kept = text[max(0, len(text) - self._longest + 1) :]
        return self._origins[hits[0][1]][1] if hits else None

    def begin(self) -> None:
        """Another stream begins: what ended the last one is no part of it."""
        self._kept = b""


def _written(value: bytes) -> Iterator[bytes]:
    yield value
    yield binascii.hexlify(value)
    yield binascii.hexlify(value).upper()
    for shift in range(3):
        # Characters that the neighbours share are left out: they may be anything.
        whole = base64.b64encode(b"\0" * shift + value)
        inner = whole[-(-shift * 8 // 6) : (shift + len(value)) * 8 // 6]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return
    for escaped in (
        quote(text, safe=""),
        quote(text),
        quote_plus(text),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(text))[3:-3],
        html.escape(text),
        shlex.quote(text),
    ):
        yield escaped.encode()
    yield quopri.encodestring(value).strip().replace(b"=\n", b"")
