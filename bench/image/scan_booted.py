"""The scanners inside a booted image: sent over SSH, run, their reports fetched.

Owns one boot of a throw-away overlay. With `harden` the image is hardened first, by the code of
this checkout, and rebooted, so that an image of last hour tells what today's controls are worth.
Refuses to change the disk it is given.
"""

import subprocess
import tempfile
from pathlib import Path

from agent.host.machine import Host
from bench.image.score import Found, Wanted
from packer.virtual.firmware import firmware_of
from packer.virtual.machine import Virtual, starting
from packer.virtual.seed import Seed
from packer.virtual.shape import Shape

REPOSITORY = Path(__file__).resolve().parents[2]
_KIT = "/root/scan"  # /run and /tmp are mounted noexec
_BOOT = 300.0
_SCAN = 1500.0
_PYTHON = ("/opt/caretaker/venv/bin/python3", "/usr/bin/python3")


def scan_booted(image: Path, kit: Path, wanted: Wanted, *, harden: bool) -> Found:
    """Both scanners' word on it. MachineError."""
    from bench.image.scored import scan

    shape = Shape(image, firmware_of("bios"), memory=2048)
    with starting(Host(), shape, Seed("i-scored", "scored")) as machine:
        machine.wait_ssh(timeout=_BOOT)
        if harden:
            _harden(machine)
        _send(machine, kit, _KIT)

        def run(argv: list[str]) -> None:
            machine.must(argv, timeout=_SCAN)

        return scan(run, lambda path: _read(machine, path), _KIT, wanted)


def _harden(machine: Virtual) -> None:
    """The checkout's `caretaker harden`, on the Python and libraries that the image has."""
    with tempfile.TemporaryDirectory(prefix="caretaker-scored-") as folder:
        source = Path(folder) / "source"
        source.mkdir()
        for name in ("agent", "packer"):
            subprocess.run(["cp", "-a", str(REPOSITORY / name), str(source / name)], check=True)
        _send(machine, source, "/root/source")
    python = next(path for path in _PYTHON if machine.ssh(["test", "-x", path]).ok)
    print(machine.must(["env", "PYTHONPATH=/root/source", python, "-m", "agent", "harden"],
                       timeout=_SCAN))  # fmt: skip
    machine.must(["rm", "-rf", "/root/source"])
    machine.reboot(timeout=_BOOT)
    machine.wait_ssh(timeout=_BOOT)


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
