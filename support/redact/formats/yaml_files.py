"""YAML, by lines: block maps and lists, every kind of scalar, flow collections, documents.

Owns where a value begins and ends. Refuses to build objects, to follow aliases and to resolve
tags, so nothing in a file can make it large. Takes linear time and keeps one frame a level.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from support.redact.formats import json_files
from support.redact.formats.assignments import Style, spans
from support.redact.formats.escapes import APOSTROPHES, BACKSLASHES, Unescaped, unescaped
from support.redact.formats.inner import found_in, within
from support.redact.formats.judge import Leaf, tidy
from support.redact.formats.walk import Walk
from support.redact.rule import FormatRule
from support.redact.span import Span

CODE = "yaml"
_NAMED = re.compile(
    r"(?i)(?:\.(?:ya?ml|eyaml|sls)(?:\.(?:bak|old|orig|dist|sample|example|j2|\d+))?|"
    r"kube/config|kubeconfig|user-data(?:\.txt)?)\Z"
)
_KEY = re.compile(rb"(?m)^[ \t]*(?:- +)*[\"']?[A-Za-z_][\w./ -]*[\"']?[ \t]*:(?:[ \t]|\r?$)")
_ITEM = re.compile(rb"(?m)^[ \t]*- ?")
_KEYED_ITEM = re.compile(rb"(?m)^[ \t]*- +[\"']?[A-Za-z_][\w./ -]*[\"']?[ \t]*:(?:[ \t]|\r?$)")
# A scalar over lines, deeper than its key, is no evidence for or against.
_BLOCK = re.compile(
    rb"(?m)^(([ \t]*+)(?:- +)?[^\s#][^\n]*:[ \t]+(?:![\w!-]+ )?[|>][-+0-9]{0,3}[ \t]*\r?\n)"
    rb"(?:(?:\2[ \t]+[^\n]*|[ \t]*\r?)(?:\n|\Z))+"
)
_NESTED = re.compile(
    rb"(?m)^[A-Za-z_][\w.-]*:[ \t]*\r?\n[ \t]+(?:- |[\"']?[A-Za-z_][\w.-]*[\"']?:[ \t\r\n])"
)
_SAID = re.compile(rb"(?m)^[ \t]*[^\s#]")
_BLANK = re.compile(rb"[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
_COLON = re.compile(rb":(?=[ \t\r\n]|\Z)")
_AFTER = re.compile(rb"[ \t]*:(?=[ \t\r\n]|\Z)")
_QUOTED = re.compile(rb'"((?>[^"\\]*(?:\\.[^"\\]*)*))"|\'((?>[^\']*(?:\'\'[^\']*)*))\'', re.DOTALL)
_HEADER = re.compile(rb"[|>][-+0-9]{0,3}[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
_PROPERTY = re.compile(rb"(?:[&!][^\s,\[\]{}]*(?:[ \t]+|(?=\r?\n)|\Z))+")
_REMARK = re.compile(rb"(?<![ \t])[ \t]++#")
_FLOW = re.compile(
    rb'"((?>[^"\\]*(?:\\.[^"\\]*)*))"|\'((?>[^\']*(?:\'\'[^\']*)*))\'|([{\[])|([}\]])|(,)|'
    rb"(:)(?=[\s,{}\[\]]|\Z)|(?<=[\"'])(:)|[ \t]#[^\n]*|\s++|"
    rb"([^\s,{}\[\]:\"'](?:[^\s,{}\[\]:]|:(?![\s,{}\[\]])|[ \t](?![\s#,{}\[\]:]))*)|.",
    re.DOTALL,
)
_EMBEDDED = Style(CODE, multiline=False)
_LONGEST_FLOW = 256 * 1024


def claims(name: str, head: bytes) -> bool:
    if name.endswith("nsswitch.conf"):  # `passwd: files` (nsswitch.conf(5)) names a database.
        return False
    first = head.lstrip()[:1]
    if first in (b"<", b"") or (first == b"{" and not _NAMED.search(name)):
        return False
    if _NAMED.search(name):
        return first in b"{[" or bool(_KEY.search(head) or _ITEM.search(head))
    text = _BLOCK.sub(rb"\1", head)
    said = len(_SAID.findall(text))
    counted = len(_KEY.findall(text))
    if head.startswith((b"---", b"apiVersion:", b"#cloud-config")):
        return counted * 10 >= said * 3
    items = len(_ITEM.findall(text)) - len(_KEYED_ITEM.findall(text))
    if counted < 2 or (counted + items) * 10 < said * 9:
        return False
    # `a: b = c` is more often Java's properties, unless something stands below a key.
    return b"=" not in head[:200] or bool(_NESTED.search(head))


def find(data: bytes) -> Iterable[Span]:
    return tidy(_Reader(data).read())


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._walk = Walk(CODE, self._inside)
        self._levels: list[tuple[int, bool]] = []
        self._cells: list[tuple[int, int]] = []  # scalars of the flow collection that is read

    def read(self) -> list[Span]:
        at = 3 if self._data.startswith(b"\xef\xbb\xbf") else 0
        while at < len(self._data):
            at = max(self._line(at), at + 1)
        return self._walk.finish()

    def _end(self, at: int) -> int:
        found = self._data.find(b"\n", at)
        return len(self._data) if found < 0 else found

    def _line(self, at: int) -> int:
        """Reads the entry whose line begins at `at`; returns where the next one begins."""
        data = self._data
        if _BLANK.match(data, at):
            return self._end(at) + 1
        if data.startswith((b"---", b"...", b"%"), at):
            self._leave(-1)
            return self._end(at) + 1
        place = at + len(data[at : self._end(at)]) - len(data[at : self._end(at)].lstrip(b" \t"))
        while data[place : place + 1] == b"-" and data[place + 1 : place + 2] in b" \t\r\n":
            self._enter(place - at, mapping=False)
            place += 1
            while data[place : place + 1] in (b" ", b"\t"):
                place += 1
        if data[place : place + 1] in (b"", b"\r", b"\n"):
            return self._end(place) + 1
        return self._entry(at, place)

    def _entry(self, at: int, place: int) -> int:
        key = self._key(place)
        if key is not None:
            self._enter(place - at, mapping=True)
            self._walk.key(key[0])
            return self._value(key[1], place - at)
        if not self._levels:
            return self._value(place, -1)
        if not self._levels[-1][1] and place - at > self._levels[-1][0]:
            return self._value(place, self._levels[-1][0])
        return self._end(place) + 1

    def _key(self, place: int) -> tuple[bytes, int] | None:
        """The key at `place` and where its value begins; None where no key stands there."""
        data, end = self._data, self._end(place)
        prefix = _PROPERTY.match(data, place, end)
        begin = prefix.end() if prefix else place
        quoted = _QUOTED.match(data, begin, min(end, begin + 400))
        if quoted:
            after = _AFTER.match(data, quoted.end(), end)
            said = unescaped(quoted[1]) if quoted[1] is not None else quoted[2]
            return (said, after.end()) if after else None
        if data[begin : begin + 1] in b"[{|>\"'#%@`":
            return None
        colon = _COLON.search(data, begin, end)
        if colon is None or colon.start() - begin > 400:
            return None
        name = data[begin : colon.start()].strip()
        return None if b" #" in name else (name.removeprefix(b"? "), colon.end())

    def _enter(self, column: int, *, mapping: bool) -> None:
        """Closes what is deeper, opens a map or a list at this column unless one is open."""
        self._leave(column)
        # A list may stand at its key's own column; the next key ends it.
        while mapping and self._levels and self._levels[-1] == (column, False):
            self._close()
        if not self._levels or self._levels[-1] != (column, mapping):
            self._walk.open(mapping=mapping)
            self._levels.append((column, mapping))

    def _leave(self, column: int) -> None:
        while self._levels and self._levels[-1][0] > column:
            self._close()

    def _close(self) -> None:
        self._levels.pop()
        self._walk.close()

    def _value(self, at: int, column: int) -> int:
        """Reads the value at `at`, whose key or dash stands at `column`."""
        data = self._data
        while data[at : at + 1] in (b" ", b"\t"):
            at += 1
        tags = _PROPERTY.match(data, at)
        at = tags.end() if tags else at
        first = data[at : at + 1]
        if _BLANK.match(data, at) or first == b"*":
            return self._end(at) + 1
        if first in b"|>" and (header := _HEADER.match(data, at)):
            return self._block(header.end(), column, tagged=bool(tags and b"vault" in tags[0]))
        if data.startswith((b"{{", b"{%"), at):
            return self._end(at) + 1
        if first in b"{[":
            end = self._flow(at)
            self._walk.spans += within(data, at, end, self._cells, CODE)
            return self._end(end) + 1
        if first in b"\"'" and (quoted := _QUOTED.match(data, at)):
            which = 1 if quoted[1] is not None else 2
            text = unescaped(quoted[1]) if which == 1 else quoted[2].replace(b"''", b"'")
            self._walk.leaf(Leaf(text, *quoted.span(which)))
            return self._end(quoted.end()) + 1
        return self._plain(at, column)

    def _plain(self, at: int, column: int) -> int:
        data, stop = self._data, self._end(at)
        remark = _REMARK.search(data, at, stop)
        stop = remark.start() if remark else stop
        behind = self._end(stop) + 1
        while not remark and behind < len(data) and self._continues(behind, column):
            stop = self._end(behind)
            behind = stop + 1
        text = data[at:stop].rstrip()
        self._walk.leaf(Leaf(text, at, at + len(text)))
        return behind

    def _continues(self, at: int, column: int) -> bool:
        """Whether the line goes on with the plain scalar above: deeper, and no key of its own."""
        line = self._data[at : min(self._end(at), at + 2000)]
        depth = len(line) - len(line.lstrip(b" "))
        said = line.strip()
        if depth <= column or not said or said[:1] == b"#" or said.startswith(b"- "):
            return False
        return not _COLON.search(said) and b" #" not in said

    def _block(self, at: int, column: int, *, tagged: bool) -> int:
        """A block scalar: all lines deeper than its key. Its first blanks and last end stay."""
        data, start, stop = self._data, -1, at
        while at < len(data):
            end = self._end(at)
            line = data[at:end]
            said = line.strip()
            if said:
                depth = len(line) - len(line.lstrip(b" "))
                if depth <= column:
                    break
                start = at + depth if start < 0 else start
                stop = at + len(line.rstrip())
            at = end + 1
        if start >= 0:
            leaf = Leaf(data[start:stop], start, stop)
            if tagged:
                self._walk.hide(leaf)
            else:
                self._walk.leaf(leaf)
        return at

    def _flow(self, at: int) -> int:
        """A flow collection, over lines too; returns where it ends."""
        depth, behind = 0, at
        held: Leaf | None = None
        self._cells = []
        for token in _FLOW.finditer(self._data, at, at + _LONGEST_FLOW):
            behind = token.end()
            kind = token.lastindex or 0
            if kind in (3, 4, 5) and held is not None:
                self._walk.leaf(held)
                self._cells.append((held.start, held.end))
                held = None
            if kind == 3:
                depth += 1
                self._walk.open(mapping=token[3] == b"{")
            elif kind == 4:
                depth -= 1
                self._walk.close()
                if depth <= 0:
                    return behind
            elif kind in (6, 7) and held is not None:
                self._walk.key(held.text)
                held = None
            elif kind == 8 and held is not None:
                # A scalar without quotes goes on after a line's end.
                held = Leaf(held.text + b" " + token[8], held.start, token.end())
            elif kind in (1, 2, 8):
                held = self._scalar(token, kind)
            elif not kind and b"#" in token[0]:
                self._cells.append(token.span())
        self._abandon(depth)
        # Not read again: a file of nothing but opening brackets would take quadratic time.
        return behind

    def _abandon(self, depth: int) -> None:
        for _ in range(depth):
            self._walk.close()

    @staticmethod
    def _scalar(token: re.Match[bytes], kind: int) -> Leaf:
        text = unescaped(token[1]) if kind == 1 else token[kind]
        if kind == 2:
            text = text.replace(b"''", b"'")
        return Leaf(text, *token.span(kind))

    def _alone(self, at: int) -> bool:
        """Whether nothing stands before this place in its line."""
        while self._data[at - 1 : at] == b" ":
            at -= 1
        return self._data[at - 1 : at] == b"\n"

    def _inside(self, leaf: Leaf) -> Iterable[Span]:
        """A value that holds a file: JSON, YAML or assignments in a block scalar."""
        if leaf.end - leaf.start != len(leaf.text):
            yield from found_in(leaf, partial(self._written, leaf))
            return
        found: Iterable[Span]
        if json_files.claims("", leaf.text[:4096]):
            found = json_files.find(leaf.text)
        elif b"\n" in leaf.text or self._alone(leaf.start):
            found = [*spans(leaf.text, _EMBEDDED), *self._lines(leaf)]
        else:
            found = self._lines(leaf)
        for span in found:
            yield span._replace(start=span.start + leaf.start, end=span.end + leaf.start)

    def _lines(self, leaf: Leaf) -> Iterable[Span]:
        return found_in(Leaf(leaf.text, 0, len(leaf.text)), _nothing)

    def _written(self, leaf: Leaf) -> Unescaped:
        raw = self._data[leaf.start : leaf.end]
        single = self._data[leaf.start - 1 : leaf.start] == b"'"
        return Unescaped(raw, leaf.start, APOSTROPHES if single else BACKSLASHES)


def _nothing() -> None:
    return None


RULE = FormatRule(CODE, "secrets under keys of YAML", claims, find)
