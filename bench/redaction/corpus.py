"""The corpus: files of a made-up machine, with what is secret, what is not, and who is named.

Owns the templates' language. Refuses to know the redactor: it was written from what such files look
like on real systems, before and apart from the rules.

A template file holds templates one after another, each under `=== path | format | variants`. In it:
`«s:GROUP:MAKER»` a secret, `@name` after the maker: the same again in the file, `@@name`: on the
whole machine; `«=text»` and `«b:MAKER»` something that must survive; `«i:KIND:name»` somebody;
`«n:MAKER»` neither; `«?text»` may stay or go. `|filter` writes it otherwise. A line that begins
with `×N ` stands N times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench.redaction.corpus_filters import FILTERS
from bench.redaction.corpus_names import Identities
from bench.redaction.corpus_values import Made, make

TEMPLATES = Path(__file__).with_name("templates")
GROUPS = (
    "token", "key", "hash", "url", "header", "command", "log", "positional", "config", "env",
    "known",
)  # fmt: skip

_HEAD = re.compile(r"=== (?P<path>\S+) \| (?P<format>\w+) \| (?P<count>\d+)")
_FIELD = re.compile("«([^«»]*)»")
_TIMES = re.compile(r"×(\d+) ")
_PEOPLE = 30


@dataclass(frozen=True, slots=True)
class Label:
    """`[start, end)` of the file. `what` is secret, benign, identity or either; `name` the group of
    a secret, the kind of an identity. `cores` are what must not survive of a secret."""

    start: int
    end: int
    what: str
    name: str = ""
    cores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One file with its labels, which never overlap."""

    path: str
    format: str
    text: str
    labels: tuple[Label, ...] = field(repr=False)

    def said(self, label: Label) -> str:
        return self.text[label.start : label.end]


@dataclass(frozen=True, slots=True)
class _Template:
    path: str
    format: str
    count: int
    body: str


class _Machine:
    """What all files of a corpus share: who is on it, and its own secrets."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.identities = Identities(seed)
        self.secrets: dict[str, Made] = {}

    def secret(self, name: str, maker: str) -> Made:
        if name not in self.secrets:
            self.secrets[name] = make(maker, Random(f"{self.seed} secret {name}"))
        return self.secrets[name]


def corpus(seed: int) -> list[Sample]:
    """Every file, the same for the same seed."""
    machine = _Machine(seed)
    return [
        _write(template, variant, machine)
        for template in _templates()
        for variant in range(template.count)
    ]


def _templates() -> Iterator[_Template]:
    for path in sorted(TEMPLATES.glob("*.tpl")):
        text = path.read_text()
        heads = list(_HEAD.finditer(text))
        for head, after in zip(heads, [*heads[1:], None], strict=True):
            body = text[head.end() + 1 : after.start() if after else len(text)]
            yield _Template(head["path"], head["format"], int(head["count"]), body)


def _write(template: _Template, variant: int, machine: _Machine) -> Sample:
    path = f"{variant}/{template.path}"
    writer = _Writer(machine, Random(f"{machine.seed} {path}"))
    for line in template.body.splitlines(keepends=True):
        times = _TIMES.match(line)
        for _ in range(int(times[1]) if times else 1):
            writer.line(line[times.end() :] if times else line)
    return Sample(path, template.format, "".join(writer.parts), tuple(writer.labels))


class _Writer:
    def __init__(self, machine: _Machine, rng: Random) -> None:
        self._machine = machine
        self._rng = rng
        self._named: dict[str, Made] = {}
        self._at = 0
        self.parts: list[str] = []
        self.labels: list[Label] = []

    def line(self, line: str) -> None:
        at = 0
        for one in _FIELD.finditer(line):
            self._put(line[at : one.start()])
            self._field(one[1])
            at = one.end()
        self._put(line[at:])

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self._at += len(text)

    def _labelled(self, text: str, what: str, name: str = "", cores: tuple[str, ...] = ()) -> None:
        self.labels.append(Label(self._at, self._at + len(text), what, name, cores))
        self._put(text)

    def _field(self, said: str) -> None:
        if said.startswith("="):
            self._labelled(said[1:], "benign")
            return
        if said.startswith("?"):
            self._labelled(said[1:], "either")
            return
        spec, *filters = said.split("|")
        kind, _, rest = spec.partition(":")
        if kind == "s":
            group, _, maker = rest.partition(":")
            self._secret(group, maker, filters)
        elif kind == "b":
            self._labelled(_filtered(make(rest, self._rng), filters).text, "benign")
        elif kind == "i":
            self._identity(rest, filters)
        elif kind == "n":
            self._put(make(rest, self._rng).text)
        else:
            raise ValueError(f"no such field: {said}")

    def _secret(self, group: str, spec: str, filters: list[str]) -> None:
        maker, _, name = spec.partition("@")
        if name.startswith("@"):
            made = self._machine.secret(name[1:], maker)
        elif name:
            made = self._named.setdefault(name, make(maker, self._rng))
        else:
            made = make(maker, self._rng)
        whole = "-----BEGIN" in made.text
        made = _filtered(made, filters)
        cores: tuple[str, ...] = (made.core,)
        if whole and made.core == made.text:
            lines = (str(line) for line in re.split(r"\n|\\n", made.text))
            cores = tuple(line.split()[-1] for line in lines if len(line) > 20 and "--" not in line)
        self._labelled(made.text, "secret", group, cores)

    def _identity(self, spec: str, filters: list[str]) -> None:
        kind, _, name = spec.partition(":")
        text = self._machine.identities.value(kind, name or f"any{self._rng.randrange(_PEOPLE)}")
        for each in filters:
            text = FILTERS[each](Made(text, text), "").text
        self._labelled(text, "identity", kind)


def _filtered(made: Made, filters: list[str]) -> Made:
    for each in filters:
        name, _, argument = each.partition(":")
        made = FILTERS[name](made, argument)
    return made


def write(samples: list[Sample], folder: Path) -> None:
    for sample in samples:
        path = folder / sample.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sample.text)
