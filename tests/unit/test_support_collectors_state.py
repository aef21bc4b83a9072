"""Collectors of configuration and state: what is copied, what is only named, what is never read."""

import json
import sqlite3
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.host.machine import Host
from agent.tls.reading import pem_of, pem_of_key
from support.collectors import (
    COLLECTORS,
    backups,
    caretaker,
    certificates,
    cloud,
    configuration,
    database,
    dumps,
    packages,
)
from support.collectors.collector import Collector
from support.collectors.database import without_constants
from tests.scripted_host import NOW
from tests.unit.support_machine import MANIFEST, gather, machine, put, read

BEGINS = datetime.fromtimestamp(NOW, UTC) - timedelta(days=5)


def pair(name: str, days: int) -> tuple[bytes, bytes]:
    """A self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 4711)
        .not_valid_before(BEGINS)
        .not_valid_after(BEGINS + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return pem_of(certificate), pem_of_key(key)


def test_certificates_in_public_parts_and_whether_the_key_fits(root: Path) -> None:
    scene, _ = machine(root)
    certificate, key = pair("shop.example", 15)
    _, other = pair("other.example", 15)
    put(root, "etc/shop/tls/web/4711/cert.pem", certificate)
    put(root, "etc/shop/tls/web/4711/chain.pem", certificate)
    put(root, "etc/shop/tls/web/4711/key.pem", key, 0o600)
    (root / "etc/shop/tls/web/current").symlink_to("4711")
    put(root, "etc/shop/tls/old/customer-1/cert.pem", certificate)
    put(root, "etc/shop/tls/old/customer-1/key.pem", other, 0o600)
    (root / "etc/shop/tls/old/current").symlink_to("customer-1")
    put(root, "etc/shop/tls/bad/current/cert.pem", "no certificate")
    put(root, "etc/shop/tls/authority/authority.pem", other + certificate, 0o600)
    found, _ = gather(certificates.COLLECTOR, scene)
    web, authority, bad, old = read(found, "certificates/certificates.json")
    assert (web["name"], web["key_matches"], web["days_left"]) == ("web", True, 10.0)
    assert web["names"] == ["shop.example"]
    assert web["declared"] is True
    assert web["services"] == ["web"]
    assert web["port"] == 8443
    assert web["serial"] == "1267"
    assert len(web["chain"]) == 1
    assert web["self_signed"] is True
    assert (old["by"], old["key_matches"], old["declared"]) == ("customer", False, False)
    assert bad["problem"].startswith("it can't be read")
    assert (authority["problem"], authority["key_matches"]) == ("", None)
    assert b"BEGIN" not in b"".join(found.values())


def test_a_certificate_that_was_never_made(root: Path) -> None:
    scene, _ = machine(root)
    (web,) = read(gather(certificates.COLLECTOR, scene)[0], "certificates/certificates.json")
    assert (web["name"], web["problem"]) == ("web", "there is no file")


def test_configuration_is_copied_but_for_what_is_secret(root: Path) -> None:
    scene, _ = machine(root)
    secret = "hunter2-" * 3
    put(root, "etc/caretaker/appliance.toml", MANIFEST)
    put(root, "etc/shop/app.ini", "[web]\nport = 8080\n", 0o640)
    put(root, "etc/shop/conf.d/more.yaml", "a: 1\n")
    put(root, "etc/shop/secrets/db", secret, 0o600)
    put(root, "etc/shop/backup/password", secret, 0o600)
    put(root, "etc/shop/db.password", secret)
    put(root, "etc/shop/plain.txt", "-----BEGIN " + "PRIVATE KEY-----\n" + secret)
    put(root, "etc/shop/logo.png", b"\x89PNG\0\0" + secret.encode())
    put(root, "etc/shop/large.txt", "x" * 300_000)
    put(root, "etc/shop/env/web.env", f"A_KEY={secret}\nexport B='{secret}\nmore'\n# {secret}\n")
    (root / "etc/shop/link").symlink_to("/etc/shadow")
    (root / "etc/shop/second").hardlink_to(put(root, "root/hidden.txt", secret))
    put(root, "etc/systemd/system/shop-web.service", "[Service]\nExecStart=/opt/shop/web\n")
    put(root, "etc/systemd/system/shop-web.service.d/10.conf", "[Service]\nNice=5\n")
    put(root, "etc/systemd/system/other.service", "[Service]\n")
    put(root, "usr/lib/systemd/system/postgresql.service", "[Unit]\n")
    put(root, "etc/tmpfiles.d/shop.conf", "d /run/shop\n")
    found, broken = gather(configuration.COLLECTOR, scene)
    assert not broken
    assert set(found) == {
        "configuration/appliance.toml",
        "configuration/files.json",
        "configuration/application/app.ini",
        "configuration/application/conf.d/more.yaml",
        "configuration/environment/web.env",
        "configuration/units/shop-web.service",
        "configuration/units/shop-web.service.d/10.conf",
        "configuration/units/postgresql.service",
        "configuration/tmpfiles/shop.conf",
    }
    assert secret.encode() not in b"".join(found.values())
    assert found["configuration/environment/web.env"] == (
        b"A_KEY=REDACTED-environment\nB=REDACTED-environment\n"
    )
    told = {each["path"]: each for each in read(found, "configuration/files.json")}
    assert told["/etc/shop/secrets/db"]["why"] == "it holds secrets"
    assert told["/etc/shop/secrets/db"]["mode"] == "0600"
    assert told["/etc/shop/db.password"]["copied"] is False
    assert told["/etc/shop/plain.txt"]["why"] == "there is a private key in it"
    assert told["/etc/shop/logo.png"]["why"] == "it is no text"
    assert told["/etc/shop/link"]["kind"] == "link"
    assert told["/etc/shop/second"]["why"] == "it has a second name"
    assert told["/etc/shop/app.ini"]["copied"] is True


STATUS = """Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2-2

Package: held
Status: hold ok installed
Architecture: all
Version: 1.0

Package: torn
Status: install ok half-configured
Architecture: amd64
Version: 2:3.4-1
"""


def test_packages_by_dpkgs_own_files(root: Path) -> None:
    scene, host = machine(root)
    put(root, "var/lib/dpkg/status", STATUS)
    put(root, "var/lib/caretaker/patches.json", '{"at": 1}')
    put(root, "run/reboot-required", "")
    put(root, "run/reboot-required.pkgs", "linux-image\nlinux-image\n")
    put(root, "var/log/apt/history.log", "Start-Date: now\n")
    put(root, "etc/apt/sources.list.d/x.list", "deb http://mirror stable main\n")
    found, broken = gather(packages.COLLECTOR, scene)
    assert not broken
    lines = [line.split() for line in found["packages/installed.txt"].decode().splitlines()]
    assert lines == [
        ["NAME", "VERSION", "ARCH", "STATE"],
        ["bash", "5.2-2", "amd64", "installed"],
        ["held", "1.0", "all", "hold", "installed"],
        ["torn", "2:3.4-1", "amd64", "half-configured"],
    ]
    told = read(found, "packages/problems.json")
    assert (told["held"], told["unfinished"]) == (["held"], ["torn"])
    assert (told["reboot_required"], told["reboot_packages"]) == (True, ["linux-image"])
    assert found["packages/sources.txt"].startswith(b"== /etc/apt/sources.list.d/x.list\n")
    assert "packages/simulate.txt" not in found
    assert not host.asked


def test_packages_by_rpm_where_there_is_no_dpkg(root: Path) -> None:
    scene, host = machine(root)
    host.programs["rpm",] = "zlib\t(none):1.2-1\tx86_64\nbash\t0:5.1-2\tx86_64\n"
    found, _ = gather(packages.COLLECTOR, scene)
    assert found["packages/installed.txt"].decode().splitlines()[1].split()[0] == "bash"
    assert read(found, "packages/problems.json")["manager"] == "rpm"


def test_cloud_without_user_data(root: Path) -> None:
    scene, _ = machine(root)
    told = {
        "v1": {"cloud_name": "aws", "region": "eu-central-1", "instance_id": "i-1"},
        "ds": {"meta_data": {"instance-type": "t3.small", "ami-id": "ami-1"}, "user_data": "pw"},
        "userdata": "#!/bin/sh\npassword=pw",
    }
    put(root, "run/cloud-init/instance-data.json", json.dumps(told))
    put(root, "run/cloud-init/instance-data-sensitive.json", '{"user": "hush"}')
    put(root, "var/lib/cloud/data/result.json", '{"v1": {"errors": []}}')
    found, _ = gather(cloud.COLLECTOR, scene)
    assert set(found) == {"cloud/result.json", "cloud/instance.json"}
    instance = read(found, "cloud/instance.json")
    assert (instance["cloud"], instance["region"]) == ("aws", "eu-central-1")
    assert (instance["instance_type"], instance["image"]) == ("t3.small", "ami-1")
    assert b"password" not in b"".join(found.values())
    assert b"hush" not in b"".join(found.values())


@pytest.mark.real
def test_caretakers_own_state(root: Path) -> None:
    scene, _ = machine(root)
    put(root, "var/lib/caretaker/tasks.json", '{"purge": {}}')
    put(root, "var/lib/caretaker/tasks.lock", "task (pid 1)\n")
    put(root, "var/lib/caretaker/support/pseudonym.key", "never")
    put(root, "var/lib/caretaker/quarantine/app.pid", "7")
    put(root, "etc/caretaker/image.json", json.dumps({
        "at": 1.0, "appliance": "shop", "version": "2", "system": "debian-12", "folders": ["/etc"],
        "files": {"/etc/x": ["f", 0, 0, 0]},
    }))  # fmt: skip
    found, broken = gather(caretaker.COLLECTOR, scene)
    assert not broken
    assert read(found, "caretaker/tasks.json") == {"purge": {}}
    locks = {each["path"]: each["held"] for each in read(found, "caretaker/locks.json")}
    assert locks["/var/lib/caretaker/tasks.lock"] is False
    assert [each["name"] for each in read(found, "caretaker/quarantine.json")] == ["app.pid"]
    assert read(found, "caretaker/drift.json")["image"]["system"] == "debian-12"
    assert "msgspec" in read(found, "caretaker/versions.json")["packages"]
    assert b"never" not in b"".join(found.values())


STORE = MANIFEST + '[stores.main]\npath = "{data}/app.db"\n[stores.gone]\npath = "{data}/no.db"\n'


def test_sqlite_stores_are_looked_at_by_their_owner(root: Path) -> None:
    scene, host = machine(root, manifest=STORE)
    put(root, "var/lib/shop/active/state/app.db", b"SQLite format 3\0" + bytes(100))
    put(root, "var/lib/shop/active/state/app.db-wal", bytes(64))
    host.programs[sys.executable,] = '{"sound": true, "why": "", "page_count": 2}'
    main, gone = read(gather(database.COLLECTOR, scene)[0], "database/stores.json")
    assert (main["store"], main["size"], main["wal"]) == ("main", 116, 64)
    assert main["sound"] is True
    assert gone["why"] == "there is no such file"


@pytest.mark.real
def test_a_store_is_looked_at_for_real(root: Path) -> None:
    scene, _ = machine(root, manifest=STORE)
    path = put(root, "var/lib/shop/active/state/app.db", "")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (a)")
    real = replace(scene, host=Host(root=root))
    main, _ = read(gather(database.COLLECTOR, real)[0], "database/stores.json")
    db.close()
    assert (main["sound"], main["journal_mode"], main["why"]) == (True, "wal", "")
    assert main["wal"] > 0


@pytest.mark.real
def test_the_look_at_a_store_finds_damage(root: Path) -> None:
    from agent.host.sqlite_look import look

    path = root / "app.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (a)")
        db.executemany("INSERT INTO t VALUES (?)", [(str(n) * 100,) for n in range(500)])
    db.close()
    found = look(str(path), 5.0)
    assert found["sound"] is True
    assert found["journal_mode"] == "delete"
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)
    assert look(str(path), 5.0)["sound"] is False
    (root / "fifo").symlink_to(path)
    assert look(str(root / "fifo"), 5.0)["sound"] is None


def test_statements_lose_their_constants() -> None:
    told = without_constants("SELECT *\n FROM t1 WHERE a = 'O''Neil' AND b > 17.5 AND c = $x$hi$x$")
    assert told == "SELECT * FROM t1 WHERE a = ? AND b > ? AND c = ?"
    assert without_constants("SELECT 'cut in the mid") == "SELECT ?"


def test_backups_as_the_folder_tells_them(root: Path) -> None:
    scene, _ = machine(root)
    told = read(gather(backups.COLLECTOR, scene)[0], "backups/backups.json")
    assert (told["backups"], told["last"], told["problem"]) == ([], None, "")
    put(root, "etc/shop/backup/place.json", '{"repository": "s3:https://u:pw@host/x"}')
    told = read(gather(backups.COLLECTOR, scene)[0], "backups/backups.json")
    assert told["kind"] == "restic"
    assert "pw@" not in json.dumps(told)


def test_traces_of_crashes_are_given_on_request_only(root: Path) -> None:
    assert dumps.COLLECTOR.consent
    scene, host = machine(root)
    assert gather(dumps.COLLECTOR, scene) == ({}, {})
    put(root, "var/crash/202611210800/vmcore-dmesg.txt", "panic\n")
    put(root, "var/lib/systemd/coredump/core.x", b"memory")
    put(root, "var/log/journal/abc/system.journal", "")
    host.programs["journalctl",] = "Process 7 (web) dumped core.\n"
    found, _ = gather(dumps.COLLECTOR, scene)
    assert found == {
        "crash-dumps/traces.txt": b"Process 7 (web) dumped core.\n",
        "crash-dumps/202611210800/vmcore-dmesg.txt": b"panic\n",
    }


OF_OURS = [each for each in COLLECTORS if not each.code.startswith(("journal", "logs"))]
RESCUED = [each for each in OF_OURS if each.rescue]


def code(collector: Collector) -> str:
    return collector.code


@pytest.mark.real
@pytest.mark.parametrize("collector", OF_OURS, ids=code)
def test_nothing_is_there_at_all(root: Path, collector: Collector) -> None:
    """No manifest, no program, no state: each collector ends well, and its guess is a number."""
    scene, host = machine(root, manifest="", booted=False)
    host.kernel.files.clear()
    host.network.peers[str(scene.layout.api_socket)] = FileNotFoundError()
    found, _ = gather(collector, scene)
    assert collector.guess(scene) >= 0
    assert all(name == name.lstrip("/") and ".." not in name for name in found)


@pytest.mark.parametrize("collector", RESCUED, ids=code)
def test_rescue_asks_nothing_of_this_machine(root: Path, collector: Collector) -> None:
    """On another machine's disk: no program but journalctl --directory, no /proc, no daemon."""
    scene, host = machine(root, rescue=True)
    host.kernel.files.clear()
    put(root, "var/log/journal/abc/system.journal", "")
    put(root, "etc/hostname", "shop-1\n")
    gather(collector, scene)
    assert not host.network.wires
    for argv in host.asked:
        assert argv[0] == "journalctl"
        assert f"--directory={root}/var/log/journal" in argv
