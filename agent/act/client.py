"""Asking the root one-shot for an act.

Owns the asking side of the socket. Refuses to be root: who is root acts directly.
"""

from __future__ import annotations

from agent.act.request import Answer, read_answer, write
from agent.errors import BusyError, CaretakerError, MachineError, RefusedError, UsageError
from agent.host.machine import Host
from agent.layout import Layout

TIMEOUT = 900.0  # seconds; TimeoutStartSec= of caretaker-act@.service
_ANSWER_CAP = 1 << 16
_FAMILIES = (UsageError, BusyError, RefusedError)


def ask(act: str, name: str, *, host: Host, layout: Layout, timeout: float = TIMEOUT) -> str:
    """Have an act of `agent.act.acts` done; what was done, in words.

    Waits for its end, at most `timeout` seconds. Raises the CaretakerError that the other side
    met, or MachineError `daemon-unreachable` where nobody answers.
    """
    line = write(act, name)
    content = b""
    try:
        with host.network.connect_unix(layout.act_socket, timeout=timeout) as wire:
            wire.send(line)
            while not content.endswith(b"\n"):
                chunk = wire.receive()
                if not chunk or len(content) > _ANSWER_CAP:
                    break
                content += chunk
        answer = read_answer(content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MachineError(
            "daemon-unreachable",
            f"{act} {name}: nobody answers at {layout.act_socket}: {reason}",
            hint="systemctl status caretaker-act.socket",
        ) from error
    if not answer.ok:
        raise _error_of(answer)
    return answer.message


def _error_of(answer: Answer) -> CaretakerError:
    for family in _FAMILIES:
        if family.exit_status == answer.status:
            return family(answer.code, answer.message, hint=answer.hint)
    return MachineError(answer.code or "internal", answer.message, hint=answer.hint)
