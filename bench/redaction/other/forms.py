"""Ways of writing a value that the first corpus does not know: audit, shells, switches, DNS.

Owns them; the common ones (JSON, XML, base64 …) are the first corpus's, which only encodes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from bench.redaction.corpus_filters import FILTERS, Filter
from bench.redaction.corpus_values import Made


def _said(change: Callable[[str], str]) -> Filter:
    return lambda made, _: Made(change(made.text), change(made.core))


def _whole(change: Callable[[str], str]) -> Filter:
    return lambda made, _: Made(text := change(made.text), text)


def _proctitle(made: Made, _argument: str) -> Made:
    """auditd writes a command line with spaces in hex, its arguments parted by NUL."""
    core = made.text.encode().hex().upper()
    return Made(b"mysql\0-uroot\0-p".hex().upper() + core, core)


def _sasl(made: Made, _argument: str) -> Made:
    whole = base64.b64encode(f"\0ops\0{made.text}".encode()).decode()
    return Made(whole, whole[8:])


def _cisco(mac: str) -> str:
    digits = mac.replace(":", "")
    return ".".join(digits[at : at + 4] for at in (0, 4, 8))


def _logged(made: Made, _argument: str) -> Made:
    """A logger writes its own head before each line."""
    head = "2026-10-11T08:00:00Z app[12]: "
    return Made(text := "\n".join(head + row for row in made.text.split("\n")[1:]), text)


FORMS: dict[str, Filter] = FILTERS | {
    "shq": _said(lambda text: f"'{text}'"),
    "shapos": _said(lambda text: text.replace("'", "'\\''")),
    "procmysql": _proctitle,
    "saslb64": _sasl,
    "upper": _whole(str.upper),
    "cisco": _whole(_cisco),
    "windows": _whole(lambda mac: mac.upper().replace(":", "-")),
    "arpa": _whole(lambda text: ".".join(reversed(text.split("."))) + ".in-addr.arpa"),
    "dashed4": _whole(lambda text: text.replace(".", "-")),
    "dollars": _said(lambda text: text.replace("$", "$$")),
    "logpem": _logged,
    "indent6": _whole(lambda text: text.replace("\n", "\n      ")),
    "indent16": _whole(lambda text: text.replace("\n", "\n" + 16 * " ")),
}
