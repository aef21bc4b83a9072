"""A bundle of a machine on which everything goes wrong: each is a line, the rest arrives."""

import bz2
import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.machine.machine import TOOL, Machine

MANIFEST = """\
[appliance]
name = "forge"
version = "1"
[collect.hang]
command = ["/usr/bin/sleep", "4711"]
timeout = "1500ms"
[collect.flood]
command = ["/usr/bin/yes", "flood flood flood"]
cap = "1MiB"
[collect.binary]
command = ["/usr/bin/cat", "/usr/bin/ls"]
[collect.forks]
command = ["/bin/sh", "/run/forks.sh"]
timeout = "1500ms"
[collect.crash]
command = ["/bin/sh", "/run/crash.sh"]
[collect.traps]
files = ["/srv/traps/**", "/srv/traps/link", "/etc/forge/**"]
"""
FORKS = "echo begun\nfor each in 1 2 3; do setsid sleep 4711 & done\nsleep 4711\n"
CRASH = "echo last words\nkill -SEGV $$\n"
TRAPS = """
useradd --system forge
mkdir -p /srv/traps /var/log/forge /etc/forge/secrets
echo hunter2hunter2hunter2 > /etc/forge/secrets/db
ln -s /etc/shadow /srv/traps/link
ln -s /etc /var/log/forge/etc
ln -s /etc/shadow /var/log/forge/shadow.log
mkfifo /var/log/forge/fifo.log /srv/traps/fifo
mknod /var/log/forge/disk.log b 7 0 || true
chown forge /var/log/forge /srv/traps
ln /etc/shadow /var/log/forge/second.log
printf 'plain line\\n' > /var/log/forge/plain.log
head -c 10485760 /dev/zero | tr '\\0' x > /var/log/forge/long.log
printf 'bad \\377\\376 utf-8\\n' > /var/log/forge/bytes.log
printf 'text\\n\\000\\001\\002' > /var/log/forge/binary.log
truncate -s 8G /var/log/forge/hole.log
printf 'after the hole\\n' >> /var/log/forge/hole.log
"""


@pytest.fixture
def hostile(machine: Machine) -> Machine:
    machine.put("/etc/caretaker/appliance.toml", MANIFEST)
    machine.put("/run/forks.sh", FORKS)
    machine.put("/run/crash.sh", CRASH)
    machine.sh(TRAPS)
    machine.put("/var/log/forge/bomb.log.1.gz", gzip.compress(b"\n" * (64 << 20), 9))
    machine.put("/var/log/forge/bomb.log.2.bz2", bz2.compress(b"a" * (20 << 20)))
    machine.put("/var/log/forge/torn.log.1.gz", gzip.compress(b"a line\n" * 9000)[:-40])
    return machine


def bundle(machine: Machine, scratch: Path, *more: str) -> tuple[dict[str, Any], Path]:
    """The manifest of a new bundle, and the folder it was unpacked to."""
    ask = [f"{TOOL}/bin/caretaker", "support-bundle", "--no-encrypt", "--json", *more]
    done = machine.run(ask, timeout=100, check=False)
    assert "{" in done.out, done
    told = json.loads(done.out.splitlines()[-1])
    packed = Path(f"/proc/{machine.leader}/root{told['file']}")
    plain = scratch / "plain.tar"
    subprocess.run(["zstd", "-q", "-d", "-o", str(plain), str(packed)], check=True)
    subprocess.run(["tar", "-xf", str(plain), "-C", str(scratch)], check=True)
    [manifest] = scratch.rglob("manifest.json")
    return dict(json.loads(manifest.read_text())), manifest.parent


def test_each_trap_is_a_line_and_the_rest_arrives(hostile: Machine, tmp_path: Path) -> None:
    only = ["hang", "flood", "binary", "forks", "crash", "traps", "logs", "memory"]
    words = [word for name in only for word in ("--only", name)]
    manifest, tree = bundle(hostile, tmp_path, *words)
    how = {each["code"]: each for each in manifest["collectors"]}
    files = {each["name"]: each for each in manifest["files"]}
    assert how["memory"]["how"] == "done"
    hung = files["collected/hang/command.txt"]
    assert hung["exit_code"] == 124 or hung["why"] == "no end in its time"
    assert how["hang"]["seconds"] < 4
    assert "begun" in (tree / "collected/forks/command.txt").read_text()
    assert "last words" in (tree / "collected/crash/command.txt").read_text()
    assert (tree / "collected/flood/command.txt").stat().st_size < 3 << 20
    assert files["collected/binary/command.txt"]["withheld"]
    logs = {name: each for name, each in files.items() if name.startswith("logs/forge/")}
    assert sorted(name.removeprefix("logs/forge/") for name in logs) == [
        "binary.log", "bomb.log.1", "bomb.log.2", "bytes.log", "hole.log", "long.log", "plain.log",
        "second.log", "torn.log.1",
    ]  # fmt: skip
    assert logs["logs/forge/binary.log"]["withheld"]
    assert "times its size" in logs["logs/forge/bomb.log.2"]["why"]
    assert "too early" in logs["logs/forge/torn.log.1"]["why"]
    assert "somebody else" in logs["logs/forge/second.log"]["why"]
    assert (tree / "logs/forge/plain.log").read_text() == "plain line\n"
    assert (tree / "logs/forge/hole.log").read_text() == "after the hole\n"
    assert not [name for name in files if name.startswith(("collected/traps", "logs/forge/etc"))]
    content = b"".join(path.read_bytes() for path in tree.rglob("*") if path.is_file())
    assert b"root:" not in content
    assert b"hunter2" not in content


def test_nothing_is_left_running_and_the_time_is_kept(hostile: Machine, tmp_path: Path) -> None:
    hostile.sh("mv /usr/bin/systemctl /usr/bin/systemctl.real")
    hostile.put(
        "/usr/bin/systemctl", "#!/bin/sh\nsetsid sleep 4711 & exec sleep 4711\n", mode=0o755
    )
    words = [word for name in ("systemd", "memory") for word in ("--only", name)]
    manifest, _ = bundle(hostile, tmp_path, *words)
    hostile.sh("mv /usr/bin/systemctl.real /usr/bin/systemctl")
    spent = {each["code"]: each["seconds"] for each in manifest["collectors"]}
    assert spent["systemd"] < 12
    assert "memory" in spent
    assert hostile.run(["pgrep", "-fa", "sleep 4711"], check=False).out == ""
