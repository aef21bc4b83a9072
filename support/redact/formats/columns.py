"""Rows under a header: which fields of a row are secrets.

Owns the judgement by the names of columns, and of rows that are a name and a value. Refuses to
read rows: CSV, dumps and printed tables do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from support.redact.formats.judge import Leaf, hides, is_worth, masks
from support.redact.secrets.names import NEVER, weight
from support.redact.span import Span

_NAMES = frozenset(
    b"name key setting parameter param variable option config_key property item attribute field "
    b"option_name meta_key var conf_key setting_name setting_key config_name code label".split()
)
_VALUES = frozenset(
    b"value val setting_value param_value option_value config_value meta_value content data "
    b"current_value default_value".split()
)


class Columns:
    """What the header says. `any` is False where no row can hold a secret."""

    def __init__(self, names: Sequence[bytes], code: str) -> None:
        self._code = code
        self._names = [name.strip().strip(b"`\"'[]") for name in names]
        self._secret = [at for at, name in enumerate(self._names) if weight(name) != NEVER]
        lower = [name.lower() for name in self._names]
        self._name = next((at for at, name in enumerate(lower) if name in _NAMES), -1)
        self._value = next((at for at, name in enumerate(lower) if name in _VALUES), -1)
        self.any = bool(self._secret) or (self._name >= 0 and self._value >= 0)

    def spans(self, row: Sequence[Leaf]) -> Iterator[Span]:
        """What goes of a row whose fields stand in the header's order."""
        for at in self._secret:
            if at < len(row) and hides(self._names[at], row[at].text):
                yield masks(row[at], self._code)
        last = max(self._name, self._value)
        if (
            min(self._name, self._value) >= 0
            and last < len(row)
            and self._value not in self._secret
        ):
            value = row[self._value]
            if is_worth(value.text) and hides(row[self._name].text, value.text):
                yield masks(value, self._code)
