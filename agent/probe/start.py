"""Starting the probe plane: the daemon's first act.

Owns the order: sockets first, so that a taken port is an error for the operator and not a child
that dies; then the fork, before anything heavy is loaded; then nothing.
"""

from __future__ import annotations

import _socket

from agent.host.listener import listen
from agent.probe.handle import ProbeHandle
from agent.probe.settings import ProbeSettings


def start_child(settings: ProbeSettings) -> ProbeHandle:
    """Open the ports and fork the child, which answers 503 "starting" from then on.

    Call it before any import of weight and before any thread starts. Raises MachineError
    ("port-taken") when a port can't be had, and OSError when there can be no further process.
    """
    listeners: list[_socket.socket] = []
    try:
        listeners.append(_open(settings, settings.port, brief=True))
        if settings.agent_port is not None:
            listeners.append(_open(settings, settings.agent_port, brief=False))
        return ProbeHandle(settings, listeners)
    except BaseException:
        for listener in listeners:
            listener.close()
        raise


def _open(settings: ProbeSettings, port: int, *, brief: bool) -> _socket.socket:
    try:
        return listen(settings.address, port, backlog=settings.backlog, brief=brief)
    except OSError as error:
        # Loaded only on the way out: it would cost the child memory for life.
        from agent.errors import MachineError

        raise MachineError(
            "port-taken",
            f"could not listen on {settings.address} port {port} for health probes:"
            f" {error.strerror or error}",
            hint=f"ss -Hltnp 'sport = :{port}'",
        ) from error
