"""A virtual machine as arguments, seed and console: nothing is started here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.spawn import Completed
from packer.program import program
from packer.virtual import seed
from packer.virtual.asking import status_of
from packer.virtual.firmware import FIRMWARES, firmware_of
from packer.virtual.login import Login
from packer.virtual.machine import _kept, format_of
from packer.virtual.serial import MARKERS, Serial, plain
from packer.virtual.shape import Files, Forward, Shape, Wiring, arguments
from tests.scripted_host import ScriptedHost, scripted_host

FOLDER = Path("/var/tmp/vm")


def _arguments(
    firmware: str = "bios", *, isolated: bool = True, folder: Path = FOLDER
) -> list[str]:
    shape = Shape(Path("/images/golden.qcow2"), firmware_of(firmware), (8086,), isolated=isolated)
    wiring = Wiring(Files(folder), (Forward(40001, 8086), Forward(40002, 22)))
    return arguments(shape, wiring)


def _after(argv: list[str], switch: str) -> list[str]:
    return [argv[number + 1] for number, word in enumerate(argv) if word == switch]


def test_it_listens_on_loopback_alone_and_has_no_way_out() -> None:
    (network,) = _after(_arguments(), "-netdev")
    assert "restrict=on" in network
    assert re.findall(r"hostfwd=\w+:([\d.]*):", network) == ["127.0.0.1", "127.0.0.1"]
    assert "hostfwd=tcp:127.0.0.1:40002-:22" in network
    (open_network,) = _after(_arguments(isolated=False), "-netdev")
    assert "restrict" not in open_network


def test_the_image_itself_is_never_on_the_command_line() -> None:
    for firmware in FIRMWARES:
        argv = _arguments(firmware.name)
        assert not [word for word in argv if "golden.qcow2" in word]
        assert [word for word in argv if f"file={FOLDER}/disk.qcow2" in word]


def test_secure_boot_keeps_its_variables_from_the_system() -> None:
    argv = _arguments("secure")
    assert "driver=cfi.pflash01,property=secure,value=on" in _after(argv, "-global")
    assert _after(argv, "-machine") == ["q35,smm=on"]
    flash = [word for word in _after(argv, "-drive") if "if=pflash" in word]
    assert ["readonly=on" in word for word in flash] == [True, False]
    assert "MS" not in flash[1]  # a copy of its own
    assert not [word for word in _after(_arguments("bios"), "-drive") if "pflash" in word]


def test_a_comma_in_a_path_is_not_an_option() -> None:
    argv = _arguments(folder=Path("/var/tmp/a,readonly=on"))
    assert any("file=/var/tmp/a,,readonly=on/disk.qcow2," in word for word in argv)


def test_no_seed_is_no_disk() -> None:
    shape = Shape(Path("/i"), firmware_of("bios"))
    argv = arguments(shape, Wiring(Files(FOLDER), seeded=False))
    assert not [word for word in argv if "seed" in word]


def test_the_seed_names_one_user_with_a_key_and_no_password() -> None:
    told = seed.Seed("i-1", "box", ("ssh-ed25519 AAAA me",), (("/etc/x", "a: b\n#cloud"),))
    head, _, body = told.user_data().partition(b"\n")
    assert head == b"#cloud-config"
    config = json.loads(body)
    (user,) = config["users"]
    assert user["lock_passwd"] is True
    assert user["ssh_authorized_keys"] == ["ssh-ed25519 AAAA me"]
    assert "passwd" not in user
    assert config["write_files"] == [
        {"path": "/etc/x", "permissions": "0600", "content": "a: b\n#cloud"}
    ]
    assert json.loads(told.meta_data()) == {"instance-id": "i-1", "local-hostname": "box"}


def test_a_seed_disk_is_made_by_two_programs(tmp_path: Path) -> None:
    host = scripted_host(tmp_path)
    image = tmp_path / "seed.img"
    made = ("mkfs.vfat", "-n", "CIDATA", "-s", "4", str(image))
    filled = ("mcopy", "-i", str(image), f"{tmp_path}/meta-data", f"{tmp_path}/user-data", "::")
    host.programs[made] = ""
    host.programs[filled] = ""
    seed.write(host, seed.Seed("i-1"), image)
    assert image.stat().st_size == 4 << 20
    assert image.stat().st_mode & 0o777 == 0o600


def test_a_missing_tool_names_its_package(tmp_path: Path) -> None:
    host = scripted_host(tmp_path)
    host.programs[("qemu-img",)] = Completed(("qemu-img",), 127, "", "", 0.0, missing=True)
    with pytest.raises(MachineError) as refused:
        program(host, ["qemu-img"], timeout=1.0)
    assert refused.value.hint == "apt-get install qemu-utils"
    assert refused.value.code == "command-missing"


@pytest.mark.parametrize("kind", ["raw", "qcow2", "vmdk", "vpc", "luks"])
def test_only_disks_that_name_no_other_file_are_started(tmp_path: Path, kind: str) -> None:
    host = scripted_host(tmp_path)
    host.programs["qemu-img"] = json.dumps({"format": kind})
    if kind in ("raw", "qcow2"):
        assert format_of(host, tmp_path / "disk") == kind
        return
    with pytest.raises(MachineError) as refused:
        format_of(host, tmp_path / "disk")
    assert refused.value.code == "image-invalid"


def test_a_console_that_can_not_be_kept_says_where(tmp_path: Path) -> None:
    (tmp_path / "serial.log").write_bytes(b"Linux version")
    _kept(tmp_path / "serial.log", tmp_path / "console.log")
    assert (tmp_path / "console.log").read_bytes() == b"Linux version"
    _kept(tmp_path / "never", tmp_path / "nothing.log")
    assert not (tmp_path / "nothing.log").exists()
    with pytest.raises(MachineError) as refused:
        _kept(tmp_path / "serial.log", tmp_path / "no-folder/console.log")
    assert refused.value.hint == f"ls -ld {tmp_path}/no-folder"


def test_a_remote_word_stays_one_word() -> None:
    login = Login(40002, FOLDER / "key", FOLDER / "known_hosts")
    argv = login.command(["sh", "-c", "echo $HOME; id"], root=True)
    assert argv[-1] == "sudo -n -- sh -c 'echo $HOME; id'"
    assert argv[argv.index("-F") + 1] == "none"
    assert "StrictHostKeyChecking=accept-new" in argv
    assert f"UserKnownHostsFile={FOLDER}/known_hosts" in argv


CONSOLE = b"""\x1b[2J\x1b[01;01HBdsDxe: starting Boot0001
[    0.000000] Linux version 6.1.0-44-cloud-amd64 (debian)\r
[    1.500000] Run /init as init process\r
[    4.100000] systemd[1]: systemd 252 running in system mode\r
[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mx.service\x1b[0m - X.\r
[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mnetwork-online.target\x1b[0m.\r
"""


def test_the_console_tells_phases_and_trouble(tmp_path: Path) -> None:
    log, times = tmp_path / "serial.log", [100.0]
    serial = Serial(log, lambda: times[0])
    serial.look()
    assert serial.seen == {}
    log.write_bytes(CONSOLE)
    serial.look()
    times[0] = 130.0
    with log.open("ab") as stream:
        stream.write(b"\r\nDebian GNU/Linux 12 box ttyS0\r\n\r\nbox login: ")
    serial.look()
    serial.look()
    assert set(serial.seen) == {"firmware", "kernel", "initramfs", "systemd", "network", "login"}
    assert serial.since_kernel()["login"] == 30.0
    assert serial.trouble == ["[FAILED] Failed to start x.service - X."]
    assert serial.fatal == ""


def test_a_kernel_line_that_came_late_carries_its_age(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    log.write_bytes(b"[    2.500000] Linux version 6.1\n")
    serial = Serial(log, lambda: 10.0)
    serial.look()
    assert serial.seen["kernel"] == 7.5


def test_a_shutdown_does_not_pass_for_the_next_boot(tmp_path: Path) -> None:
    log, times = tmp_path / "serial.log", [10.0]
    serial = Serial(log, lambda: times[0])
    log.write_bytes(CONSOLE)
    serial.begin_again()
    assert serial.seen == {}
    with log.open("ab") as stream:
        stream.write(b"[   90.0] systemd[1]: Shutting down.\nBdsDxe: starting Boot0001\n")
    serial.look()
    times[0] = 20.0
    with log.open("ab") as stream:
        stream.write(b"[    0.000000] Linux version 6.1\n")
    serial.look()
    assert serial.seen == {"firmware": 10.0, "kernel": 20.0}


def test_each_step_of_setup_is_a_phase(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    log.write_bytes(b"[ 1/14] preflight          58 of 60\r\n[14/14] TLS pairs\r\n[1/2 x] no\n")
    serial = Serial(log, lambda: 3.0)
    serial.look()
    assert serial.seen == {"set up: preflight": 3.0, "set up: TLS pairs": 3.0}


def test_a_panic_is_the_end(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    log.write_bytes(b"[    1.0] Kernel panic - not syncing: VFS\n")
    serial = Serial(log, lambda: 1.0)
    serial.look()
    assert "VFS" in serial.fatal


def test_every_phase_has_one_marker() -> None:
    names = [marker.phase for marker in MARKERS]
    assert len(names) == len(set(names))
    assert plain(b"\x1b[0;32m  OK  \x1b[0m\x07 up\r") == "OK   up"


def _answers(tmp_path: Path, *chunks: bytes | OSError) -> ScriptedHost:
    host = scripted_host(tmp_path)
    host.network.peers["127.0.0.1:40001"] = list(chunks)
    return host


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ((b"HTTP/1.1 200 OK\r\n\r\n",), 200),
        ((b"HTTP/1.1 5", b"03 Service Unavailable\r\n"), 503),
        ((b"",), 0),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), 0),
        ((ConnectionResetError(),), 0),
    ],
)
def test_a_probe_is_a_status_or_nothing(
    tmp_path: Path, said: tuple[bytes | OSError, ...], status: int
) -> None:
    assert status_of(_answers(tmp_path, *said), 40001, "/healthz", timeout=1.0) == status
