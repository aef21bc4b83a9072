"""Load from wrk, and what it says about it.

Owns how much CPU the load may have: what the server leaves. On a CPU of its own wrk stops at some
25,000 new connections a second, which is a quarter of what the faster servers here could answer;
so it has two threads on any CPU, but the server, pinned to one, goes first there.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from bench.health.quiet import Watch
from bench.health.server import Server

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Load:
    """Requests a second, milliseconds, and CPU microseconds of the server a request.

    `foreign`: the share of the machine that others used meanwhile.
    """

    rate: float
    p50: float
    p99: float
    cpu: float
    errors: int
    foreign: float


def wrk(server: Server, *, close: bool, connections: int, seconds: int) -> Load:
    """`close`: a new connection for each request, as balancers do."""
    before, watch = server.cpu_seconds(), Watch([server])
    done = subprocess.run(
        [
            *("nice", "-n", "10"),
            *("wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency"),
            *(("-H", "Connection: close") if close else ()),
            f"http://127.0.0.1:{server.port}{server.peer.path}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    used, foreign = server.cpu_seconds() - before, watch.foreign()
    text = done.stdout
    requests = int(_found(r"(\d+) requests in", text))
    errors = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", text)))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return Load(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", text)),
        p50=_milliseconds(_found(r"\n\s+50%\s+(\S+)", text)),
        p99=_milliseconds(_found(r"\n\s+99%\s+(\S+)", text)),
        cpu=used / max(requests, 1) * 1e6,
        errors=errors + (int(bad.group(1)) if bad else 0),
        foreign=foreign,
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"wrk said nothing like {pattern!r}:\n{text}")
    return match.group(1)


def _milliseconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    assert match, text
    return float(match.group(1)) * _UNITS[match.group(2)]
