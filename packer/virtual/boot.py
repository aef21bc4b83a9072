"""One boot, measured: from the kernel's first line to the answer of `/healthz`, phase by phase.

Owns the record and asking the machine what its own init says of it. Refuses bars: whoever
promised a figure compares.
"""

from __future__ import annotations

import json

import msgspec

from agent.errors import MachineError, UnhealthyError
from packer.virtual.machine import Virtual
from packer.virtual.serial import KERNEL

HEALTHY = "healthy"
PROBE = 8086  # the manifest's default
_ASK = 60.0  # seconds for one answer over SSH
_IMPATIENT = 45.0  # seconds for SSH on a machine that did not get healthy


class Boot(msgspec.Struct, frozen=True):
    """`phases`: seconds after the kernel's first line; `kernel`: seconds after power on."""

    firmware: str
    kernel: float
    phases: dict[str, float]
    why: str = ""
    """Empty where it came up healthy."""
    failed_units: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
    """Lines of the console that tell of trouble."""
    analysed: str = ""
    """`systemd-analyze time`"""
    chain: str = ""
    """`systemd-analyze critical-chain` of the unit that answers."""
    slowest: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        return not self.why


class Told(msgspec.Struct, frozen=True):
    """What the machine's own init says once nothing is starting any more."""

    failed_units: tuple[str, ...]
    analysed: str
    chain: str
    slowest: tuple[str, ...]


def watch(machine: Virtual, *, path: str, port: int, timeout: float, asked: bool) -> Boot:
    """Wait for a 200 and measure; what went wrong stands in the record. Raises MachineError.

    `asked`: the machine is asked over SSH too, whether it answered or not.
    """
    why, at = "", 0.0
    try:
        at = machine.wait_http(path, port=port, timeout=timeout)
    except UnhealthyError as error:
        why = error.message
    machine.serial.look()
    begun = machine.serial.seen.get(KERNEL, machine.begun) - machine.begun
    phases = machine.serial.since_kernel()
    if not why:
        phases[HEALTHY] = round(at - begun, 2)
    told = Told((), "", "", ())
    if asked and machine.runs and not machine.serial.fatal:
        try:
            # One that is not healthy may never settle: it is asked as it is.
            patience = min(timeout, _IMPATIENT) if why else timeout
            machine.wait_ssh(timeout=patience)
            if not why:
                settle(machine, timeout=patience)
            told = ask(machine)
        except (UnhealthyError, MachineError) as error:
            why = why or error.message
    return Boot(
        firmware=machine.shape.firmware.name,
        kernel=round(begun, 2),
        phases=dict(sorted(phases.items(), key=lambda each: each[1])),
        why=why,
        failed_units=told.failed_units,
        trouble=tuple(machine.serial.trouble),
        analysed=told.analysed,
        chain=told.chain,
        slowest=told.slowest,
    )


def ask(machine: Virtual) -> Told:
    """Raises MachineError."""
    chain = ["systemd-analyze", "critical-chain", "--no-pager", "caretaker.service"]
    blame = machine.ssh(["systemd-analyze", "blame", "--no-pager"], timeout=_ASK).stdout
    return Told(
        failed_units(machine),
        machine.ssh(["systemd-analyze", "time"], timeout=_ASK).stdout.strip(),
        machine.ssh(chain, timeout=_ASK).stdout.strip(),
        tuple(line.strip() for line in blame.splitlines()[:12]),
    )


def settle(machine: Virtual, *, timeout: float) -> None:
    """Wait until init has no job left. Raises UnhealthyError."""

    def idle() -> bool:
        jobs = machine.ssh(["systemctl", "list-jobs", "--no-legend", "--no-pager"], timeout=_ASK)
        return jobs.ok and not jobs.stdout.strip()

    machine.wait(idle, what="everything is started", timeout=timeout)


def failed_units(machine: Virtual) -> tuple[str, ...]:
    """Raises MachineError."""
    argv = ["systemctl", "list-units", "--state=failed", "--output=json", "--no-pager"]
    found = json.loads(machine.must(argv, timeout=_ASK) or "[]")
    return tuple(str(each["unit"]) for each in found)
