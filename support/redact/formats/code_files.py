"""Source that configures: Python, PHP, JavaScript, Ruby, Go, Java and their like.

Owns where a name meets a literal: an assignment, a pair, an argument, a default of a look-up.
Refuses whatever is no literal: a name without quotes is no secret. The literal's quotes stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from support.redact.formats.judge import Leaf, hides, masks, tidy
from support.redact.rule import FormatRule
from support.redact.secrets.values import plausible
from support.redact.span import Span

CODE = "code"
_NAMED = re.compile(
    r"(?i)(?:\.(?:py|php\d?|inc|phtml|js|mjs|cjs|ts|jsx|tsx|rb|erb|ru|go|java|kt|kts|groovy|gradle|"
    r"cs|vb|swift|scala|clj|pl|pm|lua|rs|c|h|cc|cpp|hpp|ex|exs|erl|hrl|dart|r|jl|jsp|aspx?|vue|"
    r"svelte|wsgi|ipynb|sbt|cr|nix)|(?:\A|/)(?:Gemfile|Rakefile|Jenkinsfile|Vagrantfile|Fastfile|"
    r"SConstruct|Puppetfile))(?:\.(?:bak|old|orig|sample|example|dist|\d+))?\Z"
)
_LOOKS = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s|//[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/|#(?!!)[^\n]*\n|--[^\n]*\n|\"\"\"[^\"]*\"\"\")*+"
    rb"(?:<\?php|#!.*\b(?:python|node|ruby|perl|php)|package \w+|"
    rb"(?:from [\w.]+ )?import [\w.{]|module\.exports\b|const \w+ = require\(|using [\w.]+;|"
    rb"['\"]use strict['\"]|use (?:strict|warnings|\w+::)|(?:pub )?fn \w+\(|namespace [\w.\\]+|"
    rb"(?:const|let|var) [\w{}, ]+ = |export (?:default|const|function)\b|local \w+ = |"
    rb"(?:public|private|protected|internal) [\w<>\[\] ]+[ =({]|module [A-Z]\w*|def \w+|@\w+\(|"
    rb"(?:final |abstract |static )*class \w+|[\w.]+\.configure do|Rails\.application\.|"
    rb"require ['\"]|(?:%[^\n]*\n\s*)*\[\s*\{\w+, ?[\[{])"
)
# A literal with its quotes; the inside stands in the group of the kind of quote.
_LITERAL = (
    rb"(?:\"\"\"((?:[^\"\\]|\\.|\"(?!\"\")){1,4000}?)\"\"\"|\"((?:[^\"\\\n]|\\.)*)\"|"
    rb"'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.){0,4000})`)"
)
_KEY = rb"(?<![\w$])[@$]{0,2}([A-Za-z_][\w.-]{0,80})"
_BLANK = rb"[ \t]{0,40}"
_TYPE = (
    rb"(?::[ \t]{0,40}(?:&'static )?[\w<>\[\]?.|& ]{1,40}?(?==)|[ \t]+(?:string|String|\[\]byte)|)"
)
_LOOKED_UP = (
    rb"(?:(?:[\w.:\->]{0,60}(?:\([^()\n]{0,120}\)|\[[^\[\]\n]{0,80}\])|[\w.]{1,60})"
    rb"[ \t]{0,9}(?:\|\||\?\?|\?:|or)[ \t]{0,9})?"
)
_PATTERNS = tuple(
    re.compile(b"(?i:" + pattern + b")" + _LITERAL)
    for pattern in (
        # name = "x", name := "x", name: "x", name: str = "x", const name string = "x"
        _KEY + rb"[\"']?\]?" + _TYPE + _BLANK + rb"(?::=|\|\|=|\?\?=|=>|=(?![=~>])|:(?!:))" + _BLANK
        + _LOOKED_UP + rb"(?:new String\(|\[\]byte\(|b|r|f|u|@|\$|String::from\(|<<)?",
        # define("NAME", "x"), os.environ.get("NAME", "x"), put("name", "x"), env('NAME', 'x')
        rb"(?:define|get|env|set|put|property|config|fetch|default|setting|option|secret|add|value|"
        rb"(?:get|set|put)_?(?:env|property|option|config|string|default))\([ \t]{0,9}[\"']"
        rb"[\w.-]{0,40}?([\w.-]{1,80})[\"']" + _BLANK + rb",[ \t\n]{0,40}",
        # {name, <<"x">>} and {name, "x"} of Erlang
        rb"\{[ \t]{0,9}([a-z][\w-]{1,80})" + _BLANK + rb"," + _BLANK + rb"(?:<<)?",
        # setPassword("x"), withToken("x"), .password("x")
        rb"(?<=[.>\w])(?:set|with|\.)([A-Z]?\w{1,40})\(" + _BLANK,
        # ENV.fetch("NAME") { "x" }
        rb"fetch\([ \t]{0,9}[:\"']?([\w.-]{1,80})[\"']?\)" + _BLANK + rb"\{" + _BLANK,
        # `-Dname="x"`, <Tag name="x">
    )
)  # fmt: skip
# A user and a password, one after the other; a default inside of a look-up by name.
_SECOND = re.compile(
    rb"(?i:(?:credentials?|passwordauthentication|basic_?auth|mysqli(?:_connect)?|pdo|getconnection|"
    rb"ldap_bind)\(\s{0,9}(?:[^,()\n\"']{1,120}|\"[^\"\n]*\"|'[^'\n]*'),\s{0,9}"
    rb"(?:(?:\"[^\"\n]*\"|'[^'\n]*'),\s{0,9})?)" + _LITERAL + rb"\s{0,9}[,).]"
)
_DEFAULT = re.compile(rb"\$\{([A-Za-z][\w.-]{1,80}):-?([^{}\"'\s]{1,200})\}")
_LOWER = re.compile(rb"[a-z]+(?:[_ ][a-z]+)*|[A-Z][a-z]+(?: [A-Za-z][a-z]+)*:?|[A-Z]+(?:_[A-Z]+)*")
_RULES = re.compile(
    rb"(?:required|nullable|sometimes|string|min:\d|max:\d)[|,].*|required|\w+\.\w+:?"
)
_CLASS = re.compile(rb"[A-Za-z_]+(?:[.\\/:]+[A-Za-z_]+)+")
# A template to fill in, a pattern, a colour: what is written there is no secret itself.
_SHAPED = re.compile(
    rb"%[-\d.]*[sdr]|%\(\w+\)|\{\w*\}|\$\{|#\{|\(\?|\[\^|\\[sdwb][+*]|"
    rb"\A(?:\w+ )*(?:bg:)?#[\da-fA-F]{3,8}\b"
)


def claims(name: str, head: bytes) -> bool:
    return bool(_NAMED.search(name) or _LOOKS.match(head))


def find(data: bytes) -> Iterable[Span]:
    return tidy(_spans(data))


def _spans(data: bytes) -> Iterator[Span]:
    for pattern in _PATTERNS:
        for found in pattern.finditer(data):
            group = found.lastindex or 1
            value = found[group]
            if group > 1 and _is_secret(found[1], value):
                yield masks(Leaf(value, *found.span(group)), CODE)
    for found in _SECOND.finditer(data):
        group = found.lastindex or 1
        if hides(b"password", found[group]) and not _SHAPED.search(found[group]):
            yield masks(Leaf(found[group], *found.span(group)), CODE)
    for found in _DEFAULT.finditer(data):
        if hides(found[1], found[2]):
            yield masks(Leaf(found[2], *found.span(2)), CODE)


def _is_secret(key: bytes, value: bytes) -> bool:
    """A literal under a secret name, but for what code says about one: labels, fields, rules."""
    if not hides(key, value) or not (plausible(value) or b"(" in value):
        return False
    said = value.lower().replace(b"_", b"").replace(b"-", b"").replace(b" ", b"").rstrip(b":")
    if said in key.lower().replace(b"_", b"").replace(b"-", b""):
        return False
    if b"\\n" not in value and (_RULES.fullmatch(value) or _CLASS.fullmatch(value)):
        return False
    return not _names_it(value) and not _SHAPED.search(value)


def _names_it(value: bytes) -> bool:
    """`password = "user_password"`, `token: "Access token"`: a field's name or a label."""
    words = (b"password", b"passwd", b"secret", b"token", b"api_key", b"apikey", b"credential")
    return bool(_LOWER.fullmatch(value)) and value.lower().rstrip(b":").endswith(words)


RULE = FormatRule(CODE, "literals under secret names in source", claims, find)
