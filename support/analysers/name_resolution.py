"""Names that could not be resolved: no resolver set, or failures in the logs."""

from __future__ import annotations

from collections.abc import Iterator

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, text_of
from support.analysers.telling import failed, passed, there, unknown, warned
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK

RESOLVER = "network/resolv.conf"
_TROUBLES = (
    Trouble(
        "name-resolution.failed",
        # glibc's gai_strerror, Go, Node.js, Java, and systemd-resolved.
        rb"(?i)Temporary failure in name resolution|Name or service not known|EAI_AGAIN"
        rb"|getaddrinfo ENOTFOUND|no such host\b|UnknownHostException"
        rb"|Could not resolve host|server misbehaving",
        "Names could not be resolved",
        "resolvectl status; does a name answer? getent hosts NAME",
        answer="fail",
        at_least=2,
    ),
    Trouble(
        "name-resolution.servers",
        rb"Using degraded feature set|DNSSEC validation failed"
        rb"|All attempts to contact name servers",
        "The name servers answered badly",
        "resolvectl status; then ask whoever runs them",
        answer="warn",
        at_least=3,
        files=("journal/*.log",),
    ),
)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    text = text_of(evidence, RESOLVER)
    found = [*([] if text is None else _servers(evidence, text)), *told(evidence, _TROUBLES)]
    yield from found
    if found:
        return
    if text is None and not there(evidence, ("journal/*.log", "logs/*")):
        yield unknown("Neither the resolver nor logs were collected")
    else:
        yield passed("Names are resolved, as far as the logs tell")


def _servers(evidence: Evidence, text: str) -> Iterator[Judgement]:
    lines = [line.split() for line in text.splitlines()]
    servers = [words[1] for words in lines if words[:1] == ["nameserver"] and words[1:]]
    seen = [cite(evidence, RESOLVER, text="no line begins with nameserver")]
    if not servers:
        advice = "resolvectl status; or write name servers into the network's configuration"
        yield failed("No name server is set", seen, advice)
    elif len(servers) > 3:
        # resolv.conf(5): MAXNS is 3.
        yield warned("More than three name servers are set; the C library asks the first three",
                     [cite(evidence, RESOLVER, servers[3])], "cat /etc/resolv.conf")  # fmt: skip


ANALYSER = Analyser(
    code="name-resolution",
    title="Names and resolver",
    judge=judge,
    reads=(RESOLVER, CLOCK),
    watches=watches_of(_TROUBLES),
)
