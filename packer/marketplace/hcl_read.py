"""Terraform's language, as far as judging a module takes it: blocks, attributes, what they name.

Owns the reading of structure, literals and references. Refuses to evaluate anything; what it can't
read raises ValueError with the line. Source: HCL native syntax specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SPACE = re.compile(r"(?:[ \t\r]|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_WHITE = re.compile(r"(?:[ \t\r\n]|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_HEREDOC = re.compile(r"<<(-?)([A-Za-z_][A-Za-z0-9_-]*)\n")
_REFERENCE = re.compile(r"(?<![A-Za-z0-9_.-])[a-z_][a-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)+")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|\$\$\{|%%\{", re.DOTALL)
_SAID = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_DEEPEST = 60
_PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Expression:
    """`raw` as it is written; `code` the same with the text of its strings blanked."""

    raw: str
    code: str

    @property
    def literal(self) -> str | None:
        """The text, where it is one string without anything to be filled in."""
        inside = self.raw[1:-1]
        whole = self.raw[:1] == self.raw[-1:] == '"' and len(self.raw) > 1
        if not whole or self.code.strip(' "\n'):
            return None
        return _ESCAPE.sub(_unescaped, inside)

    @property
    def literals(self) -> list[str]:
        """Every string in it that is one, at any depth of lists and maps."""
        found = [Expression(raw, re.sub(r'[^"]', " ", raw)) for raw in _strings(self)]
        return [each for one in found if (each := one.literal) is not None]

    @property
    def references(self) -> set[str]:
        """`var.x`, `local.y`, `google_compute_instance.z`: the first two words of each."""
        return {".".join(found.split(".")[:2]) for found in _REFERENCE.findall(self.code)}

    @property
    def flat(self) -> str:
        """Without spaces, for a look at what a map holds."""
        return re.sub(r"\s+", "", self.raw)


@dataclass(slots=True)
class Block:
    """One block, `labels` without quotes; the file itself is a block without a kind."""

    kind: str
    labels: tuple[str, ...]
    line: int
    attributes: dict[str, Expression] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    @property
    def name(self) -> str:
        return ".".join((self.kind, *self.labels))

    def all(self) -> Iterator[Block]:
        """This block and all below it."""
        yield self
        for inner in self.blocks:
            yield from inner.all()


def read(text: str) -> Block:
    """The body of a file. Raises ValueError."""
    reader = _Reader(text)
    top = Block("", (), 1)
    reader.body(top, 0)
    return top


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0
    counted: tuple[int, int] = (0, 1)
    """A place, and the line it is on: lines are counted on from there."""

    def body(self, into: Block, depth: int) -> None:
        if depth > _DEEPEST:
            raise self.trouble("blocks are nested too deeply")
        while True:
            self.skip(_WHITE)
            if self.at >= len(self.text) or self.text[self.at] == "}":
                break
            name = self.word()
            self.skip(_SPACE)
            if self.peek() == "=" and self.text[self.at : self.at + 2] != "==":
                self.at += 1
                if name in into.attributes:
                    raise self.trouble(f"{name} is given twice")
                into.attributes[name] = self.expression()
            else:
                into.blocks.append(self.block(name, depth))
        if (depth == 0) != (self.at >= len(self.text)):
            raise self.trouble("a brace too many or too few")

    def block(self, kind: str, depth: int) -> Block:
        line = self.line
        labels = []
        while self.peek() != "{":
            if self.peek() == '"':
                start = self.at
                self.string(0)
                labels.append(self.text[start + 1 : self.at - 1])
            else:
                labels.append(self.word())
            self.skip(_SPACE)
        self.at += 1
        made = Block(kind, tuple(labels), line)
        self.body(made, depth + 1)
        self.at += 1
        return made

    def expression(self) -> Expression:
        """To the end of the line, or of what brackets hold together."""
        self.skip(_SPACE)
        start = self.at
        code = "".join(self.code("\n}", 0))
        raw = self.text[start : self.at]
        lead = len(raw) - len(raw.lstrip())
        end = len(raw.rstrip())
        return Expression(raw[lead:end], code[lead:end])

    def code(self, ends: str, depth: int) -> Iterator[str]:
        """What stands here outside strings; each string's text as blanks."""
        if depth > _DEEPEST:
            raise self.trouble("an expression is nested too deeply")
        while self.at < len(self.text):
            c = self.text[self.at]
            if c in ends:
                return
            before = self.at
            if c == '"':
                yield from self.string(depth)
            elif c in _PAIRS:
                self.at += 1
                yield c
                yield from self.code(_PAIRS[c], depth + 1)
                yield self.take(_PAIRS[c])
            elif found := _HEREDOC.match(self.text, self.at):
                yield from self.heredoc(found, depth)
            elif self.skip(_SPACE):
                yield " " * (self.at - before)
            else:
                yield self.mark(c)
        if "\n" not in ends:
            raise self.trouble(f"{ends} is missing")

    def mark(self, c: str) -> str:
        if self.text.startswith("/*", self.at):
            raise self.trouble("a comment does not end")
        if c in ")]}":
            raise self.trouble(f"{c} closes nothing")
        self.at += 1
        return c

    def string(self, depth: int) -> Iterator[str] | list[str]:
        start = self.at
        self.at += 1
        parts = ['"', *self.template('"', depth)]
        if self.peek() != '"':
            self.at = start
            raise self.trouble("a string does not end")
        self.at += 1
        return [*parts, '"']

    def template(self, end: str, depth: int) -> Iterator[str]:
        """A quoted text up to its closing quote: blanks, and the code of what is filled in."""
        while self.at < len(self.text) and self.text[self.at] not in f"{end}\n":
            pair = self.text[self.at : self.at + 2]
            if self.text[self.at : self.at + 3] in ("$${", "%%{"):
                self.at += 3
                yield "   "
            elif pair in ("${", "%{"):
                self.at += 2
                yield "{ "
                yield from self.code("}", depth + 1)
                yield self.take("}")
            else:
                step = 2 if pair[0] == "\\" else 1
                self.at += step
                yield " " * step

    def heredoc(self, found: re.Match[str], depth: int) -> Iterator[str]:
        self.at = found.end()
        end = re.compile(rf"^[ \t]*{re.escape(found[2])}[ \t]*$", re.MULTILINE)
        closing = end.search(self.text, self.at)
        if closing is None:
            raise self.trouble(f"{found[2]} is missing")
        yield " " * len(found[0])
        inner = _Reader(self.text[: closing.start()], self.at)
        while inner.at < len(inner.text):
            yield from inner.template("\0", depth)
            if inner.peek() == "\n":
                inner.at += 1
                yield "\n"
        yield " " * (closing.end() - closing.start())
        self.at = closing.end()

    @property
    def line(self) -> int:
        at, line = self.counted
        if self.at < at:
            at, line = 0, 1
        self.counted = (self.at, line + self.text.count("\n", at, self.at))
        return self.counted[1]

    def skip(self, what: re.Pattern[str]) -> bool:
        before = self.at
        found = what.match(self.text, before)
        self.at = found.end() if found else before
        return self.at > before

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def word(self) -> str:
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise self.trouble(f"{self.peek() or 'the end of the file'!r} begins nothing")
        self.at = found.end()
        return found[0]

    def take(self, what: str) -> str:
        if self.peek() != what:
            raise self.trouble(f"{what} is missing")
        self.at += 1
        return what

    def trouble(self, words: str) -> ValueError:
        return ValueError(f"line {self.line}: {words}")


def _strings(expression: Expression) -> Iterator[str]:
    """The quoted parts, without those inside what another fills in."""
    quotes = [at for at, c in enumerate(expression.code) if c == '"']
    for start, end in zip(quotes[::2], quotes[1::2], strict=False):
        yield expression.raw[start : end + 1]


def _unescaped(found: re.Match[str]) -> str:
    if found[1] or found[2]:
        return chr(int(found[1] or found[2], 16))
    if found[3]:
        return _SAID.get(found[3], found[3])
    return found[0][1:]
