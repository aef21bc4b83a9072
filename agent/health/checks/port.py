"""`port`: something listens on a port, by the kernel's table.

Owns reading that table: nothing is connected, so the service logs nothing. Refuses to say whether
anybody answers there; that is what `tcp` and its kin are for. Whether a listener on `::` takes
IPv4 too is not in the table; it counts as if it did, as the kernel does by default.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator

from agent.findings import Finding, failed, passed
from agent.health import process_owner
from agent.health.context import CheckType, Context
from agent.host.sockets import Listener, holders, holdings, parse_listeners
from agent.manifest.checks import PortCheck

_PROVED = "port.proved"  # key of `memory`: inode of the socket that is the service's
_ANY = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)


def look(check: PortCheck, context: Context) -> Finding:
    elsewhere: set[str] = set()
    for listener in _listeners(check.port, context):
        if not _reachable(listener.address, check.address):
            elsewhere.add(listener.address)
            continue
        stranger = _stranger(listener, check, context) if check.service else ""
        if stranger:
            summary = f"port {check.port} is held by {stranger}, not by service {check.service}"
            return failed("port-foreign", summary)
        # Not read to its end: see `Kernel.lines`.
        return passed(f"port {check.port} is open at {listener.address}")
    if not elsewhere:
        return failed("port-closed", f"nothing listens on port {check.port}")
    where = ", ".join(sorted(elsewhere))
    summary = f"port {check.port} is open at {where} only, not at {check.address}"
    return failed("port-elsewhere", summary)


def _listeners(port: int, context: Context) -> Iterator[Listener]:
    for table in ("tcp", "tcp6"):
        # No file: no IPv6 in this kernel.
        with contextlib.suppress(FileNotFoundError):
            for each in parse_listeners(context.host.kernel.lines(f"/proc/net/{table}")):
                if each.port == port:
                    yield each


def _reachable(listening: str, wanted: str) -> bool:
    if not wanted or listening == wanted:
        return True
    try:
        asked = ipaddress.ip_address(wanted)
    except ValueError:
        return False
    if listening in _ANY:
        return listening == "::" or asked.version == 4
    return ipaddress.ip_address(listening) == asked


def _stranger(socket: Listener, check: PortCheck, context: Context) -> str:
    """Who holds the port instead of the service; empty where the service does.

    A socket keeps its inode for life, so the one that was proved to be the service's needs no
    proof again while it listens.
    """
    if context.memory.get(_PROVED) == socket.inode:
        return ""
    pids = process_owner.of_service(check.service, context)
    if socket.inode in holdings(pids):
        context.memory[_PROVED] = socket.inode
        return ""
    return _holder(socket, pids, context)


def _holder(socket: Listener, pids: list[int], context: Context) -> str:
    """Who holds a socket that none of these processes shows; empty where it may be theirs.

    The descriptors of another user's processes are not ours to read. Then the user that made the
    socket must do, since each appliance runs its services as users of their own. One made by root
    proves nothing: systemd makes them for others, and servers do before they give up their rights.
    """
    for holder in holders([socket.inode]).values():
        return "" if holder.pid in pids else f"process {holder.pid} ({holder.name})"
    users = {user for pid in pids if (user := _user(pid, context)) is not None}
    return "" if socket.uid == 0 or socket.uid in users else f"a process of user {socket.uid}"


def _user(pid: int, context: Context) -> int | None:
    """The effective user of a process; None where it is gone."""
    try:
        for line in context.host.kernel.lines(f"/proc/{pid}/status"):
            if line.startswith("Uid:"):
                return int(line.split()[2])
    except (OSError, ValueError, IndexError):
        return None
    return None


TYPE = CheckType(
    code="port",
    params=PortCheck,
    look=look,
    codes=("port-closed", "port-elsewhere", "port-foreign"),
    hang="/proc does not answer",
    cost="reads the kernel's table of listeners",
)
