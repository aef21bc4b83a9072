"""How a value is written where it stands: encoded, escaped, wrapped, cut.

Owns the filters of the templates' language. What changes all characters makes the whole of what is
written the core.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote

from bench.redaction.corpus_values import Made

Filter = Callable[[Made, str], Made]


def _whole(text: str) -> Made:
    return Made(text, text)


def _both(change: Callable[[str], str]) -> Filter:
    """An escape leaves the core a part of the text."""
    return lambda made, _: Made(change(made.text), change(made.core))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _lines(join: str, start: int = 0, end: int | None = None) -> Filter:
    def change(made: Made, _argument: str) -> Made:
        return _whole(join.join(made.text.split("\n")[start:end]))

    return change


def _body(made: Made, _argument: str) -> Made:
    return _whole("\n".join(made.text.split("\n")[1:-1]))


def _prefixed(made: Made, argument: str) -> Made:
    return _whole("\n".join(argument + line for line in made.text.split("\n")))


def _indented(width: int) -> Filter:
    return lambda made, _: _whole(("\n" + " " * width).join(made.text.split("\n")))


def _within(before: str, text: str, after: str = "") -> Made:
    """In the midst of something longer: the core is what the text alone decides of its base64."""
    whole = _base64(before + text + after)
    first, last = len(before.encode()), len((before + text).encode())
    return Made(whole, whole[-(-first * 8 // 6) : last * 8 // 6])


def _bytes(made: Made, before: str) -> Made:
    def numbers(text: str) -> str:
        return ",".join(map(str, text.encode()))

    return Made(numbers(before + made.text), numbers(made.text))


FILTERS: dict[str, Filter] = {
    "b64": lambda made, _: _whole(_base64(made.text + "\n" if "\n" in made.text else made.text)),
    "wrapb64": lambda made, _: _within("hello:", made.text, ":and more of it"),
    "userb64": lambda made, user: _within(f"{user}:", made.text),
    "envb64": lambda made, _: _within("DB_PASSWORD=", made.text, "\nDEBUG=0\n"),
    "urlq": _both(lambda text: quote(text, safe="")),
    "urlhex": lambda made, _: _whole("".join(f"%{byte:02X}" for byte in made.text.encode())),
    "json": _both(lambda text: json.dumps(text)[1:-1]),
    "xml": _both(html.escape),
    "sqlq": _both(lambda text: text.replace("'", "''")),
    "pgq": _both(lambda text: text.replace("\\", "\\\\").replace("'", "\\'")),
    "pgesc": _both(lambda text: re.sub(r"([\\:])", r"\\\1", text)),
    "yamlq": _both(json.dumps),
    "nl": _lines("\\n"),
    "head5": _lines("\n", 0, 6),
    "tail5": _lines("\n", -6, -1),
    "body": _body,
    "prefix": _prefixed,
    "indent4": _indented(4),
    "hex": lambda made, _: _whole(made.text.encode().hex()),
    "hexcolon": lambda made, _: _whole(made.text.encode().hex(":")),
    "decimals": lambda made, _: _whole(", ".join(map(str, made.text.encode()))),
    "bytes": _bytes,
    "cescape": lambda made, _: _whole("".join(f"\\x{byte:02x}" for byte in made.text.encode())),
    "uescape": lambda made, _: _whole("".join(f"\\u{ord(one):04x}" for one in made.text)),
    "entities": lambda made, _: _whole("".join(f"&#{ord(one)};" for one in made.text)),
    "short": _both(lambda text: text.split(".")[0]),
}
