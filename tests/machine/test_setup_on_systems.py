"""setup.sh from bare system to healthy, on each system that can be had, from the package index."""

import os
import socket
from pathlib import Path

import pytest

from tests.machine import first_boot
from tests.machine.checkout import SOURCE
from tests.machine.conftest import Boot

# Where an index is reached through a proxy with a certificate of its own, as on some desks.
TRUST = Path("/etc/ssl/certs/ca-certificates.crt")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def index_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith("PIP_INDEX") or name.lower() in PROXIES
    } | {"PIP_CERT": str(TRUST)}


# With systemd 252, 257, 249 and 255; Python 3.11, 3.13, 3.11 beside 3.10, and 3.12.
@pytest.mark.parametrize("root", ["bookworm", "trixie", "jammy", "noble"])
@pytest.mark.slow
def test_one_command_ends_healthy_and_the_second_changes_nothing(
    machines: Boot, tmp_path: Path, root: str
) -> None:
    port, probe = free_port(), free_port()
    shop = first_boot.appliance(tmp_path / "shop", port=port, probe=probe)
    # The host's network: libraries come from the index, packages from the archive.
    machine = machines(root, network="host", binds_ro={"/shop": shop, str(TRUST): TRUST})
    setup = [f"{SOURCE}/setup/setup.sh", "/shop", "--yes", "--set", "colour=green"]
    first = machine.run(setup, timeout=300, env=index_environment())
    assert "Shop 1.0 is healthy" in first.out
    assert machine.run(["curl", "-fsS", f"http://127.0.0.1:{port}/"]).out == "green"
    assert machine.run(["curl", "-fsS", f"http://127.0.0.1:{probe}/healthz"]).ok
    second = machine.run(setup, timeout=30, env=index_environment())
    assert "(0 changed" in second.out
    assert machine.failed_units() == []


HOLD = """
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(6)
"""


@pytest.mark.slow
def test_packages_that_are_missing_are_awaited_while_somebody_else_installs(
    machines: Boot, tmp_path: Path
) -> None:
    """The race of a first boot: unattended upgrades hold dpkg's lock when setup wants it."""
    port, probe = free_port(), free_port()
    shop = first_boot.appliance(tmp_path / "shop", port=port, probe=probe)
    machine = machines("minimal", network="host", binds_ro={"/shop": shop, str(TRUST): TRUST})
    holder = machine.spawn(["python3", "-c", HOLD])
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    setup = [f"{SOURCE}/setup/setup.sh", "/shop", "--yes", "--set", "colour=green"]
    done = machine.run(setup, timeout=300, env=index_environment())
    assert "Shop 1.0 is healthy" in done.out
    assert holder.poll() == 0
    assert done.seconds > 5
