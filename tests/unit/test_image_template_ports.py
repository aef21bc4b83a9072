"""While an image is made nobody but this machine reaches what Packer and QEMU open."""

import shutil
import subprocess
from pathlib import Path

import pytest

from packer.golden.template_text import MAIN, render

pytestmark = pytest.mark.real

# Stands in for QEMU: writes down how it was called and who listens then (/proc/net/tcp: 0A), and
# ends.
QEMU = """#!/bin/sh
case "$1" in -version) echo "QEMU emulator version 7.2.22"; exit 0;; esac
echo "$@" > {seen}
for each in /proc/net/tcp /proc/net/tcp6; do
    while read -r _ here _ state _; do
        test "$state" = 0A && echo "$here" >> {ports}
    done < $each
done
exit 1
"""


def test_only_loopback_reaches_the_seed_and_the_machine(tmp_path: Path) -> None:
    program = shutil.which("packer")
    if program is None or shutil.which("qemu-img") is None:
        pytest.skip("there is no packer or no qemu-img here")
    (tmp_path / MAIN).write_text(render("1.6")[MAIN])
    seen, ports, qemu = tmp_path / "seen", tmp_path / "ports", tmp_path / "qemu"
    qemu.write_text(QEMU.format(seen=seen, ports=ports))
    qemu.chmod(0o755)
    for folder in ("seed", "upload"):
        (tmp_path / folder).mkdir()
    (tmp_path / "seed/meta-data").touch()
    made = ("qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "1M"), (
        "openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "build-key",
    )  # fmt: skip
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "CHECKPOINT_DISABLE": "1"}
    for argv in made:
        subprocess.run(argv, cwd=tmp_path, env=env, check=True, timeout=60)
    subprocess.run(
        [program, "build", "-only=qemu.golden", f"-var=qemu_binary={qemu}", MAIN],
        cwd=tmp_path, env=env, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    words = seen.read_text().split()
    network = words[words.index("-netdev") + 1]
    assert ",hostfwd=tcp:127.0.0.1:" in network
    assert words[words.index("-vnc") + 1].startswith("127.0.0.1:")
    seeds = f":{int(words[words.index('-smbios') + 1].rstrip('/').rpartition(':')[2]):04X}"
    listening = [each for each in ports.read_text().split() if each.endswith(seeds)]
    assert listening == [f"0100007F{seeds}"]
