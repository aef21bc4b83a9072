"""Two machines from one image are strangers: no id, key, certificate or secret is the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from agent.host import local_sockets
from packer.virtual.boot import PROBE, failed_units
from packer.virtual.machine import Virtual
from tests.image.conftest import Start
from tests.image.denials import denials
from tests.image.test_boot import GATEWAY, PATIENCE, reaches

# Every regular file that this boot wrote, with its mode and digest. Its own program, not ours: it
# must see what a thief of the disk would see.
LOOK = """
import hashlib, json, os, stat, sys
since = [int(line.split()[1]) for line in open("/proc/stat") if line.startswith("btime")][0]
found = {}
for top in ("/etc", "/var/lib", "/root", "/home", "/opt"):
    for folder, names, leaves in os.walk(top):
        for leaf in leaves:
            path = os.path.join(folder, leaf)
            facts = os.lstat(path)
            if stat.S_ISREG(facts.st_mode) and facts.st_size and facts.st_ctime >= since:
                digest = hashlib.sha256(open(path, "rb").read()).hexdigest()
                found[path] = [stat.S_IMODE(facts.st_mode), digest]
json.dump(found, sys.stdout)
"""

# What both may have alike though others may not read it: it holds nothing that is secret.
ALIKE = (
    ("/etc/shadow", "accounts without a password, alike on every machine"),
    ("/etc/gshadow", "groups without a password"),
    ("/etc/shadow-", "the one before"),
    ("/etc/gshadow-", "the one before"),
    ("/etc/sudoers.d/", "what cloud-init was told"),
    ("/var/lib/cloud/", "what cloud-init was told"),
    ("/var/lib/caretaker/support/rules-", "the rules of redaction, compiled"),
    ("/var/lib/caretaker/trust/", "the vendor's public keys"),
    ("/var/lib/caretaker/setup.lock", "a lock, with the number of a process"),
    ("/var/lib/sochdb/generations/1/.lock", "a lock, with the number of a process"),
    ("/var/lib/caretaker/agent/probe.start", "how the probe port is served; its key is elsewhere"),
    ("/var/lib/systemd/timers/", "when a timer ran"),
    ("/etc/audit/audit.rules", "what the kernel writes down; the image's own, put together"),
    ("/etc/.pwd.lock", "a lock"),
    ("/home/", "shell's start files, and the key that was made for both"),
)


@dataclass(frozen=True)
class Seen:
    """What one machine has."""

    machine_id: str
    boot_files: dict[str, tuple[int, str]]
    certificate: str
    secrets: dict[str, str]


def look(machine: Virtual) -> Seen:
    machine.wait_http("/healthz", port=PROBE, timeout=PATIENCE)
    machine.wait_ssh(timeout=PATIENCE)
    files = json.loads(machine.must(["python3", "-I", "-c", LOOK], timeout=120))
    boot_files = {path: (mode, digest) for path, (mode, digest) in files.items()}
    return Seen(
        machine.must(["cat", "/etc/machine-id"]).strip(),
        boot_files,
        machine.must(["sh", "-c", "cat /etc/*/tls/*/current/cert.pem"]),
        {path: digest for path, (_, digest) in boot_files.items() if "/secrets/" in path},
    )


def private(seen: Seen) -> dict[str, str]:
    """Files of this boot that only their owner may read."""
    return {
        path: digest
        for path, (mode, digest) in seen.boot_files.items()
        if not mode & 0o007 and not any(path.startswith(prefix) for prefix, _ in ALIKE)
    }


def test_two_machines_of_one_image_share_no_secret(
    start: Start, tell: Callable[[str, object], None]
) -> None:
    # Both at once, on a processor each; whatever firmware starts them.
    with start("twin-1") as first, start("twin-2", "secure", isolated=False) as second:
        one, other = look(first), look(second)
        # The proof that a machine reaches nothing can fail: this one has a way out.
        with local_sockets.listen_loopback(0) as ours:
            assert reaches(second, GATEWAY, ours.getsockname()[1])
        for machine in (first, second):
            assert denials(machine) == ()
            assert failed_units(machine) == ()
            machine.power_off()

    assert len(one.machine_id) == len(other.machine_id) == 32
    assert one.machine_id != other.machine_id
    keys = [path for path in one.boot_files if path.startswith("/etc/ssh/ssh_host_")]
    assert len([path for path in keys if path.endswith("_key")]) >= 2
    for path in keys:
        assert one.boot_files[path] != other.boot_files[path], path
    assert "BEGIN CERTIFICATE" in one.certificate
    assert one.certificate != other.certificate
    assert len(one.secrets) >= 2
    assert one.secrets.keys() == other.secrets.keys()

    mine, theirs = private(one), private(other)
    shared = sorted(path for path in mine.keys() & theirs.keys() if mine[path] == theirs[path])
    tell("twins", {"private files of the first boot": sorted(mine), "shared": shared})
    assert shared == []
    assert not set(one.secrets.values()) & set(other.secrets.values())
