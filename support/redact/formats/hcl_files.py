"""HCL, as Terraform, Packer, Nomad and Vault write it.

Owns heredocs and a variable's default. Other lines are `assignments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from support.redact.formats.assignments import Style, spans
from support.redact.formats.judge import (
    Leaf,
    hides,
    hides_below,
    is_secret_key,
    is_worth,
    masks,
    tidy,
)
from support.redact.rule import FormatRule
from support.redact.secrets.names import SURE, weight
from support.redact.span import Span

CODE = "hcl"
_NAMED = re.compile(r"(?i)\.(?:tf|tfvars|hcl|nomad|pkrvars|tofu|tfbackend)(?:\.\w+)?\Z")
_LOOKS = re.compile(
    rb"(?m)^(?:resource|variable|provider|module|data|output)[ \t]+\"[^\n]*\{[ \t]*\r?$"
)
_DEFAULT = re.compile(
    rb"\b(?:variable|output)[ \t]+\"([\w-]+)\"[ \t]*\{(?:[^{}\"]|\"[^\"\n]*\")*?"
    rb"\b(?:default|value)[ \t]*=[ \t]*\"((?:[^\"\\\n]|\\.)*)\""
)
_HEREDOC = re.compile(rb"\b([\w-]{1,80})[ \t]{0,40}=[ \t]{0,40}<<[-~]?\"?(\w+)\"?[ \t]*\r?\n")
_PAIR = re.compile(
    rb"\"?([A-Za-z][\w.-]{0,80})\"?[ \t]{0,40}[=:][ \t]{0,40}\"((?:[^\"\\\n]|\\.)*)\""
)
_LIST = re.compile(rb"\b([A-Za-z][\w-]{0,80})[ \t]{0,40}=[ \t]{0,40}\[([^\[\]]{0,4000})\]")
_MAP = re.compile(rb"\b([A-Za-z][\w-]{0,80}s)[ \t]{0,40}=[ \t]{0,40}\{([^{}]{0,4000})\}")
_STRING = re.compile(rb"\"((?:[^\"\\\n]|\\.)*)\"")
_STYLE = Style(CODE, multiline=False, ends=b",")


def claims(name: str, head: bytes) -> bool:
    return bool(_NAMED.search(name) or _LOOKS.search(head))


def find(data: bytes) -> Iterable[Span]:
    return tidy([*_heredocs(data), *_defaults(data), *_plain(data)])


def _plain(data: bytes) -> Iterator[Span]:
    """A name without quotes is an expression: `password = var.db_password`."""
    for span in spans(data, _STYLE):
        if data[span.start - 1 : span.start] == b'"' and b'", "' not in data[span.start : span.end]:
            yield span
        elif data[span.start : span.end].isdigit():
            yield span._replace(instead=b'"REDACTED-hcl"')


def _defaults(data: bytes) -> Iterator[Span]:
    for many in _LIST.finditer(data):
        for found in _STRING.finditer(data, *many.span(2)):
            if hides_below(weight(many[1]), b"", found[1]):
                yield masks(Leaf(found[1], *found.span(1)), CODE)
    yield from _maps(data)
    for pair in _PAIR.finditer(data):
        if hides(pair[1], pair[2]):
            yield masks(Leaf(pair[2], *pair.span(2)), CODE)
    for found in _DEFAULT.finditer(data):
        if is_secret_key(found[1]) and is_worth(found[2]):
            yield masks(Leaf(found[2], *found.span(2)), CODE)


def _maps(data: bytes) -> Iterator[Span]:
    """`api_tokens = { web = "x" }`"""
    for many in _MAP.finditer(data):
        for pair in _PAIR.finditer(data, *many.span(2)) if weight(many[1]) else ():
            if hides_below(SURE, b"", pair[2]):
                yield masks(Leaf(pair[2], *pair.span(2)), CODE)


def _heredocs(data: bytes) -> Iterator[Span]:
    at = 0
    while found := _HEREDOC.search(data, at):
        at = found.end()
        end = re.compile(rb"(?m)^[ \t]*" + found[2] + rb"\b").search(data, at)
        if end is None:
            return
        text = data[at : end.start()].strip()
        if hides(found[1], text):
            start = data.find(text[:64], at)
            yield Span(start, start + len(text), CODE)
            at = end.end()


RULE = FormatRule(CODE, "secrets in HCL", claims, find)
