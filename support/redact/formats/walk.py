"""A walk through nested maps and lists, whatever syntax they are written in.

Owns what nesting means for a value: a map below a secret key, a list of `NAME=value`, a `name`
with a `value` beside it, a Kubernetes Secret. Refuses to tokenise: JSON, YAML and TOML tell it
what they meet, in order. Takes time linear in that; it keeps a frame a level and never recurses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from support.redact.formats.judge import (
    Leaf,
    below,
    hides,
    hides_below,
    is_secret_key,
    is_worth,
    masks,
)
from support.redact.secrets.names import NEVER, weight
from support.redact.secrets.values import looks_random
from support.redact.span import Span

_NAMES = frozenset(
    b"name key parametername parameterkey variable header headername env_var".split()
)
_VALUES = frozenset(b"value values parametervalue default defaultvalue data_value content".split())
_VAGUE = frozenset((b"key", b"keys", b"pass", b"code", b"phrase", b"string"))
_WHICH = frozenset((b"private", b"secret", b"shared", b"preshared"))
_ENCODED = frozenset((b"data", b"stringData", b"binaryData"))
_ASSIGNED = re.compile(rb"-{0,2}([A-Za-z_][\w.-]*)(=|: ?)(?=\S)")
_ACCOUNT = re.compile(rb"(?m)^[ \t]*[\w.-]+:(?!R$|RANDOM$)([^\s][^\n]*?)[ \t]*$")
_HASHED = re.compile(rb"[\w.@-]+:(?=\$(?:apr1|2[aby]|5|6|y|argon2)\w*\$|\{S?SHA\})")
_PUBLIC = (  # In base 64, too.
    b"-----BEGIN CERT", b"-----BEGIN PUB", b"LS0tLS1CRUdJTiBDRVJU", b"LS0tLS1CRUdJTiBQVUJMSUMg",
)  # fmt: skip
_SHARED = re.compile(rb"[A-Za-z0-9+/]{43}=")  # 32 bytes, as WireGuard writes its keys
_USERS = frozenset((b"users", b"accounts", b"logins"))
_AUTHS = re.compile(rb"(?i)auth(?:entication|enticator)?\Z|basic_?auth|htpasswd")
_SAYS = re.compile(rb"[^A-Za-z_ -]")
_FLAG = re.compile(rb"--?([A-Za-z][\w-]+)")
_MANY = re.compile(rb"(?i)(?:pass(?:word|phrase)?|secret|token|key|pin)s")


def _nothing(leaf: Leaf) -> Iterable[Span]:
    return ()


@dataclass(slots=True)
class Frame:
    """One open map or list. `key` is what it stands under, `now` the key that was read last."""

    mapping: bool
    key: bytes = b""
    hidden: int = NEVER
    now: bytes = b""
    name: bytes | None = None
    kind: bytes = b""
    sensitive: bool = False
    values: list[Leaf] = field(default_factory=list)
    encoded: list[Leaf] = field(default_factory=list)


class Walk:
    """Told of a document's parts in order, collects the spans of what is to go from it.

    `inside` looks into a value that no key condemns: it may hold a text of its own.
    """

    def __init__(self, code: str, inside: Callable[[Leaf], Iterable[Span]] = _nothing) -> None:
        self._code = code
        self._inside = inside
        self._stack = [Frame(mapping=False)]
        self.spans: list[Span] = []

    @property
    def top(self) -> Frame:
        return self._stack[-1]

    def open(self, *, mapping: bool) -> Frame:
        """A map or a list begins, as the value of the key that was read last."""
        top = self.top
        frame = Frame(mapping, top.now if top.mapping else top.key)
        if frame.key.lower() not in (b"annotations", b"labels"):
            own = below(frame.key) if mapping else weight(frame.key)
            frame.hidden = max(top.hidden, own)
        self._stack.append(frame)
        return frame

    def close(self) -> None:
        """The map or list on top ends. Nothing happens where none is open."""
        if len(self._stack) == 1:
            return
        done = self._stack.pop()
        if not done.mapping:
            return
        if done.key in _ENCODED:
            self.top.encoded += done.encoded
        elif done.kind == b"Secret":
            self._hide(leaf for leaf in done.encoded if leaf.text)
        self._pair(done)

    def _pair(self, done: Frame) -> None:
        """`{name: DB_PASSWORD, value: x}`, and `{value: x, sensitive: true}` of a plan's state."""
        if not done.values:
            return
        name = done.name or b""
        whole = done.sensitive or is_secret_key(name) or (done.key == b"cookies" and name)
        self._hide(leaf for leaf in done.values if whole or hides(name, leaf.text))

    def hide(self, leaf: Leaf) -> None:
        """The value goes, whatever key it is under."""
        self._hide((leaf,))

    def _hide(self, leaves: Iterable[Leaf]) -> None:
        self.spans += [masks(leaf, self._code) for leaf in leaves if is_worth(leaf.text)]

    def key(self, name: bytes) -> None:
        self.top.now = name

    def leaf(self, leaf: Leaf) -> None:
        """A scalar: the value of the key that was read last, or one item of a list."""
        if self.top.mapping:
            self._value(self.top, leaf)
        else:
            self._item(self.top, leaf)

    def _value(self, frame: Frame, leaf: Leaf) -> None:
        key = frame.now
        if frame.key in _ENCODED and not leaf.text.lstrip().startswith(_PUBLIC):
            if b"\n" in leaf.text and (found := [*self._inside(leaf)]):
                self.spans += found  # A whole file, redacted as such.
                return
            frame.encoded.append(leaf)
        self._note(frame, key.lower(), leaf)
        if key == b"list" and frame.key == b"chpasswd":
            self._accounts(leaf)
            return
        if leaf.bare and _MANY.search(key):
            return
        if key.lower() in _VAGUE and frame.key:
            # `signing: {key: x}` is a signing key.
            key = frame.key + b"_" + key
        elif key.lower() in _WHICH and frame.key.lower() in (b"key", b"keys"):
            key += b"_key"  # netplan's WireGuard: `key: {private: x}`, `keys: {shared: x}`
        if (
            hides(key, leaf.text)
            or hides_below(frame.hidden, key, leaf.text)
            or self._is_hidden_here(frame, leaf)
        ):
            self.spans.append(masks(leaf, self._code))
        elif not leaf.bare:
            self.spans += self._inside(leaf)

    def _is_hidden_here(self, frame: Frame, leaf: Leaf) -> bool:
        """`auth: {users: {bob: x}}`, and a tunnel's `key: x`."""
        if frame.now in (b"key", b"encrypt") and _SHARED.fullmatch(leaf.text):
            return True
        if frame.now in (b"result", b"bcrypt_hash"):
            return any(one.kind == b"random_password" for one in self._stack[-5:])
        if frame.key.endswith(b"encryption") and frame.now.endswith((b"_key", b"_salt")):
            return looks_random(leaf.text, 16)
        if frame.key.lower() not in _USERS or len(self._stack) < 2:
            return False
        above = self._stack[-2].key
        return (
            bool(_AUTHS.search(above) and _SAYS.search(leaf.text))
            and b"@" not in leaf.text
            and is_worth(leaf.text)
        )

    def _note(self, frame: Frame, key: bytes, leaf: Leaf) -> None:
        if key in _NAMES and frame.name is None:
            frame.name = leaf.text
        elif key == b"path" and frame.name is None:
            # cloud-init writes a file of that name with the content beside it.
            frame.name = leaf.text.rpartition(b"/")[2]
        elif key in _VALUES:
            frame.values.append(leaf)
        elif key == b"kind" or (key == b"type" and leaf.text == b"random_password"):
            frame.kind = leaf.text
        elif key == b"sensitive" and leaf.text == b"true":
            frame.sensitive = True

    def _accounts(self, leaf: Leaf) -> None:
        """cloud-init's `chpasswd: list:`, a user and a password a line."""
        for line in _ACCOUNT.finditer(leaf.text):
            start, end = leaf.start + line.start(1), leaf.start + line.end(1)
            if is_worth(line[1]) and end <= leaf.end:
                self.spans.append(Span(start, end, self._code))

    def _item(self, frame: Frame, leaf: Leaf) -> None:
        flag, frame.now = frame.now, b""
        if frame.key == b"list" and len(self._stack) > 1 and self._stack[-2].key == b"chpasswd":
            self._accounts(leaf)
            return
        hashed = _HASHED.match(leaf.text)
        if hashed and leaf.end - leaf.start == len(leaf.text):
            start = leaf.start + hashed.end()
            self.spans.append(Span(start, leaf.end, self._code))
            return
        assigned = _ASSIGNED.match(leaf.text)
        if assigned and not leaf.bare and is_secret_key(assigned[1]):
            value = leaf.text[assigned.end() :]
            # Where an escape stands before the value, places in text and file differ.
            if is_worth(value) and leaf.end - leaf.start >= len(leaf.text):
                plain = leaf.end - leaf.start == len(leaf.text) and len(value) > 2
                quote = plain and value[:1] == value[-1:] and value[:1] in b"\"'"
                start, end = leaf.start + assigned.end() + quote, leaf.end - quote
                self.spans.append(masks(Leaf(value, start, end), self._code))
        elif hides_below(frame.hidden, b"", leaf.text) or (flag and is_worth(leaf.text)):
            self.spans.append(masks(leaf, self._code))
        elif not leaf.bare:
            self.spans += self._inside(leaf)
            # `["--password", "x"]`: a flag and its value are two items.
            said = _FLAG.fullmatch(leaf.text)
            frame.now = said[1] if said and is_secret_key(said[1]) else b""

    def finish(self) -> list[Span]:
        """Closes what is still open: a truncated document has no ends."""
        while len(self._stack) > 1:
            self.close()
        return self.spans
