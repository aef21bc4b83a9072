"""The first end: the machine gets what the appliance needs, and is made harder to break into.

Owns the order of that. Refuses to start the application: it starts on the customer's machine.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.errors import MachineError
from agent.host.machine import Host

_PATIENCE = 300.0  # seconds; these machines may be emulated


def parts(host: Host) -> tuple[tuple[str, Callable[[], str]], ...]:
    return (("units", lambda: _units(host)),)


def _units(host: Host) -> str:
    _run(host, "systemctl", "daemon-reload")
    _run(host, "systemctl", "enable", "caretaker-setup.service")
    return "caretaker-setup.service is enabled"


def _run(host: Host, *argv: str) -> None:
    done = host.run(argv, timeout=_PATIENCE)
    if not done.ok:
        raise MachineError("build-failed", f"{Path(argv[0]).name} {argv[1]}: {done.reason}",
                         hint="caretaker image build … --keep")  # fmt: skip
