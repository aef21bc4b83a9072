"""The secrets of this appliance, found wherever they stand and however they are written.

Owns the set. It is made in the redacting child only and dies with it: nothing of it is shown by
`repr`, by an error or by a count. Refuses to harvest and to judge what is one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from support.redact.known.forms import CHUNK, Form, Needle, forms_of, needles_of
from support.redact.known.literals import Engine, Literals, compiled
from support.redact.known.runs import FAMILIES, runs
from support.redact.known.scan import Scanner
from support.redact.known.views import views
from support.redact.span import Span

RULE = "known-value"
_AROUND = 2048  # at most; of a value, escaped twice, it needs some twelve times its length
_ALIKE = 6
_SIGNS = frozenset(b"%\\&=\r\n'\"+ ")


@dataclass(frozen=True, slots=True)
class Known:
    """One secret. `origin` names it to people: `secret db_password`. `line_of_key`: one of the many
    lines of a private key. `sure`: it stands where nothing but secrets do."""

    value: bytes = field(repr=False)
    origin: str
    line_of_key: bool = False
    sure: bool = False


class KnownValues:
    """All of them. `passed` are the origins of secrets that are not searched for: too short, or
    called like the machine's own things."""

    def __init__(
        self, values: Iterable[Known], *, engine: Engine = "auto", passed: Iterable[str] = ()
    ) -> None:
        self.passed = tuple(passed)
        self._values = _apart(values)
        self._forms = [
            form
            for index, one in enumerate(self._values)
            for form in forms_of(one.value, index, line_of_key=one.line_of_key)
        ]
        self._needles: dict[bytes, list[Needle]] = {}
        for index, form in enumerate(self._forms):
            for needle in needles_of(form, index):
                self._needles.setdefault(needle.text, []).append(needle)
        self._order = list(self._needles)
        self._engine: Literals | None = None
        if self._order:
            self._engine = compiled(self._order, [one.trigger for one in FAMILIES], engine)

    @staticmethod
    def none() -> KnownValues:
        return KnownValues(())

    def __repr__(self) -> str:
        return f"<{len(self._values)} known values>"

    def __len__(self) -> int:
        return len(self._values)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("known values do not leave their process")

    def spans(self, data: bytes) -> list[Span]:
        """Where any of them stands, in any form; sorted, none overlaps another."""
        if self._engine is None or not data:
            return []
        look = self._exact(data)
        found = look.found
        for low, high in _joined(look.unsure, len(data)):
            for view in views(data[low:high]):
                for start, end in self._exact(view.text).found:
                    found.append((low + view.starts[start], low + view.ends[end - 1]))
        for family in look.families:
            found += self._in_runs(data, family)
        return [Span(start, end, RULE) for start, end in _merged(found)]

    def _in_runs(self, data: bytes, family: int) -> Iterator[tuple[int, int]]:
        """All runs are searched at once: there may be thousands of short ones."""
        here = list(runs(data, family))
        begins, at = [], 0
        for run in here:
            begins.append(at)
            at += len(run.text) + 1
        for start, end in self._exact(b"\0".join(run.text for run in here)).found:
            number = bisect_right(begins, start) - 1
            run, begin = here[number], begins[number]
            if end - begin <= len(run.text):
                yield run.place(data, start - begin, end - begin)

    def scan(self) -> Scanner:
        """The last gate, for one stream. It looks for what it makes itself of the values."""
        return Scanner((one.value, one.origin) for one in self._values)

    def origins(self) -> list[str]:
        """Where they came from, each once; of values nothing."""
        return sorted({one.origin for one in self._values})

    def wipe(self) -> None:
        """Forget them, as far as Python forgets: the process that held them should end soon."""
        self._values.clear()
        self._forms.clear()
        self._needles.clear()
        self._order.clear()
        self._engine = None

    def _exact(self, data: bytes) -> _Look:
        """What stands there as it is, and places where something escaped may stand."""
        assert self._engine is not None
        look = _Look([], [], set())
        for at, index in self._engine.hits(data):
            if index >= len(self._order):
                look.families.add(index - len(self._order))
                continue
            for needle in self._needles[self._order[index]]:
                form = self._forms[needle.form]
                start = at - needle.offset
                if start >= 0 and data.startswith(form.text, start):
                    look.found.extend(_whole(data, form, start))
                    continue
                low, high = _run(data, form.text, needle, at)
                if form.piece and high - low >= form.piece:
                    look.found.append((low, high))
                elif not form.word and _may_go_on(data, form.text, start, low, high):
                    look.unsure.append((at, min(_AROUND, 12 * len(form.text) + 64)))
        return look


class _Look(NamedTuple):
    """`unsure` are places and how far around them to look; `families` have runs here."""

    found: list[tuple[int, int]]
    unsure: list[tuple[int, int]]
    families: set[int]


def _apart(values: Iterable[Known]) -> list[Known]:
    """Each once, long ones piece by piece."""
    seen: set[bytes] = set()
    apart: list[Known] = []
    for one in values:
        for at in range(0, len(one.value), CHUNK):
            piece = one.value[at : at + CHUNK]
            if piece not in seen and (at == 0 or len(piece) >= CHUNK // 8):
                seen.add(piece)
                apart.append(Known(piece, one.origin, one.line_of_key))
    return apart


def _whole(data: bytes, form: Form, start: int) -> Iterator[tuple[int, int]]:
    end = start + len(form.text)
    if form.word:
        if not _is_word(data[start - 1 : start]) and not _is_word(data[end : end + 1]):
            yield start, end
        return
    if form.left and _is_base64(data[start - 1 : start]):
        start -= 1
    if form.right and _is_base64(data[end : end + 1]):
        end += 1
    yield start, end


def _is_word(character: bytes) -> bool:
    return character.isalnum() or character == b"_"


def _is_base64(character: bytes) -> bool:
    return character.isalnum() or (character != b"" and character in b"+/-_")


def _run(data: bytes, text: bytes, needle: Needle, at: int) -> tuple[int, int]:
    """How far around the needle the text goes on like the form."""
    low, high = at, at + len(needle.text)
    left, right = needle.offset, needle.offset + len(needle.text)
    while left > 0 and low > 0 and data[low - 1] == text[left - 1]:
        low, left = low - 1, left - 1
    while right < len(text) and high < len(data) and data[high] == text[right]:
        high, right = high + 1, right + 1
    return low, high


def _may_go_on(data: bytes, text: bytes, start: int, low: int, high: int) -> bool:
    """Whether the text parts from the form at what could be an escape or the end of a line."""
    ends_alike = high - start == len(text)
    if not ends_alike and high < len(data):
        # The first letters after a sign may be alike by chance: `&a` and `&amp;a`.
        return not _SIGNS.isdisjoint(data[max(low, high - _ALIKE) : high + 1])
    return not _SIGNS.isdisjoint(data[max(0, low - 12) : low])


def _joined(places: list[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """Windows around the places, those that touch as one."""
    yield from _merged(
        [(max(0, place - around), min(length, place + around)) for place, around in places]
    )


def _merged(found: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    low = high = -1
    for start, end in sorted(found):
        if start > high:
            if high > low:
                yield low, high
            low, high = start, end
        high = max(high, end)
    if high > low:
        yield low, high
