"""Thousands of literals searched for in one pass.

Owns the two engines: Hyperscan where there is its wheel, else RE2's automaton, which the tool needs
anyway. Both say the same hits: every literal at every place. Refuses to know what they stand for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

Engine = Literal["auto", "hyperscan", "plain"]
Hit = tuple[int, int]

# RE2 falls back to a slower automaton beyond this; literals of a whole appliance need a tenth.
_MEMORY = 32 << 20
_HEAD = 4


class Literals(Protocol):
    """A compiled set; `hits` are (position, index of the literal), sorted."""

    def hits(self, data: bytes) -> list[Hit]: ...


def compiled(literals: Sequence[bytes], triggers: Sequence[bytes], engine: Engine) -> Literals:
    """`triggers` are short regular expressions of a fixed length in bytes, `len(...)` of which is
    not known; their hits have the index after the last literal and stand at their end."""
    if engine != "plain":
        try:
            return _Fast(literals, triggers)
        except ImportError:
            if engine == "hyperscan":
                raise
    return _Plain(literals, triggers)


class _Fast:
    def __init__(self, literals: Sequence[bytes], triggers: Sequence[bytes]) -> None:
        import hyperscan

        self._lengths = [len(one) for one in literals]
        patterns = [quoted(one) for one in literals] + list(triggers)
        ids = [*range(len(literals)), *[len(literals)] * len(triggers)]
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=patterns, ids=ids, elements=len(patterns), flags=[0] * len(patterns)
        )

    def hits(self, data: bytes) -> list[Hit]:
        found: set[Hit] = set()
        lengths = self._lengths

        def on_hit(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.add((end - lengths[index] if index < len(lengths) else end, index))

        self._database.scan(data, match_event_handler=on_hit)
        return sorted(found)


class _Plain:
    def __init__(self, literals: Sequence[bytes], triggers: Sequence[bytes]) -> None:
        import re2

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.longest_match = True
        options.max_mem = _MEMORY
        options.log_errors = False
        self._any = re2.compile(b"|".join(quoted(one) for one in literals), options)
        self._triggers = re2.compile(b"|".join(triggers), options)
        self._last = len(literals)
        self._heads: dict[bytes, list[tuple[bytes, int]]] = {}
        for index, one in enumerate(literals):
            self._heads.setdefault(one[:_HEAD], []).append((one, index))

    def hits(self, data: bytes) -> list[Hit]:
        found: list[Hit] = []
        at = 0
        while (hit := self._any.search(data, at)) is not None:
            at = hit.start()
            # Others may begin here too, and within: the search goes on one byte later.
            for one, index in self._heads[data[at : at + _HEAD]]:
                if data.startswith(one, at):
                    found.append((at, index))
            at += 1
        at = 0
        while (hit := self._triggers.search(data, at)) is not None:
            found.append((hit.end(), self._last))
            at = hit.start() + 1
        return sorted(set(found))


def quoted(literal: bytes) -> bytes:
    """The literal as a regular expression that Hyperscan, RE2 and `re` read alike."""
    return b"".join(
        bytes([byte]) if byte < 128 and chr(byte).isalnum() else b"\\x%02x" % byte
        for byte in literal
    )
