"""What is harvested: the appliance's own secrets, from all places it keeps them, and no words."""

import base64
import json
import os
from pathlib import Path

import pytest

from agent.layout import Layout
from agent.manifest.reader import parse
from support.redact.known import places
from support.redact.known.harvest import harvest, harvest_folder
from support.redact.known.values import KnownValues
from support.redact.known.worth import is_telling

BIRDS = {
    name: f"{name[:2]}7Qx{number:02}Rv9{name[-2:].upper()}tK4w"
    for number, name in enumerate(
        (
            *("secret", "changing", "environment", "toml", "json", "url", "settings", "database"),
            *("backup", "token", "credential", "elsewhere", "pgpass", "cloud", "release", "unit"),
            *("foreign", "dotenv", "process"),
        )
    )
}


def put(root: Path, path: str, content: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)


@pytest.fixture
def machine(tmp_path: Path) -> Layout:
    put(tmp_path, "etc/shop/secrets/db_password", f"{BIRDS['secret']}\n")
    put(tmp_path, "etc/shop/secrets/.db_password.next", f"{BIRDS['changing']}\n")
    put(tmp_path, "etc/shop/env/web.env", f"API_TOKEN={BIRDS['environment']}\nMODE=live\n")
    put(tmp_path, "etc/shop/shop.toml", f'[db]\npassword = "{BIRDS["toml"]}"\nname = "shop"\n')
    put(tmp_path, "etc/shop/more/a.json", json.dumps({"clientSecret": BIRDS["json"], "ttl": 60}))
    put(tmp_path, "etc/shop/urls.conf", f"broker = amqp://w:{BIRDS['url']}@mq.example/\n")
    put(tmp_path, "etc/caretaker/settings.toml", f'smtp_password = "{BIRDS["settings"]}"\n')
    put(
        tmp_path,
        "var/lib/shop/deployments/3/database.json",
        json.dumps({"url": f"postgres://shop:{BIRDS['database']}@10.0.0.9/shop"}),
    )
    put(tmp_path, "var/lib/caretaker/backup/password", f"{BIRDS['backup']}\n")
    put(tmp_path, "run/caretaker/api.token", f"{BIRDS['token']}\n")
    put(tmp_path, "run/credentials/shop.service/license", BIRDS["credential"])
    put(tmp_path, "etc/other/daemon.conf", f"requirepass {BIRDS['elsewhere']}\n"
        f"auth_token = {BIRDS['elsewhere']}\n")  # fmt: skip
    put(tmp_path, "var/lib/shop/.pgpass", f"db:5432:shop:shop:{BIRDS['pgpass']}\n")
    put(tmp_path, "var/lib/cloud/instance/user-data.txt",
        f"#cloud-config\nwrite_files:\n- content: PASSWORD={BIRDS['cloud']}\n")  # fmt: skip
    put(tmp_path, "opt/shop/releases/1-abc/config.ini", f"[a]\nsecret_key = {BIRDS['release']}\n")
    put(tmp_path, "etc/systemd/system/x.service",
        f'[Service]\nEnvironment="X_PASSWORD={BIRDS["unit"]}"\n')  # fmt: skip
    put(tmp_path, "etc/foreign/secrets/db", f"{BIRDS['foreign']}\n")
    put(tmp_path, "opt/foreign/.env", f"SECRET_KEY={BIRDS['dotenv']}\n")
    put(tmp_path, "proc/4711/environ", f"HOME=/root\0DB_PASSWORD={BIRDS['process']}\0")
    put(tmp_path, "etc/hostname", "shop-vm-7f3a9c21\n")
    return Layout(tmp_path, "shop")


def holds(values: KnownValues, text: str) -> bool:
    return bool(values.spans(f"before {text} after".encode()))


def test_every_place_is_looked_into_without_a_manifest(machine: Layout) -> None:
    values = harvest(machine, None)
    assert [name for name, bird in BIRDS.items() if not holds(values, bird)] == []


def test_what_is_harvested_is_found_encoded(machine: Layout) -> None:
    values = harvest(machine, None)
    for bird in BIRDS.values():
        assert holds(values, base64.b64encode(f"x:{bird}:y".encode()).decode())
        assert holds(values, bird.encode().hex())


def test_ordinary_words_of_the_same_files_are_not_harvested(machine: Layout) -> None:
    values = harvest(machine, None)
    text = "shop live mode db 5432 license daemon 60 shop-vm-7f3a9c21 10.0.0.9 mq.example password"
    assert values.spans(text.encode()) == []


def test_origins_name_the_place_and_never_the_value(machine: Layout) -> None:
    values = harvest(machine, None)
    said = " ".join([repr(values), *values.origins()])
    assert "a secret of the appliance (/etc/shop/secrets/db_password)" in values.origins()
    assert not any(bird in said for bird in BIRDS.values())


def test_lines_of_private_keys_are_known_one_by_one(tmp_path: Path) -> None:
    body = base64.b64encode(os.urandom(144)).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    key = "\n".join(["-----BEGIN " + "PRIVATE KEY-----", *lines, "-----END " + "PRIVATE KEY-----"])
    put(tmp_path, "etc/shop/tls/web/current/key.pem", key)
    values = harvest(Layout(tmp_path, "shop"), None)
    assert all(holds(values, line) for line in lines)
    assert holds(values, base64.b64encode(lines[1].encode()).decode())
    assert not holds(values, "-----BEGIN " + "PRIVATE KEY-----")


@pytest.mark.real
def test_environments_of_the_services_processes_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = parse(
        '[appliance]\nname = "shop"\nversion = "1"\n[services.web]\ncommand = ["/x"]\n'
    )
    asked: list[str] = []

    def processes(group: str) -> list[int]:
        asked.append(group)
        return [os.getpid(), 4_000_000]

    monkeypatch.setattr(places, "processes_in", processes)
    (found,) = places._processes(manifest)
    assert asked == ["/system.slice/shop-web.service"]
    assert found.origin == "the environment of web"
    assert b"PATH=" in found.content
    assert b"\0" not in found.content


def test_neither_links_nor_special_files_are_opened(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    put(outside, "a.conf", f"password = {BIRDS['secret']}\n")
    root = tmp_path / "root"
    (root / "etc/shop").mkdir(parents=True)
    (root / "etc/shop/linked").symlink_to(outside)
    (root / "etc/shop/a.conf").symlink_to(outside / "a.conf")
    os.mkfifo(root / "etc/shop/pipe.conf")
    assert len(harvest(Layout(root, "shop"), None)) == 0


def test_a_folder_teaches_by_its_configuration_and_not_by_its_logs(tmp_path: Path) -> None:
    put(tmp_path, "a/settings.yaml", f"db:\n  password: {BIRDS['secret']}\n")
    put(tmp_path, "a/.env", f"TOKEN={BIRDS['token']}\n")
    put(tmp_path, "a/app.log", f"2026-01-02 INFO password={BIRDS['url']}\n")
    values = harvest_folder(tmp_path)
    assert holds(values, BIRDS["secret"])
    assert holds(values, BIRDS["token"])
    assert not holds(values, BIRDS["url"])


@pytest.mark.parametrize(
    "value",
    [
        *("aB3dE5gH7jK9", "deadbeefcafe0123deadbeef", "p4s5W", "Winter2024!"),
        *("amber-canyon-otter-42", "amber anchor beacon falcon", "Tr0ub4dor&3"),
        "0d4f8a1c-1111-4222-8333-444455556666",
        *("x" * 9 + "Q7" + "y" * 9, "9182736450", "hunter-2-Zq%"),
        *("/rnBYB3cXs5pNDqjS3ImpD1S", "UPmt98nj(u9ogIbbc-QMf3>h>tI", "uBZ7:/DpX%@vw^jU%rn"),
        *("c1057(Utr]>no@fd'=9%b)s9K>]t", 'ZHjW(5FLYy("j~|),iX2'),
        *("maple horse falcon", "øzаçåDåäçvdnрMdñTо"),
    ],
)  # fmt: skip
def test_what_is_long_and_mixed_is_searched_for(value: str) -> None:
    assert is_telling(value.encode())


@pytest.mark.parametrize(
    "value",
    [
        *("", "abc", "password", "secret", "changeme", "changeme123", "postgres", "postgres15"),
        *("localhost", "true", "12345678", "20261105", "192.168.1.17", "fe80::1", "1.24.3-rc1"),
        *("/etc/shop/key.pem", "tls/key.pem", "db1.corp.example", "jo@corp.example", "node-12"),
        *("eu-central-1", "ledgerly-db-credentials", "https://example.net/a1", "${DB_PASSWORD}"),
        *("scram-sha-256", "AES-256-GCM", "2026-11-05", "hunter2", "Page2", "the quick brown fox"),
        *("django.contrib.auth.hashers.Argon2PasswordHasher", "sha256:0123456789abcdef01234567"),
        *("file:/etc/shop/key", "/usr/lib/x86_64/libFoo7.so", "getSecret2(envName"),
        *("REDACTED-keyed", "***********", "correcthorsebattery"),
    ],
)  # fmt: skip
def test_words_names_numbers_and_references_are_not(value: str) -> None:
    assert not is_telling(value.encode())


def test_the_machines_own_names_are_not() -> None:
    assert is_telling(b"shop7Vm9x2")
    assert not is_telling(b"Shop7Vm9x2", frozenset([b"shop7vm9x2"]))


PHRASE = "correct horse battery"


@pytest.mark.parametrize(
    "path", ["etc/shop/secrets/key", "var/lib/caretaker/backup/password", "run/caretaker/api.token"]
)
def test_what_is_a_secret_for_certain_is_known_whatever_it_looks_like(
    tmp_path: Path, path: str
) -> None:
    put(tmp_path, path, f"{PHRASE}\n")
    values = harvest(Layout(tmp_path, "shop"), None)
    assert holds(values, PHRASE)
    assert holds(values, base64.b64encode(PHRASE.encode()).decode())
    assert holds(values, "correct%20horse%20battery")
    assert values.scan().feed(PHRASE.encode()) is not None
    assert values.passed == ()


def test_one_that_is_too_short_or_a_name_is_told_and_not_searched_for(tmp_path: Path) -> None:
    put(tmp_path, "etc/shop/secrets/pin", "4711\n")
    put(tmp_path, "etc/shop/secrets/host", "shop-vm-7\n")
    put(tmp_path, "etc/hostname", "shop-vm-7\n")
    values = harvest(Layout(tmp_path, "shop"), None)
    assert not holds(values, "4711")
    assert not holds(values, "shop-vm-7")
    assert sorted(values.passed) == [
        "a secret of the appliance (/etc/shop/secrets/host)",
        "a secret of the appliance (/etc/shop/secrets/pin)",
    ]


def test_a_document_below_the_secrets_is_not_taken_line_by_line(tmp_path: Path) -> None:
    account = json.dumps({"type": "service_account", "client_secret": BIRDS["json"]}, indent=1)
    put(tmp_path, "etc/shop/secrets/account", account)
    values = harvest(Layout(tmp_path, "shop"), None)
    assert not holds(values, '"type": "service_account",')
    assert holds(values, BIRDS["json"])
