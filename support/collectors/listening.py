"""Sockets as /proc/net tells them: who listens, and how many are in which state.

Owns taking the tables apart. Refuses to list connections: whom the appliance talks to is the
customer's business, and a busy machine has a hundred thousand.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from agent.host import sockets
from agent.host.kernel import Kernel
from support.collectors import kernel_files

TABLES = ("tcp", "tcp6", "udp", "udp6")
# include/net/tcp_states.h; UDP uses two of them for connected and not.
_STATES = {
    "01": "established", "02": "syn-sent", "03": "syn-received", "04": "fin-wait-1",
    "05": "fin-wait-2", "06": "time-wait", "07": "close", "08": "close-wait", "09": "last-ack",
    "0A": "listen", "0B": "closing", "0C": "new-syn-received",
}  # fmt: skip
_UNBOUND = "07"
_MOST = 300_000  # lines of one table


def listening(kernel: Kernel) -> list[dict[str, object]]:
    """TCP sockets that listen and UDP sockets that wait, with the process that has each."""
    found = [(name, line) for name in TABLES for line in _waiting(kernel, name)]
    inodes = [int(words[9]) for _, words in found if words[9].isdigit()]
    try:
        holders = sockets.holders(inodes)
    except OSError:
        holders = {}
    told = []
    for name, words in found:
        address, _, port = words[1].rpartition(":")
        holder = holders.get(int(words[9]))
        told.append({
            "protocol": name,
            "address": sockets.address_of(address),
            "port": int(port, 16),
            "uid": int(words[7]),
            "pid": holder.pid if holder else None,
            "program": holder.name if holder else None,
            "unit": holder.unit if holder else None,
        })  # fmt: skip
    return told


def _waiting(kernel: Kernel, name: str) -> Iterator[list[str]]:
    """The kernel lists TCP's listeners first; behind them there is no need to read on."""
    wanted = sockets.LISTEN if name.startswith("tcp") else _UNBOUND
    with contextlib.suppress(OSError):
        for line in kernel.lines(f"/proc/net/{name}"):
            words = line.split()
            if len(words) < 10 or words[0] == "sl":
                continue
            if words[3] == wanted:
                yield words
            elif name.startswith("tcp"):
                return


def states(kernel: Kernel) -> dict[str, object]:
    """How many sockets are in which state. Past some 300,000 of one kind nobody counts on."""
    found: dict[str, object] = {}
    for name in TABLES:
        count: Counter[str] = Counter()
        with contextlib.suppress(OSError):
            for number, line in enumerate(kernel.lines(f"/proc/net/{name}")):
                words = line.split(None, 4)
                if len(words) > 3 and words[0] != "sl":
                    count[_STATES.get(words[3], words[3])] += 1
                if number > _MOST:
                    count["uncounted"] = 1
                    break
        found[name] = dict(count)
    unix = kernel_files.text(kernel, "/proc/net/unix").count("\n")
    return {**found, "unix": max(0, unix - 1)}
