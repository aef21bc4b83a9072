"""Made-up values for the corpus: secrets as systems write them, and what merely looks like one.

Owns the generators. Every value is random, from a seed; none was ever valid anywhere. `core` is the
part that must not survive: without a published prefix, which gives nothing away.
"""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable
from random import Random
from typing import NamedTuple

_LOWER, _DIGITS = string.ascii_lowercase, string.digits
_ALNUM = string.ascii_letters + _DIGITS
_HEX, _URL, _B64 = "0123456789abcdef", _ALNUM + "-_", _ALNUM + "+/"
_CRYPT = _ALNUM + "./"
_WORDS = [
    "amber",
    "anchor",
    "autumn",
    "basket",
    "beacon",
    "bishop",
    "canyon",
    "cobalt",
    "copper",
    "coral",
    "dragon",
    "ember",
    "falcon",
    "feather",
    "forest",
    "garnet",
    "glacier",
    "harbor",
    "hazel",
    "island",
    "jasper",
    "kestrel",
    "lantern",
    "lemon",
    "marble",
    "meadow",
    "nickel",
    "orchid",
    "otter",
    "pebble",
    "pepper",
    "quartz",
    "raven",
    "river",
    "saddle",
    "salmon",
    "shadow",
    "silver",
    "spruce",
    "summer",
    "timber",
    "tulip",
    "velvet",
    "violet",
    "walnut",
    "willow",
    "winter",
    "zephyr",
]


class Made(NamedTuple):
    """A value and which part of it must not survive."""

    text: str
    core: str


Maker = Callable[[Random], "Made | str"]


def _of(alphabet: str, length: int) -> Callable[[Random], str]:
    return lambda rng: "".join(rng.choice(alphabet) for _ in range(length))


def _mixed(rng: Random, alphabet: str, length: int) -> str:
    """Letters of both sizes and a digit for certain, as generators of passwords take care of."""
    body = [*_of(alphabet, length - 3)(rng), rng.choice(_LOWER), rng.choice(_DIGITS)]
    body.append(rng.choice(_LOWER).upper())
    rng.shuffle(body)
    return "".join(body)


def _token(prefix: str, alphabet: str, length: int, after: str = "") -> Maker:
    def make(rng: Random) -> Made:
        mixed = alphabet != alphabet.upper() and len(alphabet) > 16
        core = _mixed(rng, alphabet, length) if mixed else _of(alphabet, length)(rng)
        return Made(prefix + core + after, core)

    return make


def _b64(size: int, *, url: bool = False) -> Maker:
    def make(rng: Random) -> str:
        encode = base64.urlsafe_b64encode if url else base64.b64encode
        return encode(rng.randbytes(size)).decode()

    return make


def _jwt(rng: Random) -> Made:
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    head = part('{"alg":"HS256","typ":"JWT"}')
    body = part(f'{{"sub":"{rng.randrange(10**6)}","iat":17{rng.randrange(10**8):08}}}')
    sign = _of(_URL, 43)(rng)
    return Made(f"{head}.{body}.{sign}", sign)


def _words(rng: Random) -> str:
    return "-".join(rng.sample(_WORDS, 3)) + f"-{rng.randrange(10, 100)}"


def _phrase(rng: Random) -> str:
    return " ".join(rng.sample(_WORDS, 4))


def _human(rng: Random) -> str:
    return rng.choice(_WORDS).title() + str(rng.randrange(1980, 2030)) + rng.choice("!$#?")


def _odd(rng: Random) -> str:
    body = [*_of(_ALNUM, 10)(rng), *(rng.choice("!#%^*+~.;:?") for _ in range(4))]
    rng.shuffle(body)
    return rng.choice(_ALNUM) + "".join(body) + rng.choice(_ALNUM)


def _pem(label: str, lines: int, head: str = "") -> Maker:
    """`head` is how the DER of such an object begins, in base64."""

    def make(rng: Random) -> str:
        body = head + base64.b64encode(rng.randbytes(48 * lines - 11)).decode()[len(head) :]
        cut = [body[at : at + 64] for at in range(0, len(body), 64)]
        return "\n".join([f"-----BEGIN {label}-----", *cut, f"-----END {label}-----"])

    return make


def _hash(prefix: str, salt: int, body: int, alphabet: str = _CRYPT) -> Maker:
    def make(rng: Random) -> Made:
        core = _of(alphabet, body)(rng)
        return Made(f"{prefix}{_of(alphabet, salt)(rng)}{'$' if salt else ''}{core}", core)

    return make


def _bcrypt(rng: Random) -> Made:
    core = _of(_CRYPT, 53)(rng)
    return Made(f"$2{rng.choice('aby')}$1{rng.randrange(0, 5)}${core}", core)


def _argon(rng: Random) -> Made:
    core = _of(_B64, 43)(rng)
    return Made(f"$argon2id$v=19$m=65536,t=3,p=4${_of(_B64, 22)(rng)}${core}", core)


def _scram(rng: Random) -> Made:
    keys = [base64.b64encode(rng.randbytes(32)).decode() for _ in range(2)]
    salt = base64.b64encode(rng.randbytes(16)).decode()
    return Made(f"SCRAM-SHA-256$4096:{salt}${keys[0]}:{keys[1]}", keys[0])


def _django(rng: Random) -> Made:
    core = base64.b64encode(rng.randbytes(32)).decode()
    return Made(f"pbkdf2_sha256$600000${_of(_ALNUM, 22)(rng)}${core}", core)


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _version(rng: Random) -> str:
    return f"{rng.randrange(1, 9)}.{rng.randrange(0, 30)}.{rng.randrange(0, 20)}"


def _stamp(rng: Random) -> str:
    return f"2026-11-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:07"


def _clock(rng: Random) -> str:
    return f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"


def _int(rng: Random) -> str:
    return str(rng.randrange(2, 9000))


def _word(rng: Random) -> str:
    return rng.choice(_WORDS)


def _slack(rng: Random) -> Made:
    core = _of(_ALNUM, 24)(rng)
    return Made(
        f"xox{rng.choice('bp')}-{rng.randrange(10**11)}-{rng.randrange(10**11)}-{core}", core
    )


def _slack_hook(rng: Random) -> Made:
    core = _of(_ALNUM, 24)(rng)
    return Made(f"T{_of(_ALNUM.upper(), 8)(rng)}/B{_of(_ALNUM.upper(), 8)(rng)}/{core}", core)


def _telegram(rng: Random) -> Made:
    core = _of(_URL, 33)(rng)
    return Made(f"{rng.randrange(10**8, 10**10)}:AA{core}", core)


def _sendgrid(rng: Random) -> Made:
    core = _of(_URL, 43)(rng)
    return Made(f"SG.{_of(_URL, 22)(rng)}.{core}", core)


MAKERS: dict[str, Maker] = {
    # What people and generators choose as passwords.
    "pw": lambda rng: _mixed(rng, _ALNUM, rng.randrange(12, 25)),
    "odd": _odd,
    "words": _words,
    "phrase": _phrase,
    "human": _human,
    "hex32": _of(_HEX, 32),
    "hex40": _of(_HEX, 40),
    "hex64": _of(_HEX, 64),
    "b32": _b64(32),
    "b24": _b64(24),
    "b64": _b64(64),
    "b32url": _b64(32, url=True),
    "pin": lambda rng: str(rng.randrange(10**7, 10**8)),
    "totp": _of(_ALNUM[26:52].upper() + "234567", 32),
    # Published formats.
    "github": _token("gh" + "p_", _ALNUM, 36),
    "githubapp": _token("gh" + "s_", _ALNUM, 36),
    "githubfine": _token("github" + "_pat_11ABCDEFG0", _ALNUM, 60),
    "gitlab": _token("gl" + "pat-", _URL, 20),
    "slack": _slack,
    "slackhook": _slack_hook,
    "stripe": _token("sk" + "_live_", _ALNUM, 24),
    "stripehook": _token("wh" + "sec_", _ALNUM, 32),
    "awskey": _token("", _B64, 40),
    "google": _token("AI" + "za", _URL, 35),
    "gcpoauth": _token("ya" + "29.", _URL, 64),
    "sendgrid": _sendgrid,
    "npm": _token("np" + "m_", _ALNUM, 36),
    "pypi": _token("py" + "pi-AgEIcHlwaS5vcmc", _URL, 90),
    "docker": _token("dckr" + "_pat_", _URL, 27),
    "ocean": _token("dop" + "_v1_", _HEX, 64),
    "vault": _token("hv" + "s.", _ALNUM, 28),
    "openai": _token("sk" + "-proj-", _ALNUM, 48),
    "shopify": _token("shp" + "at_", _HEX, 32),
    "telegram": _telegram,
    "databricks": _token("da" + "pi", _HEX, 32),
    "age": _token("AGE-SECRET" + "-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "grafana": _token("gl" + "sa_", _ALNUM, 32, "_1a2b3c4d"),
    "newrelic": _token("NR" + "AK-", _ALNUM.upper(), 27),
    "linear": _token("lin" + "_api_", _ALNUM, 40),
    "doppler": _token("dp" + ".pt.", _ALNUM, 43),
    "hug": _token("h" + "f_", _ALNUM, 34),
    "mailgun": _token("key" + "-", _HEX, 32),
    "jwt": _jwt,
    "azurekey": _b64(64),
    "sas": lambda rng: base64.b64encode(rng.randbytes(32)).decode().replace("+", "%2B")
    .replace("/", "%2F").replace("=", "%3D"),
    # Private keys.
    "rsa": _pem("RSA PRIVATE" + " KEY", 12, "MIICXAIBAAKBgQ"),
    "ec": _pem("EC PRIVATE" + " KEY", 3, "MHcCAQEEI"),
    "pkcs8": _pem("PRIVATE" + " KEY", 10, "MIICdgIBADANBgkqhkiG9w0BAQEFAASC"),
    "locked": _pem("ENCRYPTED PRIVATE" + " KEY", 10),
    "openssh": _pem("OPENSSH PRIVATE" + " KEY", 7, "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"),
    "pgp": _pem("PGP PRIVATE KEY" + " BLOCK", 9),
    # Hashes.
    "sha512crypt": _hash("$6$", 16, 86),
    "sha256crypt": _hash("$5$rounds=5000$", 16, 43),
    "md5crypt": _hash("$1$", 8, 22),
    "apr1": _hash("$apr1$", 8, 22),
    "yescrypt": _hash("$y$j9T$", 22, 43),
    "bcrypt": _bcrypt,
    "argon": _argon,
    "scram": _scram,
    "django": _django,
    "ssha": lambda rng: Made((it := "{SSHA}" + _b64(24)(rng)), it[6:]),  # type: ignore[operator]  # `_b64` gives text
    "pgmd5": _token("md5", _HEX, 32),
    "mysqlhash": _token("*", "0123456789ABCDEF", 40),
    "nt": _of("0123456789ABCDEF", 32),
    # What looks like one and is none.
    "sha40": _of(_HEX, 40),
    "sha7": _of(_HEX, 7),
    "sha256": _of(_HEX, 64),
    "digest": lambda rng: "sha256:" + _of(_HEX, 64)(rng),
    "md5": _of(_HEX, 32),
    "etag": lambda rng: f'"{_of(_HEX, 8)(rng)}-{_of(_HEX, 5)(rng)}"',
    "uuid": _uuid,
    "trace": _of(_HEX, 32),
    "span": _of(_HEX, 16),
    "version": _version,
    "cert": _pem("CERTIFICATE", 9, "MIIDdTCCAl2gAwIBAgIU"),
    "pub": _pem("PUBLIC KEY", 4, "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"),
    "sshpub": lambda rng: "AAAAC3NzaC1lZDI1NTE5AAAAI" + _of(_ALNUM, 43)(rng),
    "fingerprint": lambda rng: "SHA256:" + _of(_B64, 43)(rng),
    "sri": lambda rng: "sha512-" + base64.b64encode(rng.randbytes(64)).decode(),
    "stamp": _stamp,
    "clock": _clock,
    "int": _int,
    "word": _word,
    "b64text": lambda rng: base64.b64encode((_phrase(rng) + " is fine").encode()).decode(),
}  # fmt: skip


def make(name: str, rng: Random) -> Made:
    made = MAKERS[name](rng)
    return made if isinstance(made, Made) else Made(made, made)
