"""The log mix that speed is measured on: 45 % access log, 30 % logfmt, 15 % JSON, 7 % sshd, 3 %
lines with secrets, by bytes. Made of a seed, so that two runs redact the same bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

SHARES = (("access", 45), ("logfmt", 30), ("json", 15), ("sshd", 7), ("secret", 3))
_BATCH = 4096  # bytes of one kind, about, before the next is drawn

_PATHS = ("/", "/api/v2/orders", "/api/v2/orders/4711", "/static/app.3f2a91c0.js", "/login",
          "/healthz", "/api/v2/search?q=valve&page=3", "/favicon.ico", "/img/logo.svg")  # fmt: skip
_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/119.0.0.0 Safari/537.36",
    "curl/7.88.1",
    "Mozilla/5.0 (Windows NT 10.0; rv:118.0) Gecko/20100101 Firefox/118.0",
)
_MESSAGES = ("request done", "cache miss", "job taken", "row written", "connection reused",
             "retry in 250ms", "lease renewed", "index refreshed")  # fmt: skip
_USERS = ("mkrause", "j.oduya", "lfontaine", "deploy", "schen")


class Mix:
    """Draws lines. The fleet has 40 machines and some thousand clients."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._second = 0
        draw = self._draw
        self._clients = [
            ".".join(str(draw.randrange(1, 255)) for _ in range(4)) for _ in range(3000)
        ]
        self._inside = [f"10.20.{draw.randrange(4)}.{draw.randrange(2, 250)}" for _ in range(40)]

    def lines(self) -> Iterator[bytes]:
        kinds: dict[str, Callable[[], str]] = {
            "access": self._access, "logfmt": self._logfmt, "json": self._json,
            "sshd": self._sshd, "secret": self._secret,
        }  # fmt: skip
        names = [name for name, _ in SHARES]
        weights = [share for _, share in SHARES]
        while True:
            make = kinds[self._draw.choices(names, weights)[0]]
            size = 0
            while size < _BATCH:
                line = make().encode() + b"\n"
                size += len(line)
                yield line

    def _clock(self) -> str:
        self._second += self._draw.randrange(2)
        second = self._second
        return f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"

    def _access(self) -> str:
        draw = self._draw
        return (
            f"{draw.choice(self._clients)} - - [21/Nov/2026:{self._clock()} +0000] "
            f'"GET {draw.choice(_PATHS)} HTTP/1.1" {draw.choice((200, 200, 200, 304, 404))} '
            f'{draw.randrange(90_000)} "-" "{draw.choice(_AGENTS)}"'
        )

    def _logfmt(self) -> str:
        draw = self._draw
        return (
            f"ts=2026-11-21T{self._clock()}.{draw.randrange(1000):03}Z level=info "
            f'msg="{draw.choice(_MESSAGES)}" component=worker-{draw.randrange(8)} '
            f"duration_ms={draw.randrange(900)} trace={draw.getrandbits(64):016x} "
            f"peer={draw.choice(self._inside)}:5432 rows={draw.randrange(400)}"
        )

    def _json(self) -> str:
        draw = self._draw
        return (
            f'{{"time":"2026-11-21T{self._clock()}Z","level":"info","logger":"shop.orders",'
            f'"message":"{draw.choice(_MESSAGES)}","order":{draw.randrange(10**6)},'
            f'"client":"{draw.choice(self._clients)}","took":{draw.random():.4f},'
            f'"id":"{draw.getrandbits(32):08x}-4c1d-4e7a-9b1f-{draw.getrandbits(48):012x}"}}'
        )

    def _sshd(self) -> str:
        draw = self._draw
        head = f"Nov 21 {self._clock()} app{draw.randrange(1, 5)} sshd[{draw.randrange(30000)}]: "
        client, user = draw.choice(self._clients), draw.choice(_USERS)
        return head + draw.choice((
            f"Accepted publickey for {user} from {client} port {draw.randrange(65536)} ssh2",
            f"Failed password for invalid user {user} from {client} port 40022 ssh2",
            f"pam_unix(sshd:session): session opened for user {user}(uid=1004) by (uid=0)",
            f"Connection closed by {client} port {draw.randrange(65536)} [preauth]",
        ))  # fmt: skip

    def _secret(self) -> str:
        draw = self._draw
        word = f"{draw.getrandbits(96):024x}"
        return f"2026-11-21T{self._clock()}Z " + draw.choice((
            f"DEBUG request headers: Authorization: Bearer {word}{word}",
            f"connecting to postgresql://shop:{word}@db1.shop.lan:5432/shop",
            f"INFO config password={word} user=shop timeout=30",
            f'WARN login failed {{"user":"schen","password":"{word}"}}',
        ))  # fmt: skip


def mix(size: int, seed: int = 5) -> bytes:
    """About `size` bytes of whole lines."""
    lines: list[bytes] = []
    have = 0
    for line in Mix(seed).lines():
        if have >= size:
            break
        lines.append(line)
        have += len(line)
    return b"".join(lines)
