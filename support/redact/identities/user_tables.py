"""People in a column: of a CSV file, a dump, what a program lists below a header.

Owns finding the column by its head and the rows that belong to it; lists below `users:` too.
Refuses to judge who is a person, and rows beyond the block the header stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from support.redact.identities.rule import Finder, IdentityRule, Name, line_rule, line_spans
from support.redact.identities.tables import cells, header, lines_after
from support.redact.identities.users import Users

_HEAD = (
    rb"(?:user|username|user[_ ]name|login|login[_ ]name|logname|account|account[_ ]name|owner|usr"
    rb"|author|created[_ ]by|updated[_ ]by|changed[_ ]by|assignee|actor|usename|rolname|ruser|luser"
    rb"|common name|requester|approver|reviewer|user[_ ]id|userid|samaccountname"
    rb"|modified[_ ]by|approved[_ ]by|requested[_ ]by|operator|employee|member|principal|nick"
    rb"|db_user|remote_user|grantee|grantor|tableowner)"
)
_IS_HEAD = re.compile(_HEAD + rb"\Z", re.IGNORECASE)
_BESIDE = re.compile(
    rb"(?:e-?mail|mail|password|passwd|pw|password_hash|shell|last_login|role)\Z", re.I
)
_ACCOUNT = re.compile(rb"[ \t]*[\"'`]?([A-Za-z_][A-Za-z0-9_.-]{0,63})\+?[\"'`]?[ \t]*\r?\Z")
_RULER = re.compile(rb"[-+=|: \t]+\r?\Z")
_WORD = re.compile(rb"[^ \t\r]+")
_SHOUTED = re.compile(rb"[A-Z%][A-Z%+/_()0-9-]*\Z")
_COPY = re.compile(rb"COPY [\w.\"]+ ?\(([^()\n]+)\) FROM stdin", re.IGNORECASE)
_INSERT = re.compile(rb"(?:INSERT|REPLACE)[ \w]{0,20} INTO [\w.\"`]+ ?\(([^()\n]+)\) ?VALUES",
                     re.IGNORECASE)  # fmt: skip
_VALUE = re.compile(rb"[ \t\n]*(N?'(?:[^'\\]|\\.|'')*'|[^,()'\n]*(?:\([^()\n]*\))?[^,()'\n]*)")
_LIST = re.compile(
    rb"([ \t]*)(?:- )?[\"']?[\w-]*?(?:users|members|owners|admins|maintainers|assignees|reviewers"
    rb"|approvers"
    rb"|operators|sudoers|accounts|user_list|allowed_users)[\"']?:[ \t]*\r?\Z"
)
_ITEM = re.compile(
    rb"([ \t]*)- (?:\{ ?)?(?:(?:&\w+ )?[\"']?(?:name|login|username|user|id)[\"']?: ?)?[\"']?"
    rb"([A-Za-z_][A-Za-z0-9_.-]{0,63})[\"']?(?: *[,}#].*)?\r?\Z"
)
_KEY = re.compile(rb"([ \t]+)[\"']?([a-z][a-z0-9_.-]{1,63})[\"']?:[ \t]*(?:\{.*|&\w+)?\r?\Z")
_PAIR = re.compile(rb"[ \t]+(?:- )?[\"']?([a-z_][a-z0-9_.-]{0,63}):\S+\r?\Z")
_GIT = re.compile(rb"[ \t]+name = ([a-z][a-z0-9_.-]{1,63})\r?\Z")
_EDIT = re.compile(rb"[ \t]+edit \"([A-Za-z_][A-Za-z0-9_.-]*)\"\r?\Z")
_SHOUTS = frozenset((b"USER", b"OWNER", b"UID", b"LOGIN", b"RUSER", b"USERNAME", b"EUSER"))


class Tables:
    """Rules for whatever has a head."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def rules(self) -> tuple[IdentityRule, ...]:
        cell = rb"[ \t\"']*" + _HEAD + rb"[ \t\"']*"
        return (
            self._rule(rb"^" + cell + rb"[,;\t|]", self._delimited),
            self._rule(rb"[,;\t|]" + cell + rb"(?:[,;\t|]|\r?$)", self._delimited),
            self._rule(rb"[,;\t|][ \t\"']*name[\"' \t]*[,;\t|]|^[\"']?name[\"']?[,;\t|]",
                       self._delimited),
            self._rule(rb"^copy [^\n(]*\([^\n]*\) from stdin", self._copied),
            self._rule(rb"^[ \t]*(?:insert|replace) [^\n(]*\(", self._inserted),
            self._rule(rb"^[A-Z0-9%_ -]*\b(?:user|owner|uid|login)[ \t]", self._spaced),
            self._rule(rb"^[ \t-]*[\"']?[a-z0-9_-]*(?:users|members|owners|admins|maintainers"
                    rb"|assignees"
                       rb"|reviewers|approvers|operators|sudoers|accounts|user_list"
                       rb"|allowed_users)[\"']?:[ \t]*\r?$", self._listed),
            self._rule(rb"^\[user\]", self._of_git),
            self._rule(rb"^<auth-user-pass>", self._inline),
            self._rule(rb"^[ \t]*(?:list|users): [|>]", self._paired),
            self._rule(rb"^config (?:user|system admin|vpn)", self._of_fortinet),
        )  # fmt: skip

    def _rule(self, trigger: bytes, find: Finder) -> IdentityRule:
        return line_rule("user", trigger, find, "seen-user")

    def _named(self, base: int, cell: bytes) -> Iterator[Name]:
        match = _ACCOUNT.match(cell)
        instead = self._users.pseudonym(match[1]) if match else b""
        if match and instead:
            yield base + match.start(1), base + match.end(1), instead

    def _delimited(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        past = 0
        for start, end in line_spans(block, starts):
            if start < past:
                continue
            mark, heads = header(block[start:end])
            columns = _columns(heads)
            if not columns:
                continue
            for low, high in lines_after(block, end):
                row = block[low:high]
                if not row.strip() or (_RULER.match(row) and past):
                    break
                past = high
                row_cells = list(cells(row, mark))
                for column in columns:
                    if column < len(row_cells):
                        at, cell = row_cells[column]
                        yield from self._named(low + at, cell)

    def _copied(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for start, end in line_spans(block, starts):
            match = _COPY.match(block, start, end)
            columns = _columns(match[1].split(b",")) if match else []
            for low, high in lines_after(block, end) if columns else ():
                row = block[low:high]
                if row.startswith(b"\\."):
                    break
                row_cells = list(cells(row, b"\t"))
                for column in columns:
                    if column < len(row_cells):
                        yield from self._named(low + row_cells[column][0], row_cells[column][1])

    def _inserted(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for start, end in line_spans(block, starts):
            match = _INSERT.search(block, start, end)
            columns = _columns(match[1].split(b",")) if match else []
            if match is None or not columns:
                continue
            at = match.end()
            while True:
                while block[at : at + 1] in (b" ", b"\n", b"\t", b"\r", b","):
                    at += 1
                if block[at : at + 1] != b"(":
                    break
                at += 1
                number = 0
                while value := _VALUE.match(block, at):
                    if number in columns:
                        yield from self._named(value.start(1), value[1])
                    at, number = value.end(), number + 1
                    if block[at : at + 1] != b",":
                        break
                    at += 1
                if block[at : at + 1] != b")":
                    break
                at += 1

    def _spaced(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        """`ps`, `top`, `lsof`: by the word's number, since pseudonyms are longer than names."""
        for start, end in line_spans(block, starts):
            heads = [match.group() for match in _WORD.finditer(block, start, end)]
            if len(heads) < 3 or not all(map(_SHOUTED.match, heads)):
                continue
            columns = [n for n, head in enumerate(heads) if head in _SHOUTS]
            for low, high in lines_after(block, end) if columns else ():
                words = list(_WORD.finditer(block, low, high))
                if len(words) <= columns[-1]:
                    break
                for column in columns:
                    yield from self._named(words[column].start(), words[column].group())

    def _listed(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for start, end in line_spans(block, starts):
            head = _LIST.match(block[start:end])
            if head is None:
                continue
            depth: int | None = None
            for low, high in lines_after(block, end):
                row = block[low:high]
                inside = len(row) - len(row.lstrip(b" \t"))
                if (
                    not row.strip()
                    or inside < len(head[1])
                    or (inside == len(head[1]) and not row.lstrip().startswith(b"-"))
                ):
                    break
                item = _ITEM.match(row) or _KEY.match(row)
                depth = inside if depth is None else depth
                if item and inside == depth:
                    yield from self._named(low + item.start(2), item[2])

    def _inline(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        """OpenVPN's two lines, the second of which is the password."""
        for start, end in line_spans(block, starts):
            if not block[start:end].lower().startswith(b"<auth-user-pass>"):
                continue
            for low, high in lines_after(block, end):
                yield from self._named(low, block[low:high])
                break

    def _paired(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        """`user:password` in cloud-init's chpasswd."""
        for start, end in line_spans(block, starts):
            depth = len(block[start:end]) - len(block[start:end].lstrip(b" \t"))
            for low, high in lines_after(block, end):
                row = block[low:high]
                if len(row) - len(row.lstrip(b" \t")) <= depth:
                    break
                pair = _PAIR.match(row)
                if pair:
                    yield from self._named(low + pair.start(1), pair[1])

    def _of_fortinet(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for _, end in line_spans(block, starts):
            for low, high in lines_after(block, end):
                name = _EDIT.match(block[low:high])
                if name:
                    yield from self._named(low + name.start(1), name[1])
                elif block[low:high].startswith(b"end"):
                    break

    def _of_git(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for _, end in line_spans(block, starts):
            for low, high in lines_after(block, end):
                row = block[low:high]
                if not row.strip() or row.startswith(b"["):
                    break
                name = _GIT.match(row)
                if name:
                    yield from self._named(low + name.start(1), name[1])


def _columns(heads: Sequence[bytes]) -> list[int]:
    names = [head.strip(b" \t\"'`") for head in heads]
    columns = [number for number, name in enumerate(names) if _IS_HEAD.match(name)]
    if any(map(_BESIDE.match, names)):
        columns += [n for n, name in enumerate(names) if name.lower() == b"name"]
    return sorted(columns)
