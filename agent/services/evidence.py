"""The last lines a service logged, as evidence of why it ended. Pure.

Owns how much of it and in which form. Refuses secrets that are known to be in its environment;
what else a program writes into its log is its own.
"""

from __future__ import annotations

from collections.abc import Iterable

LINES = 20
CAP = 4096  # bytes, so that an entry of the ledger stays small
TAIL = 16 << 10  # bytes of a log in which the lines are looked for
_LONGEST = 300  # characters of one line
_SHORTEST_SECRET = 4  # characters; blotting out shorter ones would only garble the words


def worth_hiding(secrets: Iterable[str]) -> list[str]:
    """The longest first: one may hold another."""
    return sorted(
        (each for each in secrets if len(each) >= _SHORTEST_SECRET), key=len, reverse=True
    )


def last_lines(text: str, secrets: Iterable[str], *, count: int = LINES) -> list[str]:
    """The last lines of a log that are not empty, printable, cut, without these secrets."""
    for each in worth_hiding(secrets):
        text = text.replace(each, "(secret)")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [_printable(line[:_LONGEST]) for line in lines[-count:]]


def in_full(lines: list[str]) -> str:
    """Lines as one text within the cap, the newest kept."""
    while lines and len("\n".join(lines).encode()) > CAP:
        lines = lines[1:]
    return "\n".join(lines)


def _printable(line: str) -> str:
    return "".join(each if each.isprintable() else " " for each in line)
