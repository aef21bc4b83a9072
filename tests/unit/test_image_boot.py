"""What is asked of a virtual machine that runs: its monitor, its init, the command around it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.errors import MachineError, UnhealthyError, UsageError
from agent.host.spawn import Completed
from packer.cli import image_boot
from packer.virtual import monitor
from packer.virtual.boot import failed_units, settle
from packer.virtual.firmware import firmware_of
from packer.virtual.machine import Virtual, console_tail
from packer.virtual.shape import Files, Forward, Shape, Wiring
from tests.scripted_host import ScriptedHost, scripted_host

GREETING = b'{"QMP": {"version": {}, "capabilities": []}}\r\n'
DONE = b'{"return": {}}\r\n'
EVENT = b'{"event": "POWERDOWN", "data": {}}\r\n'


def test_the_button_is_pressed_after_the_greeting(tmp_path: Path) -> None:
    host = scripted_host(tmp_path)
    socket = tmp_path / "qmp"
    host.network.peers[str(socket)] = [GREETING, DONE, EVENT + DONE]
    assert monitor.say(host, socket, "system_powerdown") == {}
    said = bytes(host.network.wires[0].sent).split(b"\n")
    assert [json.loads(line)["execute"] for line in said if line] == [
        "qmp_capabilities",
        "system_powerdown",
    ]


@pytest.mark.parametrize(
    "said",
    [
        [GREETING, b'{"error": {"class": "CommandNotFound", "desc": "no"}}\n'],
        [GREETING],
        [b"[]\n"],
        [b"not JSON\n"],
        [ConnectionRefusedError()],
    ],
)
def test_a_monitor_that_does_not_obey_is_an_error(
    tmp_path: Path, said: list[bytes | OSError]
) -> None:
    host = scripted_host(tmp_path)
    host.network.peers[str(tmp_path / "qmp")] = said
    with pytest.raises(MachineError) as refused:
        monitor.say(host, tmp_path / "qmp", "system_powerdown")
    assert refused.value.code == "command-failed"


class Running(Virtual):
    """A machine whose process is said to run."""

    runs = True


def _machine(host: ScriptedHost, folder: Path) -> Running:
    shape = Shape(folder / "golden.qcow2", firmware_of("bios"))
    return Running(host, shape, Wiring(Files(folder), (Forward(40002, 22), Forward(40001, 8086))))


def _answering(host: ScriptedHost, *answers: str) -> None:
    left = list(answers)

    def answer(argv: tuple[str, ...]) -> Completed:
        return Completed(argv, 0, left.pop(0) if len(left) > 1 else left[0], "", 0.1)

    host.programs["ssh"] = answer


def test_failed_units_are_named(tmp_path: Path) -> None:
    host = scripted_host(tmp_path)
    _answering(host, json.dumps([{"unit": "a.service", "sub": "failed"}]))
    assert failed_units(_machine(host, tmp_path)) == ("a.service",)
    _answering(host, "[]\n")
    assert failed_units(_machine(host, tmp_path)) == ()


def test_it_is_settled_when_no_job_is_left(tmp_path: Path) -> None:
    host = scripted_host(tmp_path)
    _answering(host, "12 x.service start running\n", "12 x.service start running\n", "\n")
    settle(_machine(host, tmp_path), timeout=60.0)
    assert len(host.asked) == 3


def test_one_that_never_answers_ends_with_its_console(tmp_path: Path) -> None:
    host = scripted_host(tmp_path)
    host.network.peers["127.0.0.1:40001"] = [ConnectionResetError()]
    machine = _machine(host, tmp_path)
    machine.files.serial.write_bytes(b"[    1.0] Linux version 6.1\r\n\x1b[0;1;31mstuck\x1b[0m\r\n")
    with pytest.raises(UnhealthyError) as refused:
        machine.wait_http("/healthz", port=8086, timeout=10.0)
    assert "not within 10 s" in refused.value.message
    assert "  stuck" in refused.value.message
    assert "kernel" in machine.serial.seen


def test_a_panic_is_not_waited_for(tmp_path: Path) -> None:
    host = scripted_host(tmp_path)
    machine = _machine(host, tmp_path)
    machine.files.serial.write_bytes(b"Kernel panic - not syncing\n")
    with pytest.raises(UnhealthyError) as refused:
        machine.wait_phase("login", timeout=600.0)
    assert "Kernel panic" in refused.value.message
    assert host.clock.slept == []


def test_no_console_has_no_tail(tmp_path: Path) -> None:
    assert console_tail(tmp_path / "none") == "(nothing)"


def test_an_image_that_is_not_there_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = CliRunner().invoke(image_boot.command, [str(tmp_path / "none.qcow2")])
    assert isinstance(done.exception, UsageError)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no system"),
        (b"noise" * 20_000, "no partitions"),
        (b"QFI\xfb" + struct.pack(">IQIIQ", 3, 200, 9, 16, 1 << 30) + bytes(600), "backing file"),
    ],
)
def test_what_is_no_disk_is_told_before_anything_starts(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (image := tmp_path / "image").write_bytes(content)
    done = CliRunner().invoke(image_boot.command, [str(image)])
    assert isinstance(done.exception, MachineError)
    assert words in str(done.exception)
