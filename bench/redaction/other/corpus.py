"""A second corpus, written by somebody else than the first: files of a mixed estate of servers.

Owns its templates' language. Refuses to know the redactor and the first corpus's files: two authors
who agree by chance say more than one who repeats himself.

Templates stand one after another under `### path | format | variants`. In them `«GROUP:MAKER»` is a
secret (`@name` the same again in the file, `@@name` in all files), `«KIND:name»` somebody,
`«=text»` and `«b:MAKER»` must survive, `«?text»` may go either way, `«n:MAKER»` is neither.
`|filter` writes a value otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

from bench.redaction.corpus import GROUPS, Label, Sample
from bench.redaction.corpus_values import Made
from bench.redaction.other.forms import FORMS
from bench.redaction.other.people import People
from bench.redaction.other.values import MAKERS

TEMPLATES = Path(__file__).with_name("templates")
KINDS = ("ip4", "ip6", "mac", "host", "short", "user", "mail")

_HEAD = re.compile(r"^### (\S+) \| (\w+) \| (\d+)\n", re.MULTILINE)
_FIELD = re.compile("«([^«»]*)»")
_RESPELT = {"cisco", "windows", "arpa", "dashed4"}
_CROWD = 12
_SHORTEST = 14


def corpus(seed: int) -> list[Sample]:
    """Every file, the same for the same seed."""
    people = People(seed)
    shared: dict[str, Made] = {}
    samples = []
    for path, form, count, body in _templates():
        for variant in range(count):
            name = f"{path}" if count == 1 else _numbered(path, variant)
            writer = _Writer(Random(f"{seed} {name}"), people, shared)
            writer.write(body)
            samples.append(Sample(name, form, "".join(writer.parts), tuple(writer.labels)))
    return samples


def _numbered(path: str, variant: int) -> str:
    """As of several hosts: each has a folder."""
    return f"node{variant + 1}/{path}"


def _templates() -> Iterator[tuple[str, str, int, str]]:
    for file in sorted(TEMPLATES.glob("*.tpl")):
        text = file.read_text()
        heads = list(_HEAD.finditer(text))
        for head, after in zip(heads, [*heads[1:], None], strict=True):
            yield head[1], head[2], int(head[3]), text[head.end() : after and after.start()]


def make(name: str, rng: Random) -> Made:
    made = MAKERS[name](rng)
    return made if isinstance(made, Made) else Made(made, made)


class _Writer:
    def __init__(self, rng: Random, people: People, shared: dict[str, Made]) -> None:
        self._rng = rng
        self._people = people
        self._shared = shared
        self._named: dict[str, Made] = {}
        self._at = 0
        self.parts: list[str] = []
        self.labels: list[Label] = []

    def write(self, body: str) -> None:
        at = 0
        for one in _FIELD.finditer(body):
            self._put(body[at : one.start()])
            self._field(one[1])
            at = one.end()
        self._put(body[at:])

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self._at += len(text)

    def _label(self, text: str, what: str, name: str = "", cores: tuple[str, ...] = ()) -> None:
        self.labels.append(Label(self._at, self._at + len(text), what, name, cores))
        self._put(text)

    def _field(self, said: str) -> None:
        if said[0] in "=?":
            self._label(said[1:], "benign" if said[0] == "=" else "either")
            return
        spec, *filters = said.split("|")
        kind, _, rest = spec.partition(":")
        if kind in GROUPS:
            made = _filtered(self._made(rest), filters)
            self._label(made.text, "secret", kind, _cores(made))
        elif kind in KINDS:
            name = rest or f"crowd{self._rng.randrange(_CROWD)}"
            text = self._people.value(kind, name)
            text = _filtered(Made(text, text), filters).text
            # Another spelling has no type of its own.
            named = "host" if kind == "short" or _RESPELT.intersection(filters) else kind
            self._label(text, "identity", named)
        elif kind == "b":
            self._label(_filtered(self._made(rest), filters).text, "benign")
        elif kind == "n":
            self._put(self._made(rest).text)
        else:
            raise ValueError(f"no such field: {said}")

    def _made(self, spec: str) -> Made:
        maker, _, name = spec.partition("@")
        if not name:
            return make(maker, self._rng)
        known = self._shared if name.startswith("@") else self._named
        if name not in known:
            known[name] = make(maker, self._rng)
        return known[name]


def _filtered(made: Made, filters: list[str]) -> Made:
    for each in filters:
        name, _, argument = each.partition(":")
        made = FORMS[name](made, argument)
    return made


def _cores(made: Made) -> tuple[str, ...]:
    """Of several lines each long one by itself: a line that is left is a leak."""
    pieces = re.split(r"\n|\\n", made.core)
    if len(pieces) == 1:
        return (made.core,)
    long = (piece.split()[-1] for piece in pieces if len(piece) > _SHORTEST)
    return tuple(piece for piece in long if "--" not in piece)
