"""Secrets inside files: tokens by the shape their issuers give them, passwords by the key's name.

Owns the shapes, as issuers publish them, and the names of keys that hold secrets. Refuses to take
an example or a reference to a secret (`${NAME}`, `/path`, `<password>`) for the secret itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from packer.certify.facts.claims import sealed
from packer.certify.facts.texts import odd_files
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, ours

_B, _E = rb"(?<![A-Za-z0-9_-])", rb"(?![A-Za-z0-9])"
SHAPES: tuple[tuple[str, bytes], ...] = (
    ("an AWS access key id", rb"(?:AKIA|ASIA)[A-Z2-7]{16}"),
    ("an AWS session token", rb"(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9/+=%]{60,}"),
    ("a GitHub token", rb"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{40,255}"),
    ("a GitLab token", rb"gl(?:pat|dt|rt|cbt|ptt|ft|agent|soat)-[A-Za-z0-9_.-]{20,}"),
    ("a Google key", rb"AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{30,}|GOCSPX-[0-9A-Za-z_-]{24,}"),
    ("a Slack token", rb"xox[abeoprs]-[0-9A-Za-z-]{16,}|xapp-\d-[0-9A-Za-z-]{20,}"),
    ("a webhook's address", rb"hooks\.slack\.com/services/T[0-9A-Z/]{8,}[0-9A-Za-z/]{20,}"),
    ("a webhook's address", rb"discord(?:app)?\.com/api/webhooks/\d{15,}/[\w-]{40,}"),
    ("a payment key", rb"[sr]k_(?:live|test)_[0-9A-Za-z]{20,}|whsec_[0-9A-Za-z+/=]{24,}"),
    ("a SendGrid key", rb"SG\.[\w-]{16,32}\.[\w-]{30,64}"),
    ("a Mailgun key", rb"key-[0-9a-f]{32}"),
    ("an npm token", rb"npm_[0-9A-Za-z]{36}"),
    ("a PyPI token", rb"pypi-AgE[0-9A-Za-z_-]{50,}"),
    ("a Docker token", rb"dckr_(?:pat|oat)_[\w-]{20,}"),
    ("a DigitalOcean token", rb"do[opr]_v1_[0-9a-f]{64}"),
    ("a Databricks token", rb"dapi[0-9a-f]{32}"),
    ("an Azure secret", rb"[\w~.-]{3}[78]Q~[\w~.-]{31,34}"),
    ("an Azure storage key", rb"AccountKey=[A-Za-z0-9+/]{86}=="),
    ("an Azure shared access signature", rb"(?<=[?&;])sig=[A-Za-z0-9%+/]{43,}(?:%3D|=)"),
    ("a HashiCorp token", rb"hv[sbr]\.[\w-]{24,}"),
    ("a Terraform token", rb"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}"),
    ("a tailnet key", rb"tskey-(?:auth|client|api)-[0-9A-Za-z]{8,}-[0-9A-Za-z]{16,}"),
    ("a Hugging Face token", rb"hf_[A-Za-z]{34}"),
    ("a key of a language model's API", rb"sk-(?:proj-|ant-[\w]+-|or-)?[A-Za-z0-9_-]{40,}"),
    ("a Grafana token", rb"gls[ac]_[A-Za-z0-9_]{32,}"),
    ("a Sentry token", rb"sntry[su]_[A-Za-z0-9+/=_]{40,}"),
    ("a New Relic key", rb"NRAK-[A-Z0-9]{27}"),
    ("a Shopify token", rb"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("a Telegram bot's token", rb"\d{8,10}:AA[0-9A-Za-z_-]{33}"),
    ("a JSON web token", rb"eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{20,}"),
    ("a bearer token", rb"[Aa]uthorization:\s*(?:Bearer|Basic)\s+[A-Za-z0-9._~+/-]{16,}"),
)
# What must stand there for a shape to fit: looking for a word is a hundred times faster.
_WORDS: tuple[tuple[bytes, ...], ...] = (
    (b"AKIA", b"ASIA"),
    (b"FwoGZXIvYXdz", b"IQoJb3JpZ2lu"),
    (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
    (b"glpat-", b"gldt-", b"glrt-", b"glcbt-", b"glptt-", b"glft-", b"glagent-", b"glsoat-"),
    (b"AIza", b"ya29.", b"GOCSPX-"),
    (b"xox", b"xapp-"),
    (b"hooks.slack.com",),
    (b"api/webhooks/",),
    (b"k_live_", b"k_test_", b"whsec_"),
    (b"SG.",),
    (b"key-",),
    (b"npm_",),
    (b"pypi-AgE",),
    (b"dckr_",),
    (b"dop_v1_", b"doo_v1_", b"dor_v1_"),
    (b"dapi",),
    (b"7Q~", b"8Q~"),
    (b"AccountKey=",),
    (b"sig=",),
    (b"hvs.", b"hvb.", b"hvr."),
    (b".atlasv1.",),
    (b"tskey-",),
    (b"hf_",),
    (b"sk-",),
    (b"glsa_", b"glsc_"),
    (b"sntrys_", b"sntryu_"),
    (b"NRAK-",),
    (b"shpat_", b"shpca_", b"shppa_", b"shpss_"),
    (b":AA",),
    (b"eyJ",),
    (b"uthorization:",),
)
_SHAPED = tuple(
    (word, kind, re.compile(_B + b"(?:" + body + b")" + _E))
    for (kind, body), words in zip(SHAPES, _WORDS, strict=True)
    for word in words
)
_BY_BYTE = {
    first: tuple(each for each in _SHAPED if each[0][0] == first)
    for first in {word[0] for word, _, _ in _SHAPED}
}
# All words in one pass of an automaton: nine files of ten have none of them.
_BYTES = re2.Options()
_BYTES.encoding = re2.Options.Encoding.LATIN1
_ANY_WORD = re2.compile(b"|".join(re.escape(each) for words in _WORDS for each in words), _BYTES)
_BEFORE, _AFTER = 40, 600  # bytes around a word; the longest shape but for session tokens
_EXAMPLE = re.compile(rb"EXAMPLE|xxxx|XXXX|0{12}|1234567890abcdef|\.\.\.", re.IGNORECASE)
# A URL is found by its "://", and looked at from there in both directions.
_SCHEME = re.compile(rb"(?<![\w+.-])[a-z][a-z0-9+]{1,20}$")
_LOGIN = re.compile(rb"[^\s:/?#@\"'<>]{0,80}:([^\s/?#@\"'<>{$%*]{3,200})@[\w\[]")
_NAME = (
    rb"(?:[A-Za-z0-9_.-]*(?:pass(?:word|wd|phrase)|secret(?:[_-]?key(?:[_-]?base)?)?|api[_-]?key|"
    rb"access[_-]?key|auth[_-]?token|access[_-]?token|private[_-]?key|client[_-]?secret|token|pwd|"
    rb"credentials|[_.-]pass|[_.-]psk|encryption[_-]?key|signing[_-]?key|_salt))"
)
_SAID = re.compile(
    rb"(?im)^[^#;\n]{0,120}?(?<![A-Za-z0-9])(" + _NAME + rb")[\"']?\]?[ \t]{0,8}"
    rb"(?:=>|:=|[=:]|,(?=[ \t]*[\"']))[ \t]{0,8}"
    rb"(\"[^\"\n]{1,400}\"|'[^'\n]{1,400}'|[^\s\"'#;,]{1,400})"
)
_XML = re.compile(
    rb"(?i)<(?:password|passwd|secret|token|apikey)>([^<\s]{3,200})<|"
    rb"\b(?:password|secret)=\"([^\"\s]{3,200})\""
)
# No secret: nothing, a reference, a path, a placeholder, a switch, a number of days.
_NO_SECRET = re.compile(
    rb"(?i)(?:|\$.*|%.*|\{.*|<.*|\[.*|/.*|\./.*|~.*|@.*|!.*|&.*|\(.*|[a-z_.]+\(.*|true|false|none|"
    rb"null|nil|yes|no|on|off|\d{1,5}|x+|\*+|\.+|-|ask|prompt|file|env|required|optional|"
    rb"disabled|enabled|default|file:.*|env:.*|vault:.*|secret:.*|[a-z0-9.-]+://.*|.*\{\{.*|"
    rb".*\$\{.*|string|str|bytes|int|sufficient|include|requisite|hidden|redacted|self\..*|"
    rb"os\..*|sys\..*|config\..*|process\..*|args\..*|your[_-].*|example.*|encrypt(?:ed)?|sha\d+)"
)
_PLACES = re.compile(
    r"/(?:etc|opt|srv|root|home|usr/local|var/www|var/lib|var/opt|boot|data|app|mnt|media)/"
)
_CONFIGURATIONS = re.compile(
    r"(?:/(?:environment|Dockerfile|docker-compose[^/]*|credentials?|secrets?|passwords?|password\.txt"
    r"|wp-config\.php|settings(?:_\w+)?\.py|config(?:uration)?\.(?:py|php|js|rb)|[Mm]akefile|notes|"
    r"todo|README)|\.env(?:\.[\w-]+)?|\.(?:ini|cnf|conf|cfg|config|ya?ml|json|toml|properties|txt|"
    r"xml|sh|bash|sql|service|timer|socket|env|tfvars|tfstate|local|php|list|credentials|secret|"
    r"j2|inc|plist|md|log|bak|orig|old|save)(?:~|\.\d+)?|/etc/default/[\w.-]+|/etc/cron[^/]*/[\w-]+|"
    r"/\.(?:profile|bashrc|bash_profile|zshrc|envrc|psqlrc))$"
)  # fmt: skip
# The distribution's own words about passwords: not a value of anybody's.
_NOT_THERE = re.compile(
    r"^/(?:etc/(?:pam\.d|login\.defs|nsswitch\.conf|debconf\.conf|adduser\.conf|deluser\.conf|"
    r"security/pwquality\.conf|apparmor\.d|audit/|ssl/openssl\.cnf|ssh/|services$|sudoers|"
    r"selinux/|ca-certificates)|var/lib/(?:dpkg|apt|ucf|pam|systemd|polkit-1|swcatalog|usbutils)/|"
    r"var/cache/|usr/share/)|/site-packages/|/dist-packages/|/node_modules/|/locale/|"
    r"/share/(?:doc|man|perl5?)/|\.dist-info/"
)


def _tokens(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry, data in odd_files(subject.tree):
        for kind in sorted(tokens_in(data)):
            yield Finding(entry.path, f"holds {kind}")


def tokens_in(data: bytes) -> set[str]:
    """The kinds of tokens that stand in it."""
    found: set[str] = set()
    each = _ANY_WORD.search(data)
    while each is not None:
        at = each.start()
        # Words may overlap, so the next search begins one byte on.
        for word, kind, shape in _BY_BYTE[data[at]]:
            if kind not in found and data.startswith(word, at) and _stands(data, at, shape):
                found.add(kind)
        each = _ANY_WORD.search(data, at + 1)
    return found


def _stands(data: bytes, at: int, shape: re.Pattern[bytes]) -> bool:
    """Looks around the place of a word alone: most of an image's bytes are no text."""
    each = shape.search(data, max(0, at - _BEFORE), at + _AFTER)
    return each is not None and not _EXAMPLE.search(each[0]) and len(set(each[0])) > 8


def _urls(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry, data in odd_files(subject.tree):
        if b"://" in data and not _NOT_THERE.search(entry.path):
            for scheme in _with_passwords(data):
                yield Finding(entry.path, f"a URL ({scheme}) with a password in it")
                break


def _with_passwords(data: bytes) -> Iterator[str]:
    """The schemes of URLs that bring a password along."""
    at = data.find(b"://")
    while at >= 0:
        login = _LOGIN.match(data, at + 3)
        if login and not _NO_SECRET.fullmatch(login[1]) and not _doc(login[1]):
            # The longest scheme, what may not stand before it, and one byte more.
            scheme = _SCHEME.search(data[max(0, at - 23) : at])
            if scheme:
                yield scheme[0].decode()
        at = data.find(b"://", at + 3)


def _doc(word: bytes) -> bool:
    return word.lower() in (b"pass", b"password", b"passwd", b"pw", b"pwd", b"secret", b"token")


def _values(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry, data in odd_files(subject.tree):
        if not _PLACES.match(entry.path) or not _CONFIGURATIONS.search(entry.path):
            continue
        if _NOT_THERE.search(entry.path) or b"\0" in data[:1024]:
            continue
        names = sorted(set(said(data)))
        if names:
            yield Finding(entry.path, f"a value for {', '.join(names[:5])}")


def said(data: bytes) -> Iterator[str]:
    """The names of keys that have a secret as their value."""
    for each in _SAID.finditer(data):
        value = each[2].strip(b"\"'")
        if not _NO_SECRET.fullmatch(value) and not _is_word_of_code(each[1], value):
            yield each[1].decode(errors="replace")
    if any(not _NO_SECRET.fullmatch(one[1] or one[2]) for one in _XML.finditer(data)):
        yield "password"


def _is_word_of_code(name: bytes, value: bytes) -> bool:
    """`password = password`, `token: Token`."""
    return value.lower().strip(b"()[]{}.,") in name.lower()


NO_TOKENS = Rule(
    id="KEY-06",
    title="No token that anybody can recognise by its shape",
    clauses=(
        aws("Access policies: no credentials of any kind"),
        azure("200.5 no keys or credentials in the image"),
    ),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="critical",
    probe=_tokens,
    fix="withdraw the token where it was issued, then rm FILE",
    faults=(
        *("aws-key-in-script", "github-token", "slack-webhook", "jwt", "token-in-sqlite"),
        *("token-in-utf16", "token-in-rotated-log", "payment-key", "gitlab-token", "azure-sas"),
    ),
)
NO_URLS = Rule(
    id="KEY-07",
    title="No URL with a password in it",
    clauses=(aws("Access policies: no credentials of any kind"), ours("secrets")),
    targets=frozenset(("aws", "azure", "caretaker")),
    severity="high",
    probe=_urls,
    fix="take the password out of the URL: the first boot makes one",
    faults=("database-url", "git-remote-token", "proxy-password", "pip-index-password"),
)
NO_VALUES = Rule(
    id="KEY-08",
    title="No configuration holds a password, a secret or a key as a value",
    clauses=(
        aws("Access policies: no credentials of any kind"),
        ours("secrets of the application are made at the first boot"),
    ),
    targets=frozenset(("aws", "azure", "caretaker")),
    severity="high",
    probe=_values,
    fix="take the value out: name the secret in the manifest, and the first boot makes it",
    faults=(
        *(
            "env-file-secret",
            "unit-environment-secret",
            "compose-secret",
            "wp-config",
            "django-key",
        ),
        *("etc-environment-secret", "terraform-vars", "smb-mount-password", "notes-with-password"),
    ),
)
RULES = (NO_TOKENS, NO_URLS, NO_VALUES)
