"""Are the ports free, or held by this very appliance?

Owns the checks of ports. A second run finds its own services listening: the holder's unit tells
on a VM, and below a root of its own the daemon that the holder descends from.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.findings import Finding, failed, passed
from agent.host.sockets import Holder, Listener, command_of, holders, parent_of
from agent.preflight.check import IN_A_FOLDER, PreflightCheck
from agent.preflight.subject import Subject
from agent.services.names import unit_name

DAEMON_UNIT = "caretaker.service"
DAEMON_MODULE = "agent.daemon"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
LOOPBACK = "127.0.0.1"


def _probe(subject: Subject) -> Finding:
    probe = subject.manifest.probe
    return _free(subject, [(probe.address, probe.port)])


def _agent(subject: Subject) -> Finding:
    manifest = subject.manifest
    wanted = [
        (manifest.probe.address, manifest.probe.agent_port),
        (LOOPBACK, manifest.daemon.api_port),
    ]
    return _free(subject, [(address, port) for address, port in wanted if port])


def _services(subject: Subject) -> Finding:
    # The manifest does not say which address a service binds, so any listener counts.
    services = subject.manifest.services.values()
    return _free(subject, [("", port) for service in services for port in service.ports])


def _free(subject: Subject, wanted: list[tuple[str, int]]) -> Finding:
    """Whether each (address, port) can be taken; the first that can't is told."""
    if not wanted:
        return passed("none is used")
    taken = [
        listener
        for listener in subject.listening
        if any(_collide(listener, address, port) for address, port in wanted)
    ]
    known = holders([listener.inode for listener in taken], subject.proc)
    for listener in taken:
        holder = known.get(listener.inode)
        if holder is None or not _is_ours(subject, holder):
            return _told(listener, holder)
    ports = ", ".join(str(port) for _, port in wanted)
    state = "held by this appliance" if taken else "free"
    return passed(f"{ports}: {state}")


def _collide(listener: Listener, address: str, port: int) -> bool:
    if listener.port != port:
        return False
    everywhere = listener.address in EVERYWHERE or address in ("", *EVERYWHERE)
    return everywhere or listener.address == address


def _told(listener: Listener, holder: Holder | None) -> Finding:
    where = f"{listener.address}:{listener.port}"
    if holder is None:
        text = f"{where} is held by a process that may not be seen from here"
        return failed("port-taken", text, port=listener.port, stop="sudo ss -ltnp")
    of = f" of {holder.unit}" if holder.unit else ""
    text = f"{where} is held by {holder.name} (pid {holder.pid}){of}"
    service = holder.unit.endswith(".service")
    stop = f"sudo systemctl disable --now {holder.unit}" if service else f"kill {holder.pid}"
    return failed("port-taken", text, port=listener.port, pid=holder.pid, stop=stop)


def _is_ours(subject: Subject, holder: Holder) -> bool:
    if subject.embedded:
        return _below_our_daemon(subject, holder.pid)
    manifest = subject.manifest
    units = [DAEMON_UNIT, *(unit_name(manifest, name) for name in manifest.services)]
    # One of a service that this manifest no longer has: setup removes it before the next starts.
    earlier = holder.unit.startswith(f"{manifest.appliance.name}-")
    return earlier or _same_unit(holder.unit, units)


def _same_unit(unit: str, ours: Iterable[str]) -> bool:
    """Debian's postgresql.service only groups postgresql@15-main.service, which holds the port."""
    plain = f"{unit.partition('@')[0]}.service" if "@" in unit else unit
    return unit in ours or plain in ours


def _below_our_daemon(subject: Subject, pid: int) -> bool:
    root = str(subject.layout.root)
    for _ in range(64):  # deeper than any real tree; a loop is impossible but costs nothing
        if pid <= 1:
            return False
        words = command_of(pid, subject.proc)
        if DAEMON_MODULE in words and root in words:
            return True
        pid = parent_of(pid, subject.proc)
    return False


_WHY = "Two programs can't listen on one port; the second would fail to start."
_FIX = "stop its holder ({stop}), or change port {port} in appliance.toml"

PROBE = PreflightCheck("port-probe", "Port of /healthz", _WHY, _FIX, _probe)
AGENT = PreflightCheck("port-agent", "Ports of the agent", _WHY, _FIX, _agent)
SERVICES = PreflightCheck("port-services", "Ports of the services", _WHY, _FIX, _services)


def _privileged(subject: Subject) -> Finding:
    first_free = int(subject.word("/proc/sys/net/ipv4/ip_unprivileged_port_start") or 1024)
    manifest = subject.manifest
    ports = [manifest.probe.port, manifest.probe.agent_port, manifest.daemon.api_port]
    ports += [port for service in manifest.services.values() for port in service.ports]
    low = [port for port in ports if 0 < port < first_free]
    if low and subject.user != 0:
        text = f"port {low[0]} may only be taken by root"
        return failed("port-privileged", text, port=low[0])
    return passed("no port needs root")


PRIVILEGED = PreflightCheck(
    code="port-rights",
    title="Ports that need root",
    why="Below its own root everything runs as you, and low ports are root's.",
    fix="change port {port} in appliance.toml, or: sudo sysctl "
    "net.ipv4.ip_unprivileged_port_start={port}",
    look=_privileged,
    where=IN_A_FOLDER,
)
