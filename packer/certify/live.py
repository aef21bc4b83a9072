"""What only this running machine can tell: settings of its kernel, its listeners, failed units.

Owns the asking, read only. Refuses to take an answer that was not given for a good one: where
systemd is not there, `failed` is empty and the rule that reads it says that it does not apply.
"""

from __future__ import annotations

from pathlib import Path

import psutil

from agent.host import files
from agent.host.failures import FileFailure
from agent.host.machine import Host
from packer.certify.running import Running, Socket

_SYS = Path("/proc/sys")
_TOPS = ("dev/tty", "fs", "kernel", "net/ipv4/conf", "net/ipv4", "net/ipv6/conf", "net/core", "vm")
_CAP = 4096
_SECONDS = 5


def running_now(host: Host | None = None) -> Running:
    """Raises nothing: what this user may not see is left out."""
    host = host or Host()
    listeners, connections = _sockets()
    return Running(_text(Path("/proc/cmdline")), _settings(), listeners, _failed(host), connections)


def _settings() -> dict[str, str]:
    found: dict[str, str] = {}
    for top in _TOPS:
        for path in (_SYS / top).glob("**/*" if top.endswith("conf") else "*"):
            name = str(path.relative_to(_SYS)).replace("/", ".")
            if name not in found and path.is_file():
                found[name] = _text(path)
    return found


def _text(path: Path) -> str:
    """Empty where it can't be read: many settings may only be written, or read by root."""
    try:
        return files.read_bytes(path, cap=_CAP).decode(errors="replace").strip()
    except (OSError, FileFailure):
        return ""


def _sockets() -> tuple[tuple[Socket, ...], tuple[Socket, ...]]:
    """Listeners and connections; whose they are is known to root alone."""
    try:
        found = psutil.net_connections("inet")
    except (psutil.Error, OSError):
        return (), ()
    listeners, connections = set(), set()
    for each in found:
        protocol = "tcp" if each.type.name == "SOCK_STREAM" else "udp"
        program = _program(each.pid)
        if each.laddr and (
            each.status == psutil.CONN_LISTEN or (protocol == "udp" and not each.raddr)
        ):
            listeners.add(Socket(protocol, each.laddr.ip, each.laddr.port, program))
        elif each.raddr and each.status == psutil.CONN_ESTABLISHED:
            connections.add(Socket(protocol, each.raddr.ip, each.raddr.port, program))
    return tuple(sorted(listeners, key=_order)), tuple(sorted(connections, key=_order))


def _order(socket: Socket) -> tuple[str, int, str, str]:
    return socket.protocol, socket.port, socket.address, socket.program


def _program(pid: int | None) -> str:
    try:
        return psutil.Process(pid).name() if pid else ""
    except (psutil.Error, OSError):
        return ""


def _failed(host: Host) -> tuple[str, ...]:
    argv = ["systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager"]
    done = host.run(argv, timeout=_SECONDS)
    lines = done.stdout.splitlines() if done.ok else []
    return tuple(line.split()[0] for line in lines if line.split())
