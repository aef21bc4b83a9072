"""QEMU's monitor, by its JSON protocol (QMP) on a Unix socket of ours.

Owns the few words we say: power button, state. Refuses to wait for the machine to obey.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from agent.errors import MachineError
from agent.host.machine import Host

_PATIENCE = 10.0  # seconds for one conversation


def say(host: Host, socket: Path, command: str) -> object:
    """The answer to one command without arguments. Raises MachineError."""
    try:
        with host.network.connect_unix(socket, timeout=_PATIENCE) as wire:
            lines = _Lines(wire.receive)
            lines.next()  # the greeting
            for word in ("qmp_capabilities", command):
                wire.send(json.dumps({"execute": word}).encode() + b"\n")
                answer = lines.answer()
            return answer
    except (OSError, ValueError) as error:
        message = f"the virtual machine's monitor did not take {command!r}: {error}"
        raise MachineError("command-failed", message) from error


class _Lines:
    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive, self._rest = receive, b""

    def next(self) -> dict[str, object]:
        while b"\n" not in self._rest:
            chunk = self._receive()
            if not chunk:
                raise ValueError("it hung up")
            self._rest += chunk
        line, self._rest = self._rest.split(b"\n", 1)
        found = json.loads(line)
        if not isinstance(found, dict):
            raise ValueError("it said something else than an object")
        return found

    def answer(self) -> object:
        """Events come in between, and are passed over."""
        while True:
            found = self.next()
            if "error" in found:
                raise ValueError(str(found["error"]))
            if "return" in found:
                return found["return"]
