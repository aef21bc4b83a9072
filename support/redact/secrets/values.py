"""Could this value be a secret: no placeholder, no reference, no mark, no word of a list.

Owns the tests of values. `hides` joins them with the name's weight. Refuses to find values.
"""

from __future__ import annotations

import re

from support.redact.secrets.names import MAYBE, NEVER, split, weight
from support.redact.span import MARK

# Nothing, or a word that stands for a value: compared in lower case, stripped of brackets.
_WORDS = frozenset(
    b"""null none nil true false yes no on off undefined nan n/a na empty unset set missing required
    optional enabled disabled default redacted masked hidden filtered removed scrubbed sanitized
    elided omitted sensitive invalid incorrect expired changed wrong ok success successful failed
    failure accepted rejected denied prompt ask strict env file str string int bool boolean bytes
    text varchar char object any unknown placeholder ellipsis todo tbd fixme auto automatic never
    always once md5 sha1 sha256 sha512 bcrypt argon2 argon2id scrypt pbkdf2 scram scram-sha-256
    trust peer ident reject cert pam ldap radius gss sspi kerberos basic bearer digest negotiate
    ntlm oauth oauth2 oidc saml publickey password keyboard-interactive interactive
    secretstr option optional[str] sensitive(string) number integer float array map list function
    required. optional. yes. no. missing. password: token secret or and the a an is was not for
    with has must will too does did to in of on by from be cannot can't are at as your this
    that when if it verification authentication validation updated reset generated created refreshed
    revoked provided supplied stored found rotated matches mismatch policy field fields inherit
    opaque forbidden unauthorized disallowed
    unsupported unavailable
    error bad no-auth plain plaintext
    amd64 arm64 i386 armhf armel riscv64 s390x ppc64el x86_64 aarch64 noarch
    external internal manual self local remote yes/no chauthtok identifier""".split()
)
# `${X}`, `{{ x }}`, `<password>`, `%(x)s`, `%s`, `{0}`, `***`, `xxxx`, `....`, `@@X@@`, `[hidden]`
_STANDS_FOR = re.compile(
    rb"""\$\{[^{}]*\}|\$\(.*|\$\{\{.*\}\}|\{\{.*\}?\}?|\{%.*%\}|\{[\w.]*\}
    |\{(?:secret|setting|certificate):[a-z0-9-]+\}|<[^<>]*>|%\([\w.]+\)s
    |%[sdvqr]|%\{[^{}]*\}|%[A-Z][A-Z0-9_]*%|(?-i:\$[A-Z_][A-Z0-9_]{2,})|[*]+|[xX]{3,}|[.]{2,}
    |[?]+|-+|_+|@@?\w+@@?|\[[A-Za-z _-]*\]|\([A-Za-z _-]*\)|\xe2\x80\xa6|(?:\xe2\x80\xa2)+|[#]+|\$\d
    |\\?\$\w*(?:pass|secret|token|pwd|key)\w*|!(?:vault|secret|env|Ref|Sub|GetAtt)\b.*
    |[|>][+-]?\d?|ENC\[.*|<<[-~]?["']?\w+["']?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_VARIABLE = re.compile(rb"\$\{?[A-Za-z_]\w*(?::?[-?+=][^{}]*)?\}")
# A path, an ARN or a reference to where the secret is kept.
_REFERENCE = re.compile(
    rb"\$\w+/[\w./-]+|(?:[\w.-]{1,40}:)?(?:/|~/|\./|\.\./)?(?:run|etc|var|home|opt|usr|tmp|root|dev|proc"
    rb"|srv|mnt|app|apps|secrets?"
    rb"|data|vault|config|conf|certs?|keys?|ssl|tls|lib|credentials)/(?:#\{[^{}]*\}|[\w./@-])*"
    rb"|~?/[\w.-]+\.[a-z]{2,5}|[A-Za-z]:\\[\w\\. -]*|arn:aws[\w-]*:.*"
    rb"|(?:file|vault|op|env|ssm|secretsmanager|awssm|keyring|credential|secret|projects"
    rb"|kms|gcpsm|azurekv):?/.*|env:\w+|file:.*|S-1-\d+(?:-\d+)+"
    rb"|(?i:your[ _-][A-Za-z _-]+|(?:my|the)[_-][A-Za-z_-]+)|[x*!]:\d+:\d+:.*"
    rb"|(?:(?:files|compat|systemd|sss|ldap|winbind|nis|db)\s?)+"
    rb"|[\w./-]+\.(?:pem|key|crt|txt|json|ya?ml|toml|ini|conf|jks|p12|pfx|asc|gpg|env|py|js|sh)"
)
_SAYS = re.compile(rb"[^\W_]|[^\s()\[\]{},;:.'\"<>\\/-]")
_CODE = re.compile(
    rb"[A-Za-z_]\w*(?:(?:\.|->|::)\w+)*\(.*"
    rb"|(?:self|this|request|req|params|config|args|settings|options|opts|data|user|form|env|os"
    rb"|process|kwargs|ctx|cfg|conf|input|props|state|res|response|body|module|var|local|vars)"
    rb"(?:\.|\[|->).*|(?:new|await|lambda|function|func|def|return|typeof)[ (].*|&\w+|ENV\[.*|@\w+"
    rb"|(?:None|null|undefined)[,;)}\]].*|\$_[A-Z]+\[.*|\$\{[\w.]+\}/[\w./-]*",
    re.DOTALL,
)
_PUBLIC = re.compile(
    rb"(?:ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-)[\w@.-]+ AAAA.*|age1[a-z0-9]{50,}"
    rb"|-----BEGIN (?:CERTIFICATE|PUBLIC|RSA PUBLIC|SSH2 PUBLIC).*",
    re.DOTALL,
)
_LINK = re.compile(rb"[a-z][a-z0-9+.-]*://(?![^/]*@)[^?\s]*", re.IGNORECASE)
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE]\d+)?(?:ns|us|ms|s|m|h|d|[kKMG]i?[bB]?|%)?")
_LONG = 512
_SAYS_NUMBER = frozenset((b"pin", b"otp", b"totp", b"passcode", b"cvv", b"code", b"codes"))
_TIME = re.compile(rb"\d{4}-\d\d-\d\d(?:[T ].*)?|\d\d?:\d\d(?::\d\d)?")
_LICENCE = re.compile(
    rb"(?i)(?:[al]?gpl|bsd|mit|apache|mpl|isc|expat|cc0?|artistic|zlib|public|unlicense|w3c|cddl)\b"
)
_PROSE = re.compile(
    rb"\b(?:the|to|must|be|for|of|is|your|you|that|this|should|will|when|and|has|not|can|may|with"
    rb"|was|are|from|does|if)\b"
)


def hides(name: bytes, value: bytes) -> bool:
    """True where a key of this name with this value (unquoted, stripped) gives a secret away."""
    found = weight(name)
    if found == NEVER:
        return False
    if len(value) > _LONG:
        return MARK not in value
    if not plausible(value):
        return False
    if found == MAYBE:
        return _under_maybe(name, value)
    words = split(name)
    if value.isupper() and value.lower() in (name.lower(), words[-1]):
        return False  # `--password=PASSWORD` of a help text
    if is_label(name, value):
        return False
    if _NUMBER.fullmatch(value) and len(value) < 9:
        return _a_password(words) or (len(value) >= 4 and bool(_SAYS_NUMBER & set(words)))
    return not (b"pwd" in words and value.startswith(b"/"))


def plausible(value: bytes) -> bool:
    """False for what stands for a secret, or says where one is, or was hidden already."""
    if not value or MARK in value or not _SAYS.search(value):
        return False
    if value.strip(b"<>[](){}*\"'`.,: ").lower() in _WORDS or stands_for(value):
        return False
    return not any(shape.fullmatch(value) for shape in (_REFERENCE, _CODE, _LINK, _PUBLIC))


def stands_for(value: bytes) -> bool:
    """True for a variable, a template, asterisks, `<password>`: a sign in place of a value."""
    return MARK in value or bool(_STANDS_FOR.fullmatch(value) or _VARIABLE.fullmatch(value))


def is_label(name: bytes, value: bytes) -> bool:
    """`challengePassword = A challenge password` of openssl.cnf: words that ask for one."""
    said = value.lower().split()
    return len(said) > 1 and said[-1] in split(name)[-1:] and value.replace(b" ", b"").isalpha()


def is_prose(value: bytes) -> bool:
    """True for a run of words that explains rather than is: `the password to use`."""
    return value.count(b" ") >= 2 and len(_PROSE.findall(value)) >= 1 and value[:1].isalpha()


def looks_random(value: bytes, least: int = 6) -> bool:
    """True where letters and digits mix as they do in no word: the test for vague names."""
    if len(value) < least or b" " in value:
        return False
    value = value[:_LONG]
    if _NUMBER.fullmatch(value) or _TIME.fullmatch(value):
        return False
    digits = sum(48 <= byte <= 57 for byte in value)
    upper = sum(65 <= byte <= 90 for byte in value)
    lower = sum(97 <= byte <= 122 for byte in value)
    if digits and (upper or lower):
        return digits >= 2 or bool(upper and lower) or len(value) - digits - upper - lower > 0
    marks = len(value) - digits - upper - lower - sum(byte in b"-_./:" for byte in value)
    if marks > 0 and (upper or lower):
        return True
    return upper >= 3 and lower >= 3 and len(value) >= 16


def _under_maybe(name: bytes, value: bytes) -> bool:
    words = split(name)
    if words[-1:] in ((b"license",), (b"licence",)) and _LICENCE.match(value):
        return False
    if _SAYS_NUMBER.intersection(words) and value.isdigit():
        return 4 <= len(value) <= 8
    if {b"pass", b"community"}.intersection(words):
        return looks_random(value) or (len(value) > 5 and value.isalnum() and _mixes(value))
    return looks_random(value, 12)


def _mixes(value: bytes) -> bool:
    return not value.isalpha() and not _NUMBER.fullmatch(value)


def _a_password(words: tuple[bytes, ...]) -> bool:
    """A short number can be a password; it is never a token (`token=17` is a place in a list)."""
    return any(word.startswith((b"passw", b"passp", b"pwd", b"pw", b"pin")) for word in words)
