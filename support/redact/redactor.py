"""The redactor: a file's bytes in, the same without secrets and names out.

Owns putting all rules together, and the choice between holding a file and streaming it. Refuses to
write anything, and to let a file pass that a rule broke on: then nothing more of it comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Protocol

from agent.errors import MachineError
from support.redact.blocks import recut
from support.redact.engine import Choice, Trigger, open_engine
from support.redact.engine_looks import Broken, Look, Rules, found, in_block, in_lines
from support.redact.engine_merge import FORMAT, Place, merged
from support.redact.engine_pass import FilePass
from support.redact.formats import FORMATS
from support.redact.identities.identities import Identities
from support.redact.identities.rule import IdentityRule
from support.redact.rule import LineRule, PassageRule
from support.redact.secrets import LINE_RULES, PASSAGE_RULES
from support.redact.span import Span

HELD = 2 << 20
"""Bytes; a file of no more is held whole, and offered to the formats."""
_HEAD = 4 << 10


class Known(Protocol):
    """Values that are known to be secrets; `support.redact.known.values.KnownValues`."""

    def spans(self, data: bytes) -> Iterable[Span]: ...


class Own(Protocol):
    """A pattern of the vendor's or the customer's."""

    @property
    def code(self) -> str: ...

    def claims(self, name: str) -> bool: ...

    def find(self, data: bytes) -> Iterable[Span]: ...


class Redactor:
    """Redacts files, one after the other. Learn names first: they are taken as they are now."""

    def __init__(
        self,
        known: Known,
        identities: Identities,
        own: Sequence[Own] = (),
        *,
        engine: Choice = "auto",
    ) -> None:
        self._identities = identities
        self._own = own
        looks: list[PassageRule | LineRule | IdentityRule]
        looks = [*PASSAGE_RULES, *LINE_RULES, *identities.rules]
        named = identities.named()
        self._rules = Rules(
            open_engine(_triggers(looks), len(looks), engine, identities.store),
            PASSAGE_RULES,
            LINE_RULES,
            identities.rules,
            known.spans,
            names=open_engine(_triggers(named), len(named), engine) if named else None,
            named=named,
        )

    @property
    def engine(self) -> str:
        return self._rules.engine.name

    def file(self, name: str, blocks: Iterable[bytes], counts: Counter[str]) -> Iterator[bytes]:
        """The file redacted, block by block. `counts` grows by what was replaced, by rule.

        Raises CaretakerError `redaction-failed`; what came before is redacted, the rest is not to
        be had.
        """
        try:
            yield from self._redacted(name, blocks, counts)
        except Broken as broken:
            raise _failed(name, broken.rule) from None

    def name(self, path: str) -> str:
        """A file's name in the bundle, without secrets, and with pseudonyms for the names in it.

        Raises CaretakerError `redaction-failed`.
        """
        raw = path.encode(errors="surrogateescape")
        every = [[0]] * len(LINE_RULES)  # No trigger is asked: names are short.
        rules = replace(self._rules, own=self._own_of(path))
        try:
            hidden = merged([*in_lines(LINE_RULES, raw, every), *in_block(rules, raw)])
        except Broken as broken:
            raise _failed("a file's name", broken.rule) from None
        for start, end, _, _, instead in sorted(hidden, reverse=True):
            raw = raw[:start] + instead + raw[end:]
        return self._identities.path(raw.decode(errors="surrogateescape"))

    def _redacted(
        self, name: str, blocks: Iterable[bytes], counts: Counter[str]
    ) -> Iterator[bytes]:
        source = iter(blocks)
        held: list[bytes] = []
        size = 0
        for block in source:
            held.append(block)
            size += len(block)
            if size > HELD:
                break
        formats: list[Place] = []
        if size <= HELD:
            held = [b"".join(held)]
            formats = _of_formats(name, held[0])
        rules = replace(self._rules, own=self._own_of(name)) if self._own else self._rules
        course = FilePass(rules, counts, formats)
        for window in recut(chain(held, source)):
            yield course.feed(window)

    def _own_of(self, name: str) -> list[tuple[str, Look]]:
        return [(own.code, own.find) for own in self._own if own.claims(name)]


def _triggers(rules: Sequence[PassageRule | LineRule | IdentityRule]) -> list[Trigger]:
    return [
        Trigger(pattern, owner, starts=isinstance(rule, IdentityRule) and not rule.line)
        for owner, rule in enumerate(rules)
        for pattern in rule.triggers
    ]


def _of_formats(name: str, content: bytes) -> list[Place]:
    """What the first format finds that claims the file and does not find it something else."""
    for format_ in FORMATS:
        try:
            if not format_.claims(name, content[:_HEAD]):
                continue
            spans = list(format_.find(content))
        except ValueError:
            continue
        except Exception:  # whatever it is, it may hold a secret, and must end the whole
            raise Broken(format_.code) from None
        return merged(found(span, FORMAT) for span in spans if span.end > span.start)
    return []


def _failed(name: str, rule: str) -> MachineError:
    return MachineError(
        "redaction-failed",
        f"the rule {rule} broke off in {name}; nothing more of it was let out",
        hint="caretaker support-bundle --skip COLLECTOR leaves such a file out; report the rule",
    )
