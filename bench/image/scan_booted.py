"""The scanners inside a booted image: sent over SSH, run, their reports fetched.

Owns one boot of a throw-away overlay. With `harden` the image is hardened first, by the code of
this checkout, and rebooted where what changed counts from the next boot on, so that an image of
last hour tells what today's controls are worth. Refuses to change the disk it is given.
"""

import subprocess
import tempfile
from pathlib import Path

from agent.host.machine import Host
from bench.image.score import Found, Wanted
from packer.virtual.boot import PROBE
from packer.virtual.firmware import firmware_of
from packer.virtual.machine import Virtual, starting
from packer.virtual.seed import Seed
from packer.virtual.shape import Shape

REPOSITORY = Path(__file__).resolve().parents[2]
_KIT = "/root/scan"  # /run and /tmp are mounted noexec
_BOOT = 300.0
_SCAN = 1500.0
_CONFINED = "cat /proc/$(systemctl show -P MainPID caretaker.service)/attr/current"
# What counts from the next boot on, if it was changed; other files count at once.
_AT_BOOT = ("/boot/", "fstab", "grub", "modprobe", "ssh", "sysctl", "systemd", "audit", "apparmor")
_PYTHON = ("/opt/caretaker/venv/bin/python3", "/usr/bin/python3")


def scan_booted(image: Path, kit: Path, wanted: Wanted, *, harden: bool) -> Found:
    """Both scanners' word on it. MachineError."""
    from bench.image.scored import scan

    shape = Shape(image, firmware_of("bios"), (PROBE,), memory=2048)
    with starting(Host(), shape, Seed("i-scored", "scored")) as machine:
        _wait(machine)
        if harden and any(part in _harden(machine) for part in _AT_BOOT):
            machine.reboot(timeout=_BOOT)
            _wait(machine)
        print("the daemon is", machine.ssh(["sh", "-c", _CONFINED]).stdout.strip(), flush=True)
        _send(machine, kit, _KIT)

        def run(argv: list[str]) -> None:
            machine.must(argv, timeout=_SCAN)

        return scan(run, lambda path: _read(machine, path), _KIT, wanted)


def _harden(machine: Virtual) -> str:
    """What the checkout's `caretaker harden` said, on the Python and libraries of the image."""
    with tempfile.TemporaryDirectory(prefix="caretaker-scored-") as folder:
        source = Path(folder) / "source"
        source.mkdir()
        for name in ("agent", "packer"):
            subprocess.run(["cp", "-a", str(REPOSITORY / name), str(source / name)], check=True)
        _send(machine, source, "/root/source")
    python = next(path for path in _PYTHON if machine.ssh(["test", "-x", path]).ok)
    harden = ["env", "PYTHONPATH=/root/source", python, "-m", "agent", "harden"]
    said = machine.must(harden, timeout=_SCAN)
    print(said, flush=True)
    machine.must(["rm", "-rf", "/root/source"])
    return said


def _wait(machine: Virtual) -> None:
    """An image with an appliance is judged once that is set up and healthy."""
    machine.wait_ssh(timeout=_BOOT)
    if machine.ssh(["test", "-e", "/etc/caretaker/appliance.toml"]).ok:
        machine.wait_http("/healthz", port=PROBE, timeout=_BOOT)


def _read(machine: Virtual, path: str) -> str:
    with tempfile.TemporaryDirectory(prefix="caretaker-scored-") as folder:
        copy = Path(folder) / "copy"
        machine.login.fetch(path, copy, timeout=_BOOT)
        return copy.read_text(errors="replace")


def _send(machine: Virtual, folder: Path, there: str) -> None:
    with tempfile.TemporaryDirectory(prefix="caretaker-scored-") as scratch:
        archive = Path(scratch) / "sent.tar.gz"
        argv = ["tar", "-C", str(folder), "--exclude=__pycache__", "-czf", str(archive), "."]
        subprocess.run(argv, check=True)
        machine.login.send(archive, "/var/tmp/sent.tar.gz", timeout=_BOOT)
    machine.must(["mkdir", "-p", there])
    machine.must(["tar", "-C", there, "--no-same-owner", "-xzf", "/var/tmp/sent.tar.gz"],
                 timeout=_BOOT)  # fmt: skip
    machine.must(["rm", "/var/tmp/sent.tar.gz"])
