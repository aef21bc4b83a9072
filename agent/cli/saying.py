"""How the command line speaks: colours on a terminal only, errors with the next command.

Owns the look of output. Refuses to decide what is said.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime

import click
import msgspec

from agent.errors import CaretakerError

COLOUR = {"pass": "green", "warn": "yellow", "fail": "red", "done": "green", "failed": "red"}
SIGN = {"pass": "●", "warn": "▲", "fail": "✖"}


def say_error(error: CaretakerError) -> None:
    """The error on standard error: what, on what, why, then the next command."""
    message = "\n".join(map(plain, error.message.splitlines()))
    plainly = False if os.environ.get("NO_COLOR") else None  # there is no context any more
    click.secho(f"error: {message}", fg="red", err=True, color=plainly)
    if error.hint:
        click.echo(f"  try: {plain(error.hint)}", err=True)


def sign(status: str) -> str:
    """A coloured sign for pass, warn or fail; a word where the output can't show signs."""
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    text = status.upper() if plain else SIGN.get(status, "·")
    return click.style(text, fg=COLOUR.get(status))


def word(status: str) -> str:
    # Also out of a ledger, which somebody else may have written.
    return click.style(plain(status), fg=COLOUR.get(status), bold=True)


def span(seconds: float | None) -> str:
    """A length of time as people say it: `3 s`, `5 h`, `9 days`; rounded down, as checks do."""
    if seconds is None:
        return "never"
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(seconds, 0.0):.0f} s"


def moment(at: float) -> str:
    """A point in time on this machine's clock face, to the second."""
    try:
        return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "at no time we know"


def size(count: float) -> str:
    """Bytes as people say them: `12.3 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def count(number: int, noun: str) -> str:
    """`1 service`, `2 services`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def plain(text: str) -> str:
    """Text from elsewhere, without control characters that would steer a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def json_line(value: object) -> str:
    """The value as one line of JSON that steers no terminal: it lets C1 controls through as text
    (RFC 8259, section 7), and some terminals obey them."""
    text = msgspec.json.encode(value).decode()
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
