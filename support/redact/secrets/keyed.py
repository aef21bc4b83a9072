"""Values under a secret's name, in whatever way a line ties a name to a value.

Owns `key = value`, `key: value`, `key => value`, JSON (escaped in a string too), the reprs of
Python, Ruby, Go and Java, connection strings and logfmt. Refuses to know names and values
(`names`, `values`), markup, prose, commands and SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.rule import LineRule
from support.redact.secrets import extent, names
from support.redact.secrets.names import NEVER, split, weight
from support.redact.secrets.values import hides, is_prose, looks_random
from support.redact.span import MARK, Span, mark

CODE = "keyed"

_KEY = re.compile(
    rb"(?<![\w.$%-])-{0,2}([A-Za-z_$@](?:[\w.-]|%5B|\[\"?(?=\w)){0,90})"
    rb"((?:\\{0,15}[\"'`]|[\])]|%5D){0,6})"
    rb"([ \t]{0,24})(=>|:=|={1,3}|->|::?(?!//)|\?=|\+=)([ \t]{0,40})",
    re.IGNORECASE,
)
# `API key: x`: the word before belongs to the name.
_BEFORE = re.compile(rb"([A-Za-z]{2,14}) \Z")
_TAILS = frozenset(
    (b"key", b"keys", b"code", b"codes", b"phrase", b"community", b"hash", b"cookie")
)
_SCHEME = re.compile(
    rb"(?:Bearer|Basic|Token|ApiKey|Api-Key|Bot|Digest|Negotiate|SSWS|Key|GenieKey|Splunk|OAuth) +",
    re.IGNORECASE,
)
# What a repr writes between the separator and the quote: b'x', SecretStr('x'), [b"x"].
_WRAP = re.compile(
    rb"(?:[([]?[brufLRNE@]{0,2}|[&\w.]{0,24}(?:String|Str|Secret|Password|Some|fromhex|unhexlify|b64decode|decode64|Buffer\.from)\("
    rb"|string\(\d{1,6}\) |(?i:md5|sha\d{0,3}|crypt|password|hash|encode|hashbytes|to_base64)\()"
    rb"(?=\\{0,15}[\"'])"
    rb"|(?:!!\w{1,12}|&\w{1,40}) "
)
_NESTED = re.compile(rb"\{(?![\w-]+\}\S)|[\[(]")
_LEAD = re.compile(
    rb"[ \t]*(?:(?:export|set|setenv|local|readonly|ENV|ARG|declare -x|typeset -x)[ \t]+|-[ \t]+"
    rb"|\$env:)?"
)


_PLACEHOLDER = re.compile(rb"\{secret:([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\}")
_CRUMB = re.compile(rb"[\s\"'\\\[]{0,8}[^\s=\"']{1,80}=[^=]")


def find(line: bytes) -> Iterable[Span]:
    past = 0
    for key in _KEY.finditer(line):
        # What looks like a key within a value is the value's: `PASSWORD=a=b`.
        if key.start() < past or line[key.start() - 1 : key.start()] in (b"?", b"&"):
            continue
        name = _name(line, key)
        if name == b"secret" and _is_placeholder(line, key):
            continue
        if _asks(line, key) or _is_checksum(line, key):
            continue
        if weight(name) == NEVER or MARK in name or _is_header(line, key, name.lower()):
            continue
        for span in _value(line, key, name):
            past = span.end
            yield span


def _is_placeholder(line: bytes, key: re.Match[bytes]) -> bool:
    """`{secret:NAME}` of a manifest, which says where one is put (agent/manifest/placeholders)."""
    named = _PLACEHOLDER.match(line, key.start() - 1) if key.start() else None
    return named is not None and not looks_random(named[1])


_PROMPT = re.compile(rb"\bread (?:-\w+ (?:\d+ )?){0,4}-\w{0,4}p ?[\"'][^\"']{0,80}\Z")


def _asks(line: bytes, key: re.Match[bytes]) -> bool:
    """`read -p "Password: " answer`: the quote ends the question; `${TOKEN:?is not set}` too."""
    if line[key.start() - 1 : key.start()] == b"{" and line[key.end() : key.end() + 1] == b"?":
        return True
    if key.group(2) or line[key.end() : key.end() + 1] not in (b'"', b"'"):
        return False
    return _PROMPT.search(line, max(0, key.start() - 120), key.start(1)) is not None


def _is_checksum(line: bytes, key: re.Match[bytes]) -> bool:
    """Helm's annotation `checksum/secret`: what changes when the secret does."""
    return line[max(0, key.start() - 9) : key.start()].lower() == b"checksum/"


def _is_header(line: bytes, key: re.Match[bytes], name: bytes) -> bool:
    """`headers` knows how cookies and authorizations are made up."""
    if name.endswith((b"cookie", b"cookies")):
        return _CRUMB.match(line, key.end()) is not None
    return name.endswith(b"authorization")


def _name(line: bytes, key: re.Match[bytes]) -> bytes:
    name = key.group(1)
    if name.lower() in _TAILS:
        before = _BEFORE.search(line, max(0, key.start() - 16), key.start())
        if before:
            return before.group(1) + b" " + name
    # `\npassword=`: the n belongs to the escape.
    if line[key.start() - 1 : key.start()] == b"\\" and name[:1] in b"nrt":
        return name[1:]
    return name


def _value(line: bytes, key: re.Match[bytes], name: bytes) -> Iterable[Span]:
    wrap = _WRAP.match(line, key.end())
    start = wrap.end() if wrap else key.end()
    inside = extent.quoted(line, start)
    if inside is not None:
        start, end = inside.start, inside.end
    elif _NESTED.match(line, start):
        return
    else:
        end = _bare(line, key, start)
    scheme = _SCHEME.match(line, start, end)
    if scheme:
        start = scheme.end()
    elif inside is None and (scheme := _SCHEME.match(line, start)):
        start, end = scheme.end(), extent.bare(line, scheme.end())
    value = line[start:end]
    if hides(name, value.strip()) or (scheme and looks_random(value, 8)):
        if inside is None and key.group(5) and _explains(line, key, value, end):
            return
        yield Span(start, end, CODE, _instead(key, value, bare=inside is None))
        if inside is not None and wrap and wrap.group()[:1] in (b"[", b"("):
            yield from _items(line, end, name)


_ITEM = re.compile(rb"[\"'],\s{0,4}[\"']([^\"'\\\n]{1,200})(?=[\"'])")


def _items(line: bytes, at: int, name: bytes) -> Iterable[Span]:
    """The rest of a list: `api_keys = ["x", "y"]`."""
    while item := _ITEM.match(line, at):
        if hides(name, item.group(1)):
            yield Span(*item.span(1), CODE)
        at = item.end()


def _explains(line: bytes, key: re.Match[bytes], value: bytes, end: int) -> bool:
    """True for a sentence: `invalid password: user bob is unknown`."""
    if key.group(4) != b":":
        return False
    if is_prose(value):
        return True
    return (
        value.isalpha()
        and value.islower()
        and bool(_MORE.match(line, end))
        and not _leads(line, key)
    )


_MORE = re.compile(rb"[,.]? [a-z]{2,}(?![\w-]*[\"']?[:=])")


def _instead(key: re.Match[bytes], value: bytes, *, bare: bool) -> bytes:
    """A bare number in JSON gets the quotes of its key, so that the text still parses."""
    sign = key.group(2)
    if not bare or key.group(4) != b":" or not sign.endswith((b'"', b"'")) or not value.isdigit():
        return b""
    return sign + mark(CODE) + sign


def _leads(line: bytes, key: re.Match[bytes]) -> bool:
    """True where the key begins its line, as in a file of settings."""
    lead = _LEAD.match(line)
    return lead is not None and lead.end() == key.start(1) and not key.group(2)


def _bare(line: bytes, key: re.Match[bytes], start: int) -> int:
    if _leads(line, key):
        return _rest(line, key, start)
    if key.group(4) == b"=":
        end = _in_connection(line, key, start)
        if end > start:
            return end
        end = _in_quotes(line, key, start)
        if end > start:
            return end
    return _among(line, key, start)


_BREAK = re.compile(rb"[;\"<>]")
_NAMED = re.compile(rb";[ ]?[A-Za-z][\w ]{0,40}=")


def _in_connection(line: bytes, key: re.Match[bytes], start: int) -> int:
    """`Server=x;Password=two words;`: a value goes up to the next semicolon."""
    stop = _BREAK.search(line, start, start + 300)
    end = stop.start() if stop else min(len(line), start + 300)
    if line[:1] != b"<" and stop and stop.group() in b"<>":
        return -1
    before = line[max(0, key.start() - 4) : key.start()].rstrip()
    return end if before.endswith(b";") or _NAMED.match(line, end) else -1


_OTHER = re.compile(rb"&[\w.%-]+=|[ ][\w.-]+=")


def _in_quotes(line: bytes, key: re.Match[bytes], start: int) -> int:
    """`"DB_PASSWORD=two words"`: the quote before the key ends the value."""
    quote = extent.opened_by(line, key.start())
    if not quote or key.group(2):
        return -1
    end = extent.closing(line, start, quote[-1:], len(quote) - 1)
    if end < 0 or _OTHER.search(line, start, end):
        return -1
    blank = line.find(b" ", start, end)
    # `sh -c 'PGPASSWORD=x psql'`
    return blank if blank > 0 and _COMMAND.match(line[blank:end].lstrip()) else end


_FIELD = {
    b"=": re.compile(rb"([ ][^,()={}\[\]]{1,60}?)(?:,[ ]\w+=|[)}\]])"),
    b":": re.compile(rb"([ ][^:{}()=,]{1,60}?)(?:[ ][A-Z]\w*:|\})"),
}
_WORDS = re.compile(rb"[a-z]{3,10}(?:[ -][a-z]{3,10}){3,23}")


def _among(line: bytes, key: re.Match[bytes], start: int) -> int:
    end = extent.bare(line, start)
    if split(key.group(1))[-1:] in ((b"passphrase",), (b"mnemonic",), (b"phrase",)):
        words = _WORDS.match(line, start)
        return max(end, words.end()) if words else end
    sign = key.group(4)
    if sign in _FIELD and not key.group(5) and line[end : end + 1] == b" ":
        # Java's `User(password=two words, role=x)` and Go's `{Password:two words Port:1}`.
        field = _FIELD[sign].match(line, end)
        if field and _COMMAND.match(line, end + 1):
            return end
        if field and line.rfind(b"(" if sign == b"=" else b"{", 0, key.start()) >= 0:
            return field.end(1)
    return end


_COMMENT = re.compile(rb"[ \t]+(?:#|;|//)(?:[ \t].{0,2000})?\Z")
_COMMAND = re.compile(
    rb"\.{0,2}/\S|[A-Za-z_]\w*=|(?:sudo|env|exec|docker|python3?|node|npm|bash|sh|make|go|cargo|php"
    rb"|ruby|java|psql|pg_\w+|mysql\w*|curl|wget|ansible\S*|terraform|restic|borg|aws|az|gcloud|ssh"
    rb"|kubectl|helm|vault|mongo\w*|redis-cli|rails|rake|bundle|git|rsync|flask|gunicorn|systemctl)\b"
    rb"|[\w.-]+(?:[ ][^\s-]\S*){0,6}[ ]--?[A-Za-z]"
)


def _rest(line: bytes, key: re.Match[bytes], start: int) -> int:
    """A line of settings: all of it is the value, but a comment or a command after it."""
    end = len(line.rstrip(b" \t\r\n"))
    comment = _COMMENT.search(line, start, end)
    if comment:
        end = len(line[: comment.start()].rstrip())
    blank = line.find(b" ", start, end)
    after = line[blank:end].lstrip() if blank > 0 else b""
    if after and not key.group(5) and key.group(4) == b"=" and _COMMAND.match(after):
        return blank
    if _NEXT.search(line, start, end):
        field = _in_connection(line, key, start)
        return field if field > start else extent.bare(line, start)
    return end - 1 if line[end - 1 : end] in b",;" and end > start else end


_NEXT = re.compile(rb"[ ;,&]\"?[A-Za-z_][\w.-]{0,60}\"?(?:=|: )")

# Derived from the names, so that a line with any of them triggers.
_ROOTS = b"(?:" + b"|".join(word for word in names.roots() if word not in (b"pw", b"otp")) + b")"
# A short number is a password or a PIN, never a token or a key: `tokens_used=17` is in every line.
_NUMBERS = rb"(?:pass|pwd?|pswd?|psw|pw|pin|otp|code|cvv|kennwort|senha|contrasena|motdepasse)"
_PAIRS = (
    b"(?:"
    + b"|".join(
        b"(?:%b)[-_. ]{0,2}%b" % (b"|".join(before), word) for word, before in names.pairs()
    )
    + b")"
)
_SHORT = b"(?:pw|otp|" + b"|".join(names.vague()) + b")"
_TIED = rb"(?:\\{0,15}[\"'`]|[\])]|%5D){0,6}[ \t]{0,24}(?:=|:[^/]|->|\?=|\+=)"
_VALUE = rb"[=>:]?[ \t]{0,40}[&\w.(\[\\@]{0,24}[\"'`]?(?:[^\s\d\"'`]|\d{1,8}[^\s\d,;}\])\"']|\d{9})"
_FREE = rb"[\w.\[\"-]{0,60}"

RULES = (
    LineRule(
        CODE,
        "Values under a secret's name",
        (
            _ROOTS + _FREE + _TIED + _VALUE,
            _PAIRS + _FREE + _TIED + _VALUE,
            _SHORT + rb"[\d_.-]{0,6}" + _TIED + _VALUE,
            _NUMBERS + _FREE + _TIED,
        ),
        find,
    ),
)
