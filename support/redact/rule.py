"""What a rule is, in its three kinds: of a line, of a passage over lines, of a whole file.

Owns the records. Each kind is a tuple of records in its folder's `__init__.py`. Refuses to scan:
`engine` finds the lines that a trigger hits and hands only those to the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from support.redact.span import Span


@dataclass(frozen=True, slots=True)
class LineRule:
    """Finds secrets in one line.

    `triggers` are regular expressions over bytes in the syntax that `re` and Hyperscan share
    (no look-around, no back-references), matched without regard to case. Wherever `find` finds
    anything in a line, one of them must match in that line: a test holds it. The tighter they
    are, the faster is everything, since a line that none hits is never looked at in Python.
    `find` is given a line without its end; it takes time linear in its length.
    """

    code: str
    title: str
    triggers: tuple[bytes, ...]
    find: Callable[[bytes], Iterable[Span]]


@dataclass(frozen=True, slots=True)
class PassageRule:
    """Finds secrets that span lines: a private key, a YAML block, rows under a header.

    `triggers` as in LineRule: a line that one of them hits may begin a passage. `begin` is given
    that line and returns a fresh `follow`, or None where none begins. `follow` is given the next
    lines one by one, the first one included, and returns the spans in it, or None where the
    passage had ended before this line (which is then looked at as any other). An end of file ends
    it. Line rules look at the lines of a passage too; on overlap the passage's span wins.
    `mutes` are codes of passages that do not begin while this one goes on.
    """

    code: str
    title: str
    triggers: tuple[bytes, ...]
    begin: Callable[[bytes], Callable[[bytes], Iterable[Span] | None] | None]
    mutes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormatRule:
    """Finds secrets in a whole file whose structure it knows.

    `claims` is given the file's name in the bundle and its first 4 KiB. `find` is given all of it
    (at most 2 MiB, else only line and passage rules look) and returns spans that leave it
    well-formed. It raises ValueError where the content is not what it claimed; then the next
    format may try, and the line rules look in any case. On overlap a format's span wins.
    """

    code: str
    title: str
    claims: Callable[[str, bytes], bool]
    find: Callable[[bytes], Iterable[Span]]
