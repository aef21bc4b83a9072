"""Thousands of literals searched for in one pass.

Owns the two engines: Hyperscan where there is its wheel, else RE2's automaton, which the tool needs
anyway. Both say the same hits: every literal at every place. Refuses to know what they stand for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from support.redact.engine import has_hyperscan

Engine = Literal["auto", "hyperscan", "plain"]
Hit = tuple[int, int]

# RE2 builds its automaton while it runs, and throws it away beyond this: then it crawls. So many
# literals fit, whatever is searched.
_MEMORY = 16 << 20
_AT_ONCE = 500
_HEAD = 4


class Literals(Protocol):
    """A compiled set; `hits` are (position, index of the literal), sorted."""

    def hits(self, data: bytes) -> list[Hit]: ...


def compiled(literals: Sequence[bytes], triggers: Sequence[bytes], engine: Engine) -> Literals:
    """`triggers` are regular expressions; the hits of the first have the index after the last
    literal, and so on. Of each, one hit at least is told, at its end."""
    if engine == "hyperscan" or (engine == "auto" and has_hyperscan()):
        return _Fast(literals, triggers)
    return _Plain(literals, triggers)


class _Fast:
    def __init__(self, literals: Sequence[bytes], triggers: Sequence[bytes]) -> None:
        import hyperscan

        self._lengths = [len(one) for one in literals]
        # Apart, since together they are compiled into something large.
        self._literals = hyperscan.Database()
        self._literals.compile(
            expressions=list(literals), elements=len(literals), flags=0, literal=True,
            ids=list(range(len(literals))),
        )  # fmt: skip
        self._triggers: hyperscan.Database | None = None
        if triggers:
            self._triggers = hyperscan.Database()
            self._triggers.compile(
                expressions=list(triggers), elements=len(triggers), flags=0,
                ids=[len(literals) + number for number in range(len(triggers))],
            )  # fmt: skip

    def hits(self, data: bytes) -> list[Hit]:
        found: set[Hit] = set()
        lengths = self._lengths

        def on_literal(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.add((end - lengths[index], index))

        def on_trigger(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.add((end, index))

        self._literals.scan(data, match_event_handler=on_literal)
        if self._triggers is not None:
            self._triggers.scan(data, match_event_handler=on_trigger)
        return sorted(found)


class _Plain:
    def __init__(self, literals: Sequence[bytes], triggers: Sequence[bytes]) -> None:
        self._any = automata(literals)
        self._triggers = [_automaton(trigger) for trigger in triggers]
        self._last = len(literals)
        self._heads: dict[bytes, list[tuple[bytes, int]]] = {}
        for index, one in enumerate(literals):
            self._heads.setdefault(one[:_HEAD], []).append((one, index))

    def hits(self, data: bytes) -> list[Hit]:
        found: set[Hit] = set()
        for any_of_them in self._any:
            at = 0
            while (hit := any_of_them.search(data, at)) is not None:
                at = hit.start()
                # Others may begin here too, and within: the search goes on one byte later.
                for one, index in self._heads[data[at : at + _HEAD]]:
                    if data.startswith(one, at):
                        found.add((at, index))
                at += 1
        for number, trigger in enumerate(self._triggers):
            hit = trigger.search(data)
            if hit is not None:
                found.add((hit.end(), self._last + number))
        return sorted(found)


def automata(literals: Sequence[bytes]) -> list[Any]:
    """RE2's, each for as many literals as it is quick with."""
    return [
        _automaton(b"|".join(quoted(one) for one in literals[at : at + _AT_ONCE]))
        for at in range(0, len(literals), _AT_ONCE)
    ]


def _automaton(pattern: bytes) -> Any:
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.longest_match = True
    options.max_mem = _MEMORY
    options.log_errors = False
    return re2.compile(pattern, options)


def quoted(literal: bytes) -> bytes:
    """The literal as a regular expression that Hyperscan, RE2 and `re` read alike."""
    return b"".join(
        bytes([byte]) if byte < 128 and chr(byte).isalnum() else b"\\x%02x" % byte
        for byte in literal
    )
