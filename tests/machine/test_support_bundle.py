"""Support bundles on real systemd: made of a machine with secrets in its journal, looked into on
another one that has none of the machine's keys."""

import base64
import json
import subprocess
import urllib.parse
from pathlib import Path
from typing import Any

import pyrage
import pytest
import zstandard

from support.bundle import reading
from tests.machine import by_hand
from tests.machine.appliance import healthz
from tests.machine.by_hand import LAYOUT, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

SECRET = "Tq8m+Vx2LkR9/wZ4bN5"
TOKEN = "gh" + "p_" + "k3J9xQ2mVt7Rb1Yc5Lw8Zs4Nd6Hf0PaGe2Tu"
PASSWORD = "Wq7-tulip-Zx93"
PLANTED = (
    SECRET,
    urllib.parse.quote(SECRET),
    base64.b64encode(SECRET.encode()).decode(),
    TOKEN,
    PASSWORD,
)
BUNDLES = "/var/lib/caretaker/bundles"


@pytest.fixture
def machine(machines: Boot, tool: Any) -> Machine:
    found = machines(binds_ro=by_hand.binds(tool))
    install(found)
    found.put(f"{LAYOUT.secrets}/key", f"{SECRET}\n", mode=0o600)
    found.sh(f"""
        logger -p user.err -t shop 'login with {SECRET} from 10.20.30.40'
        logger -p user.err -t shop 'callback https://x.example/?k={urllib.parse.quote(SECRET)}'
        logger -p user.err -t shop 'blob {base64.b64encode(SECRET.encode()).decode()}'
        logger -p user.err -t shop 'pushed with {TOKEN}'
        logger -p user.err -t shop 'postgres://shop:{PASSWORD}@db.internal.example/shop'
        install -d -m 0755 {LAYOUT.config}
        printf 'password = {PASSWORD}\\n' > {LAYOUT.config}/app.ini
        journalctl --sync
    """)
    return found


def outside(machine: Machine, path: str, folder: Path) -> Path:
    """The file, brought to the vendor's machine: this one."""
    target = folder / Path(path).name
    done = subprocess.run(
        [*machine._inside(["cat", path], None, "", "")], capture_output=True, check=True
    )
    target.write_bytes(done.stdout)
    return target


def made(machine: Machine, *words: str, code: int = 0) -> dict[str, Any]:
    done = machine.caretaker("support-bundle", "--json", *words, timeout=120, check=False)
    assert done.code == code, str(done)
    told: dict[str, Any] = json.loads(done.out.splitlines()[-1])
    return told


def test_it_leaves_the_machine_without_its_secrets_and_is_read_elsewhere(
    machine: Machine, tmp_path: Path
) -> None:
    identity = pyrage.x25519.Identity.generate()
    machine.put("/etc/caretaker/keys/support.age", f"# the vendor\n{identity.to_public()}\n")
    told = made(machine, "--case", "4711")
    assert told["partial"] == ""
    assert told["encrypted_to"] == "the vendor"
    assert told["file"].endswith("-4711.support.tar.zst.age")
    assert machine.sh(f"stat -c %a {told['file']}").out.strip() == "600"
    assert machine.sh(f"ls -A {BUNDLES}").out.split() == [Path(told["file"]).name]
    path = outside(machine, told["file"], tmp_path)

    with reading.reading(path, [identity]) as bundle:
        found = {each.name: b"".join(each.blocks) for each in bundle.files()}
        checked = bundle.finish(key=told["key"])
    everything = b"\n".join([*found.values(), *(name.encode() for name in found)])
    assert [word for word in PLANTED if word.encode() in everything] == []
    assert b"10.20.30.40" not in everything
    assert b"shop" in everything
    journal = [name for name in found if name.startswith("journal/")]
    assert any(b"login with REDACTED-" in found[name] for name in journal)
    assert sum(checked.manifest.selftest.values()) > 10
    bad = [each for each in checked.manifest.collectors if each.how not in ("done", "skipped")]
    assert bad == []

    private = tmp_path / "vendor.key"
    private.write_text(f"{identity}\n")
    machine.put("/root/vendor.key", f"{identity}\n", mode=0o600)
    sound = machine.caretaker(
        "support-bundle", "verify", told["file"], "--identity", "/root/vendor.key"
    )
    assert "sound" in sound.out
    wrong = machine.caretaker("support-bundle", "verify", told["file"], "--identity",
                              "/root/vendor.key", "--key", "0" * 64, check=False)  # fmt: skip
    assert wrong.code == 7


def test_it_takes_what_the_application_leaves(machine: Machine) -> None:
    """In a scope with limits, last in line; read while it waits for a collector."""
    hang = '\n[collect.hang]\ncommand = ["/usr/bin/sleep", "600"]\ntimeout = "3s"\n'
    manifest = by_hand.MANIFEST + hang
    machine.put("/etc/caretaker/appliance.toml", manifest)
    making = machine.spawn([f"{by_hand.VENV}/bin/caretaker", "support-bundle", "--json",
                            "--only", "hang", "--only", "kernel"])  # fmt: skip
    units = [
        "systemctl",
        "list-units",
        "--type=scope",
        "--plain",
        "--no-legend",
        "caretaker-support-*",
    ]
    machine.wait_for(lambda: machine.run(units, check=False).out.strip())
    scope = machine.run(units).out.split()[0]
    machine.wait_for(lambda: "sleep" in processes(machine, scope))
    facts = machine.show(scope, "CPUQuotaPerSecUSec", "MemoryHigh", "MemoryMax", "CPUWeight")
    assert facts["MemoryHigh"] == str(256 << 20)
    assert facts["CPUWeight"] == "10"
    assert facts["CPUQuotaPerSecUSec"] != "infinity"
    names = processes(machine, scope)
    assert {"refinery", "sleep"} <= set(names)
    assert {nice for nice, _ in names.values()} == {"19"}
    # It adds at most its own time, and the rest arrives.
    out, errors = making.communicate(timeout=60)
    assert making.returncode == 0, errors
    told = json.loads(out.decode().splitlines()[-1])
    how = {each["code"]: each["how"] for each in told["collectors"]}
    assert [each for each in how.values() if each != "done"] == ["timeout"]


def processes(machine: Machine, scope: str) -> dict[str, tuple[str, str]]:
    """Name -> nice value and pid, of all in the scope."""
    lines = machine.run(["ps", "-eo", "comm=,ni=,pid=,cgroup:200="], check=False).out.splitlines()
    found = (line.split() for line in lines if scope in line)
    return {words[0]: (words[1], words[2]) for words in found}


def test_who_is_not_root_is_told_so(machine: Machine) -> None:
    done = machine.run(
        [f"{by_hand.VENV}/bin/caretaker", "support-bundle"], user="nobody", check=False
    )
    assert done.code == 7
    assert "sudo caretaker support-bundle" in done.err


def test_without_an_appliance_there_is_still_a_bundle(machine: Machine, tmp_path: Path) -> None:
    machine.sh("rm /etc/caretaker/appliance.toml")
    told = made(machine, "--only", "kernel")
    checked = reading.verify(outside(machine, told["file"], tmp_path))
    assert [each.code for each in checked.manifest.collectors] == ["kernel"]


def test_a_stream_over_a_connection(machine: Machine, tmp_path: Path) -> None:
    command = [
        f"{by_hand.VENV}/bin/caretaker",
        "support-bundle",
        "--output",
        "-",
        "--only",
        "kernel",
    ]
    done = subprocess.run(
        machine._inside(command, None, "", ""), capture_output=True, check=True, timeout=60
    )
    (tmp_path / "bundle").write_bytes(done.stdout)
    assert reading.verify(tmp_path / "bundle").files > 3
    assert b"sha256" in done.stderr
    assert machine.sh(f"ls -A {BUNDLES}").out == ""


def test_the_disk_of_a_machine_that_does_not_boot(machine: Machine, tmp_path: Path) -> None:
    """Its files and its journal, redacted with its own key, put elsewhere."""
    machine.sh("""
        install -d /mnt/disk/etc /mnt/disk/var/log /mnt/disk/var/lib
        cp -a /etc/caretaker /etc/shop /mnt/disk/etc/
        cp -L /etc/os-release /mnt/disk/etc/os-release
        cp -a /var/lib/caretaker /mnt/disk/var/lib/
        cp -a /var/log/journal /mnt/disk/var/log/ 2>/dev/null ||
            cp -a /run/log/journal /mnt/disk/var/log/
    """)
    done = machine.run([f"{by_hand.VENV}/bin/caretaker", "--root", "/mnt/disk", "support-bundle",
                        "--json"], timeout=120, check=False)  # fmt: skip
    assert done.ok, str(done)
    told = json.loads(done.out.splitlines()[-1])
    assert told["file"].startswith("/var/tmp/caretaker-bundles/")
    path = outside(machine, told["file"], tmp_path)
    checked = reading.verify(path)
    assert checked.manifest.header.rescue
    raw = (
        zstandard.ZstdDecompressor()
        .stream_reader(path.read_bytes(), read_across_frames=True)
        .read()
    )
    assert [word for word in PLANTED if word.encode() in raw] == []
    assert b"login with REDACTED-" in raw


def test_the_customers_own_command_on_a_healthy_appliance(
    appliance: Machine, tmp_path: Path
) -> None:
    """As setup leaves it; nothing fails, and the application never noticed."""
    done = appliance.run(["/opt/sochdb/support/collect", "--json"], timeout=120, check=False)
    assert done.ok, str(done)
    told = json.loads(done.out.splitlines()[-1])
    assert [each["code"] for each in told["judgements"] if each["answer"] == "fail"] == []
    checked = reading.verify(outside(appliance, told["file"], tmp_path))
    assert checked.manifest.header.app == "sochdb"
    assert checked.manifest.consent.who == "root"
    planned = appliance.run(["/opt/sochdb/support/collect", "--plan"])
    assert planned.seconds < 3
    assert healthz(appliance) == "200 pass"
