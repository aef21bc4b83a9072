"""Lines as an application and a machine write them, in the mix of the research.

Owns the generator: 45 % access log, 30 % logfmt, 15 % JSON, 7 % sshd, 3 % lines with a secret. The
same seed gives the same lines. `SECRETS` are the values that must not be in any bundle. Refuses
to write anywhere.
"""

import json
import random
from collections.abc import Callable, Iterator

ACCESS, LOGFMT, JSON, SSHD, SECRET = "access", "logfmt", "json", "sshd", "secret"
_SHARES = {ACCESS: 45, LOGFMT: 30, JSON: 15, SSHD: 7, SECRET: 3}

# Values that no public token format knows by their shape, and some that one does; made for this.
PASSWORD = "Tr1ppe1-" + "Forge-Quay"
_BEARER = "fga1." + "kQ8mZr2VxT5nLw7YpD3cHs9BjU4e"
_AWS = "AKIA" + "Q7FORGEX3BENCH2L"
SECRETS = (PASSWORD, _BEARER, _AWS)
USERS = ("marta.keller", "j.okafor", "svc-forge", "li.wei", "root", "backup")
_PATHS = (
    "/api/v1/items",
    "/api/v1/orders/{}",
    "/static/app.{}.js",
    "/healthz",
    "/login",
    "/search",
)
_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "curl/8.5.0",
    "kube-probe/1.29",
)


class Writer:
    """An endless log; `stamped` says whether lines carry their own time."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._second = 0
        self._makers: dict[str, Callable[[], str]] = {
            ACCESS: self._access,
            LOGFMT: self._logfmt,
            JSON: self._json,
            SSHD: self._sshd,
            SECRET: self._secret,
        }

    def lines(self, *only: str) -> Iterator[str]:
        kinds = [kind for kind in _SHARES if not only or kind in only]
        weights = [_SHARES[kind] for kind in kinds]
        while True:
            yield self._makers[self._random.choices(kinds, weights)[0]]()

    def text(self, size: int, *only: str) -> bytes:
        """Whole lines of about `size` bytes."""
        kept, total = [], 0
        for line in self.lines(*only):
            kept.append(line)
            total += len(line) + 1
            if total >= size:
                break
        return ("\n".join(kept) + "\n").encode()

    def _now(self) -> str:
        self._second += 1
        minute, second = divmod(self._second // 40, 60)
        return f"{minute // 60 % 24:02}:{minute % 60:02}:{second:02}"

    def _address(self) -> str:
        one = self._random
        if one.random() < 0.1:
            return f"2001:db8:{one.randrange(9)}::{one.randrange(0xFFFF):x}"
        return f"10.{one.randrange(4)}.{one.randrange(20)}.{one.randrange(1, 255)}"

    def _access(self) -> str:
        one = self._random
        path = one.choice(_PATHS).format(one.randrange(100_000))
        return (
            f'{self._address()} - {one.choice(USERS)} [21/Nov/2026:{self._now()} +0000] "GET {path}'
            f' HTTP/1.1" {one.choice((200, 200, 200, 304, 404, 500))} {one.randrange(90_000)}'
            f' "https://forge.example.net/" "{one.choice(_AGENTS)}"'
        )

    def _logfmt(self) -> str:
        one = self._random
        return (
            f"time=2026-11-21T{self._now()}Z level={one.choice(('info', 'info', 'warn'))}"
            f' msg="request done" component={one.choice(("api", "queue", "store"))}'
            f" request_id={one.getrandbits(64):016x} client={self._address()}"
            f" duration_ms={one.randrange(900)} token_count={one.randrange(40)}"
        )

    def _json(self) -> str:
        one = self._random
        return json.dumps(
            {
                "ts": f"2026-11-21T{self._now()}Z",
                "level": one.choice(("INFO", "DEBUG", "ERROR")),
                "event": one.choice(("cache.miss", "job.done", "retry")),
                "user": f"{one.choice(USERS)}@corp.example.net",
                "commit": f"{one.getrandbits(160):040x}",
                "bytes": one.randrange(1 << 20),
            }
        )

    def _sshd(self) -> str:
        one = self._random
        return (
            f"Nov 21 {self._now()} forge-vm sshd[{one.randrange(9000)}]: Failed password for"
            f" {one.choice(USERS)} from {self._address()} port {one.randrange(1024, 65535)} ssh2"
        )

    def _secret(self) -> str:
        head = f"time=2026-11-21T{self._now()}Z"
        database = f"postgresql://forge:{PASSWORD}@db.corp.example.net:5432/forge"
        return self._random.choice(
            (
                f"{head} level=debug Authorization: Bearer {_BEARER}",
                f"{head} connecting to {database}",
                f"{head} level=info aws_access_key_id={_AWS} region=eu",
            )
        )
