"""The image comes up healthy by itself, with nothing fetched, whatever firmware starts it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from agent.host import local_sockets
from packer.virtual.boot import PROBE, watch
from packer.virtual.machine import Virtual
from tests.image.conftest import Start

PATIENCE = 420.0  # seconds; another job on the same two cores doubles a boot
GATEWAY = "10.0.2.2"  # this host, as QEMU's user network shows it
NAMESERVER = "10.0.2.3"


def reaches(machine: Virtual, address: str, port: int) -> bool:
    """Whether the machine opens a TCP connection to there."""
    connect = f"exec 3<>/dev/tcp/{address}/{port}"
    return machine.ssh(["timeout", "10", "bash", "-c", connect], timeout=60).ok


def confinement(machine: Virtual) -> str:
    """Under which AppArmor profile the daemon runs, as the kernel says it."""
    daemon = machine.must(["systemctl", "show", "-P", "MainPID", "caretaker.service"]).strip()
    return machine.must(["cat", f"/proc/{daemon}/attr/current"]).strip()


@pytest.mark.parametrize("firmware", ["bios", "uefi", "secure"])
def test_it_is_healthy_offline(
    start: Start, tell: Callable[[str, object], None], firmware: str
) -> None:
    with start(f"boot-{firmware}", firmware) as machine:
        found = watch(machine, path="/healthz", port=PROBE, timeout=PATIENCE, asked=True)
        tell(f"boot-{firmware}", msgspec.to_builtins(found))
        assert found.why == ""
        assert found.failed_units == ()
        assert found.trouble == ()
        assert ("secure boot" in found.phases) == (firmware == "secure")

        with local_sockets.listen_loopback(0) as ours:
            assert not reaches(machine, GATEWAY, ours.getsockname()[1])
        assert not reaches(machine, NAMESERVER, 53)
        journal = machine.must(["journalctl", "-b", "-u", "caretaker-setup", "--no-pager"])
        assert "ownload" not in journal
        assert confinement(machine) == "caretaker-daemon (enforce)"
        if firmware == "secure":
            state = machine.must(["cat", "/sys/kernel/security/lockdown"])
            assert "[none]" not in state
        machine.power_off()
