"""The network: links that lose packets, tables that are full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document, listed_in
from support.analysers.telling import DMESG, KERNEL, failed, passed, unknown, warned
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK

LINKS = "network/links.json"
COUNTERS = "network/counters.json"
_LOST = 0.01
_TROUBLES = (
    Trouble(
        "network.table-full",
        rb"nf_conntrack: table full|neighbou?r table overflow|TCP: out of memory",
        "A table of the kernel's network was full, and packets were dropped",
        "network/counters.json here says how full; sysctl net.netfilter.nf_conntrack_max",
        files=KERNEL,
        otherwise=DMESG,
    ),
    Trouble(
        "network.flood",
        rb"Possible SYN flooding on port|TCP: request_sock_TCP: .{0,60}SYN",
        "More connections came than a program accepted",
        "is it too slow, or is somebody flooding it? ss -ltn shows queues",
        answer="warn",
        files=KERNEL,
        otherwise=DMESG,
    ),
)


class _Link(msgspec.Struct):
    name: str
    up: bool | None = None
    received: float | None = None
    receive_errors: float | None = None
    send_errors: float | None = None
    sent: float | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    links = listed_in(evidence, LINKS, _Link)
    found = [*_links(evidence, links or []), *_tracked(evidence), *told(evidence, _TROUBLES)]
    yield from found
    if not found and links is None:
        yield unknown("How the network stands was not collected", advice="ip -s link")
    elif not found:
        yield passed("Links are up and lose nothing to speak of")


def _links(evidence: Evidence, links: list[_Link]) -> Iterator[Judgement]:
    real = [each for each in links if each.name != "lo"]
    if real and not any(each.up for each in real):
        words = "No network link is up"
        yield failed(words, [cite(evidence, LINKS, '"up"', words)], "ip link; ask the host")
    for each in real:
        # Bytes stand for packets: a packet is some 800 of them.
        packets = ((each.received or 0.0) + (each.sent or 0.0)) / 800
        lost = (each.receive_errors or 0.0) + (each.send_errors or 0.0)
        if lost > 1000 and lost > _LOST * packets:
            words = f"Link {each.name} had {lost:.0f} errors, more than one packet in a hundred"
            yield warned(words, [cite(evidence, LINKS, f'"{each.name}"', words)],
                         f"ip -s link show {each.name}; ask whoever runs the host")  # fmt: skip


def _tracked(evidence: Evidence) -> Iterator[Judgement]:
    counters = document(evidence, COUNTERS, dict[str, Any]) or {}
    table = counters.get("conntrack")
    count, most = (table.get("count"), table.get("max")) if isinstance(table, dict) else (0, 0)
    if not (isinstance(count, int | float) and isinstance(most, int | float)):
        return
    if most and count >= 0.8 * most:
        words = f"The firewall tracks {count:.0f} of {most:.0f} connections it can"
        seen = [cite(evidence, COUNTERS, '"conntrack"', words)]
        yield warned(words, seen, "sysctl net.netfilter.nf_conntrack_max")


ANALYSER = Analyser(
    code="network",
    title="Network",
    judge=judge,
    reads=(LINKS, COUNTERS, CLOCK),
    watches=watches_of(_TROUBLES),
)
