"""Starting the probe plane: the daemon's first act.

Owns the order: sockets first, so that a taken port is an error and not a child that dies; then the
fork, before anything heavy is loaded; then nothing.
"""

from __future__ import annotations

from agent.host.listener import listen
from agent.probe.handle import ProbeHandle
from agent.probe.settings import ProbeSettings


def start_child(settings: ProbeSettings) -> ProbeHandle:
    """Open the ports and fork the child, which answers 503 "starting" from then on.

    Call it before any other import of weight and before any thread. Raises OSError when a port is
    taken or an address is not this machine's; `filename` then says which, as `address:port`.
    """
    ports = [settings.port]
    if settings.agent_port is not None:
        ports.append(settings.agent_port)
    listeners = []
    try:
        for port in ports:
            listeners.append(listen(settings.address, port, backlog=settings.backlog))
        return ProbeHandle(settings, listeners)
    except OSError as error:
        for listener in listeners:
            listener.close()
        error.filename = f"{settings.address}:{ports[len(listeners) % len(ports)]}"
        raise
