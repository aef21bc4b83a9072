"""Two that want one port: told by logs, or seen in who listens on a declared port."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement, Seen
from support.analysers.documents import cite, listed_in
from support.analysers.failed_units import SERVICES, Show
from support.analysers.telling import TALK, failed, passed, unknown
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK

SOCKETS = "network/sockets.json"
_IN_USE = "ports.in-use"
_TROUBLES = (
    Trouble(
        _IN_USE,
        # bind(2) EADDRINUSE in C, Node.js, Java, .NET and PostgreSQL's words.
        rb"(?i)address (?:is )?already in use|EADDRINUSE|port is already allocated"
        rb"|Only one usage of each socket address",
        "A program found its port taken",
        "who has it: sudo ss -ltnp; end that one, or give one of them another port",
        files=TALK,
    ),
)
_PORT = re.compile(r"[:\s(](\d{2,5})\b")


class _Socket(msgspec.Struct):
    port: int
    protocol: str = ""
    address: str = ""
    program: str | None = None
    pid: int | None = None
    service: str | None = None
    unit: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    sockets = listed_in(evidence, SOCKETS, _Socket)
    found = [*_taken(evidence, sockets or [])]
    down = {
        f"journal/{each.Id}.log"
        for each in listed_in(evidence, SERVICES, Show) or []
        if each.ActiveState == "failed"
    }
    for each in told(evidence, _TROUBLES):
        holders = _holders(evidence, each.evidence, sockets or [])
        # However long ago it was: who said so is down since.
        still = any(seen.file in down for seen in each.evidence)
        found.append(
            msgspec.structs.replace(
                each,
                answer="fail" if still else each.answer,
                summary=each.summary.replace("; not since then", "") if still else each.summary,
                evidence=(*each.evidence, *holders),
            )
        )
    yield from found
    if not found and sockets is None and not evidence.names():
        yield unknown("Neither sockets nor logs were collected", advice="sudo ss -ltnp")
    elif not found:
        yield passed("No port is wanted by two")


def _taken(evidence: Evidence, sockets: list[_Socket]) -> Iterator[Judgement]:
    """Another unit listens on a service's port, or somebody does while that service is down."""
    services = {each.service: each for each in listed_in(evidence, SERVICES, Show) or []}
    for socket in sockets:
        service = services.get(socket.service) if socket.service else None
        if service is None or socket.program is None:
            continue
        up = service.ActiveState in ("active", "activating", "reloading", "deactivating")
        if up and socket.unit in (None, "", service.Id):
            continue
        holder = f"{socket.program} (process {socket.pid or 'unknown'})"
        if socket.unit and socket.unit != service.Id:
            holder += f" of {socket.unit}"
        words = f"Port {socket.port} of service {socket.service} is held by {holder}"
        seen = cite(evidence, SOCKETS, f'"port": {socket.port},', words)
        yield failed(words, [seen], f"sudo ss -ltnp sport = :{socket.port}")


def _holders(evidence: Evidence, lines: tuple[Seen, ...], sockets: list[_Socket]) -> Iterator[Seen]:
    """Who listens on the ports that the lines name."""
    ports = {int(port) for seen in lines for port in _PORT.findall(seen.text)}
    for socket in sockets:
        if socket.port in ports and socket.program:
            words = f"port {socket.port} is held by {socket.program}, process {socket.pid}"
            yield cite(evidence, SOCKETS, f'"port": {socket.port},', words)
            ports.discard(socket.port)


ANALYSER = Analyser(
    code="ports",
    title="Ports",
    judge=judge,
    reads=(SOCKETS, SERVICES, CLOCK),
    watches=watches_of(_TROUBLES),
)
