"""The log mix that speed is measured on: 45 % access log, 30 % logfmt, 15 % JSON, 7 % sshd, 3 %
lines with secrets, by bytes. Made of a seed, so that two runs redact the same bytes. `SECRETS` are
values that stand in it again and again, and must not be in anything that was redacted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

ACCESS, LOGFMT, JSON, SSHD, SECRET = "access", "logfmt", "json", "sshd", "secret"
SHARES = ((ACCESS, 45), (LOGFMT, 30), (JSON, 15), (SSHD, 7), (SECRET, 3))
# Values that no public token format knows by their shape, and one that it does; made for this.
PASSWORD = "Tr1ppe1-" + "Forge-Quay"
_BEARER = "fga1." + "kQ8mZr2VxT5nLw7YpD3cHs9BjU4e"
_AWS = "AKIA" + "Q7FORGEX3BENCH2L"
SECRETS = (PASSWORD, _BEARER, _AWS)
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
_LOGGED_IN = 0.1  # of who asks the web server
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

    def text(self, size: int, *only: str) -> bytes:
        """About `size` bytes of whole lines; of those kinds alone, if any are named."""
        lines: list[bytes] = []
        have = 0
        for line in self.lines(*only):
            if have >= size:
                break
            lines.append(line)
            have += len(line)
        return b"".join(lines)

    def lines(self, *only: str) -> Iterator[bytes]:
        kinds: dict[str, Callable[[], str]] = {
            ACCESS: self._access, LOGFMT: self._logfmt, JSON: self._json,
            SSHD: self._sshd, SECRET: self._secret,
        }  # fmt: skip
        names = [name for name, _ in SHARES if not only or name in only]
        weights = [share for name, share in SHARES if name in names]
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
        user = draw.choice(_USERS) if draw.random() < _LOGGED_IN else "-"
        return (
            f"{draw.choice(self._clients)} - {user} [21/Nov/2026:{self._clock()} +0000] "
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
            f"DEBUG request headers: Authorization: Bearer {_BEARER}",
            f"connecting to postgresql://forge:{PASSWORD}@db.corp.example.net:5432/forge",
            f"INFO config aws_access_key_id={_AWS} region=eu",
        ))  # fmt: skip


def mix(size: int, seed: int = 5) -> bytes:
    """About `size` bytes of whole lines."""
    return Mix(seed).text(size)
