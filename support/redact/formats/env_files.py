"""Environment files, INI, Java properties and systemd units.

Owns which files are such. Where values end is `assignments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.formats.assignments import Style, spans
from support.redact.formats.judge import tidy
from support.redact.rule import FormatRule
from support.redact.span import Span

_ENV = re.compile(
    r"(?i)(?:(?:\A|/)\.?env(?:rc|ironment)?(?:\.[\w.-]+)?|\.env(?:\.[\w-]+)?|/default/[\w.@-]+|"
    r"/sysconfig/[\w.@-]+|/environment\.d/.*|\.envrc|[./-]environ(?:ment)?(?:\.txt)?|\.flaskenv)\Z"
)
_INI = re.compile(
    r"(?i)(?:\.(?:ini|cfg|cnf|conf(?:\.ext)?|properties|props|service|socket|timer|mount|nmconnection|"
    r"desktop|inf|toml\.tmpl|gitconfig|netdev|network|override|boto|s3cfg|pypirc|passwd-s3fs)"
    r"(?:\.(?:bak|old|orig|dist|sample|example|local|d|j2|tmpl|\d+))?|(?:\A|/)\.?(?:s3cfg|boto|"
    r"pypirc|gitconfig|hgrc|npmrc|yarnrc|my\.cnf|mylogin|aws/\w+|config\.local|gemrc|dbt|"
    r"credentials|condarc|pip\.conf|wgetrc|curlrc|bazelrc|tokens?|secrets?|settings))\Z"
)
_SECTION = re.compile(rb"(?m)^[ \t]*\[[\w .:@/\"'-]+\][ \t]*(?:[#;].*)?\r?$")
_ASSIGNED = re.compile(rb"(?m)^[ \t]*(?:export[ \t]+)?[A-Za-z_][\w.-]*[ \t]*=")
_PAIRED = re.compile(rb"(?m)^[ \t]*[A-Za-z_*](?:[\w.*/-]{0,80}|[\w.*/ -]{0,80}[ \t])[=:]")
_UPPER = re.compile(rb"(?m)^(?:export[ \t]+)?[A-Z][A-Z0-9_]*=")
_SAID = re.compile(rb"(?m)^[ \t]*[^\s#;]")
_BRACES = re.compile(rb"(?m)^[^#;\n]*[{][ \t]*\r?$")
_ENV_STYLE = Style("env")
_INI_STYLE = Style("ini", multiline=False, indented=True)


def _mostly(head: bytes, line: re.Pattern[bytes] = _ASSIGNED, least: int = 6) -> bool:
    """Whether so many lines of ten are an assignment or a section."""
    said = len(_SAID.findall(head))
    counted = len(line.findall(head)) + len(_SECTION.findall(head))
    return counted >= 1 and counted * 10 >= said * least


def claims_env(name: str, head: bytes) -> bool:
    if _ENV.search(name):
        return _mostly(head, least=3)
    upper = len(_UPPER.findall(head))
    return upper > 1 and upper * 10 >= len(_SAID.findall(head)) * 7


def claims_ini(name: str, head: bytes) -> bool:
    if _BRACES.search(head):
        return False
    if _INI.search(name):
        return bool(_SECTION.search(head)) or _mostly(head, _PAIRED, 4)
    return bool(_SECTION.search(head)) and _mostly(head)


def find_env(data: bytes) -> Iterable[Span]:
    return tidy(spans(data, _ENV_STYLE))


def find_ini(data: bytes) -> Iterable[Span]:
    return tidy(spans(data, _INI_STYLE))


ENV = FormatRule("env", "secrets in environment files", claims_env, find_env)
INI = FormatRule("ini", "secrets in INI files, properties and units", claims_ini, find_ini)
