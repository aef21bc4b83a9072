"""A Debian package's copyright file: which licences it names, where it is machine-readable.

Owns reading the format (copyright-format 1.0, DEP 5). Refuses to conclude from free text: a file
in another form says nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from packer.sbom.licence_names import known
from packer.sbom.parts import UNKNOWN, Licence

_FORMAT = re.compile(r"(?:Format|Format-Specification):.*(?:copyright-format|dep-?5)", re.I)
_BLANK = re.compile(r"\n[ \t]*\n")
_FIELD = re.compile(r"^(Files|License):[ \t]*(.*(?:\n[ \t].*)*)", re.M | re.I)
_COMMA = re.compile(r",\s*(and|or)\s+")
_NAME = re.compile(r"[A-Za-z0-9][\w.+/-]*(?: with [\w.+-]+(?: [Ee]xception)?)?")
_UNFIT = re.compile(r"[^A-Za-z0-9.-]+")
_LONGEST = 20_000  # characters of one text


def read(package: str, text: str) -> Licence:
    """What the package's copyright file declares; UNKNOWN where it is not of the format."""
    if not _FORMAT.match(text.lstrip("\ufeff \t\r\n")):
        return UNKNOWN
    wanted: set[str] = set()
    texts: dict[str, str] = {}
    for paragraph in _BLANK.split(text):
        fields = {name.lower(): value for name, value in _FIELD.findall(paragraph)}
        name, _, body = fields.get("license", "").partition("\n")
        name = " ".join(name.split())
        if body and name:
            texts.setdefault(name, _plain(body))
        if name and "files" in fields:
            wanted.add(name)
    used: dict[str, str] = {}
    # In order, since names that clash as references are numbered.
    terms = sorted({_expression(each, package, texts, used) for each in sorted(wanted)})
    return Licence(_joined(terms, "AND"), used)


def _expression(name: str, package: str, texts: Mapping[str, str], used: dict[str, str]) -> str:
    """The short names of one field as an SPDX expression: `and` binds tighter than `or`, and a
    comma before either loosens it (section "Syntax" of License)."""
    steps = _COMMA.split(name)
    done = _alternatives(steps[0], package, texts, used)
    for how, step in zip(steps[1::2], steps[2::2], strict=True):
        done = _joined([done, _alternatives(step, package, texts, used)], how.upper())
    return done


def _alternatives(text: str, package: str, texts: Mapping[str, str], used: dict[str, str]) -> str:
    ways = []
    for way in re.split(r"[ _](?:or)[ _]|\|", text, flags=re.I):
        names = re.split(r"[ _](?:and)[ _]", way, flags=re.I)
        ways.append(_joined([_one(each.strip(), package, texts, used) for each in names], "AND"))
    return _joined(ways, "OR")


def _one(name: str, package: str, texts: Mapping[str, str], used: dict[str, str]) -> str:
    sure = known(name)
    if sure:
        return sure
    # Prose, where the file's author put the text into the first line.
    label = name if len(name) <= 60 and _NAME.fullmatch(name) else "other"
    # The plus is what tells two licences apart, and no reference may hold one.
    label = f"{package.replace('+', '-plus')}-{label.replace('+', '-or-later')}"
    ref = f"LicenseRef-{_UNFIT.sub('-', label).strip('-')}"
    text = texts.get(name) or f"{name}\n\nSee the copyright file of the source package {package}."
    number = 1
    while used.setdefault(ref if number == 1 else f"{ref}.{number}", text) != text:
        number += 1
    return ref if number == 1 else f"{ref}.{number}"


def _joined(terms: list[str], how: str) -> str:
    terms = list(dict.fromkeys(terms))
    if len(terms) == 1:
        return terms[0]
    other = " OR " if how == "AND" else " AND "
    return f" {how} ".join(f"({each})" if other in each else each for each in terms)


def _plain(body: str) -> str:
    """The text without the format's indent, its blank lines blank again."""
    lines = [line.strip() for line in body.split("\n")]
    return "\n".join("" if line == "." else line for line in lines)[:_LONGEST]
