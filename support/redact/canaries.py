"""The redactor proves itself before anything is collected: it is given made-up secrets to hide.

Owns the canaries: of every kind some, random each time, in lines that were written apart from the
rules. One that comes out alive means that there is no bundle. Refuses to say which value it was:
the kind is enough, and a real secret could be alike.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from agent.errors import MachineError

_ALNUM = string.ascii_letters + string.digits
_PIECE = 8  # characters of a canary that must not come out in a row


class Files(Protocol):
    """What is proved: a redactor."""

    def file(self, name: str, blocks: list[bytes], counts: Counter[str]) -> Iterator[bytes]: ...


class _Canary(NamedTuple):
    kind: str
    name: str
    text: str
    bird: str


def selftest(redactor: Files) -> dict[str, int]:
    """How many were hidden, by kind. Raises MachineError `redaction-failed` where one was not."""
    hidden: Counter[str] = Counter()
    for canary in _canaries():
        blocks = redactor.file(canary.name, [canary.text.encode()], Counter())
        left = b"".join(blocks).decode(errors="replace")
        if _survives(canary.bird, left):
            raise MachineError(
                "redaction-failed",
                f"the redactor did not hide a made-up secret of the kind {canary.kind}; "
                "nothing was collected",
                hint="caretaker support-bundle --skip COLLECTOR does not help; report it",
            )
        hidden[canary.kind] += 1
    return dict(sorted(hidden.items()))


def _survives(bird: str, text: str) -> bool:
    last = max(1, len(bird) - _PIECE + 1)
    return any(bird[at : at + _PIECE] in text for at in range(last))


def _canaries() -> Iterator[_Canary]:
    """Several of a kind share a file, as they do on a machine."""
    for kind, name, lines in _TEMPLATES:
        for line in lines:
            bird = _password()
            written = line.replace("BIRD64", base64.b64encode(f"ops:{bird}".encode()).decode())
            yield _Canary(kind, name, f"first line\n{written.replace('BIRD', bird)}\n", bird)
    yield from _with_shapes()
    yield _key()


def _with_shapes() -> Iterator[_Canary]:
    """Tokens whose shape is published, with nothing around that says what they are."""
    for prefix, length in (("gh" + "p_", 36), ("sk" + "_live_", 24), ("gl" + "pat-", 20)):
        bird = _password(length)
        yield _Canary("token", "logs/app.log", f"pushed with {prefix}{bird} today\n", bird)
    bird = _password(22) + "/" + _password(31)[:30]
    yield _Canary("hash", "etc/x", f"root:$2b$12${bird}:19000:0:\n", bird)


def _key() -> _Canary:
    """A private key as a logger writes it, a stamp before each line."""
    body = base64.b64encode(secrets.token_bytes(180)).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    whole = ["-----BEGIN " + "PRIVATE KEY-----", *lines, "-----END " + "PRIVATE KEY-----"]
    text = "".join(f"2026-01-02T03:04:05Z app: {line}\n" for line in whole)
    return _Canary("key", "logs/app.log", text, lines[1])


def _password(length: int = 20) -> str:
    """Letters of both sizes and a digit for certain, so that it is like one."""
    body = [secrets.choice(_ALNUM) for _ in range(length - 3)]
    return "".join([secrets.choice("abcdefgh"), *body, secrets.choice("23456789"), "K"])


_TEMPLATES = (
    (
        "url",
        "logs/app.log",
        (
            "cannot reach postgres://shop:BIRD@10.1.2.3:5432/shop, trying again",
            "broker amqps://worker:BIRD@mq-7.example.net/ is back",
            "GET /v1/ping?access_token=BIRD HTTP/1.1",
        ),
    ),
    (
        "header",
        "logs/app.log",
        (
            "> Authorization: Bearer BIRD",
            "> Authorization: Basic BIRD64",
            "< Set-Cookie: session=BIRD; Path=/; HttpOnly",
        ),
    ),
    (
        "command",
        "logs/auth.log",
        (
            "COMMAND=/usr/bin/mysql -u root -pBIRD shop",
            "COMMAND=/usr/bin/curl -u ops:BIRD https://example.net/x",
            "CMD (PGPASSWORD=BIRD pg_dump shop)",
        ),
    ),
    (
        "log",
        "logs/app.log",
        (
            "login failed: {'user': 'root', 'password': 'BIRD'}",
            'level=debug msg="loaded" db_password=BIRD',
            "ALTER ROLE shop WITH PASSWORD 'BIRD';",
        ),
    ),
    ("config", "config/app.json", ('{"mail": {"password": "BIRD"}}',)),
    ("config", "config/app.yaml", ("db:\n  password: BIRD\n  port: 5432",)),
    ("config", "config/app.ini", ("[db]\npassword = BIRD",)),
    ("env", "config/app.env", ("SECRET_KEY=BIRD", 'export API_TOKEN="BIRD"')),
    ("positional", "files/.pgpass", ("db:5432:shop:shop:BIRD",)),
    ("positional", "files/.netrc", ("machine example.net login ops password BIRD",)),
)
