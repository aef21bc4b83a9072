"""Faults about secrets in files: keys, tokens, credentials of programs, passwords as values."""

from __future__ import annotations

import base64
import json

from bench.certify import made_up
from bench.certify.made_up import digits, packed, pem, token, word
from bench.certify.planting import Fault, Write

_AWS = token("AK" + "IA", 0) + word(16, 7, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_JWT = ".".join(
    base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
    for part in ('{"alg":"HS256","typ":"JWT"}', '{"sub":"build","role":"admin"}', word(32))
)


def _file(name: str, rule: str, path: str, content: str | bytes, mode: int = 0o600) -> Fault:
    return Fault(name, rule, (Write(path, content, mode),))


KEYS = (
    _file("root-private-key", "KEY-01", "/root/.ssh/id_ed25519", pem()),
    _file("encrypted-key", "KEY-01", "/opt/shop/deploy_key", pem("RSA ", sealed=True)),
    _file("key-in-json", "KEY-01", "/etc/shop/sign.json", json.dumps({"key": pem("EC ")})),
    _file(
        "key-in-base64", "KEY-01", "/etc/shop/k8s.yaml", f"data:\n  tls.key: {packed(pem(''))}\n"
    ),
    _file("key-in-archive", "KEY-01", "/srv/etc-backup.tar.gz", made_up.tarred("etc/x.key", pem())),
    _file(
        "putty-key",
        "KEY-01",
        "/home/login.txt",
        f"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n{word(64)}\n",
    ),
    _file(
        "der-key",
        "KEY-01",
        "/etc/shop/server.bin",
        b"\x30\x82\x04\xbe\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
        + word(1200).encode(),
    ),
    _file(
        "wireguard-key",
        "KEY-01",
        "/etc/wireguard/wg0.conf",
        f"[Interface]\nPrivateKey = {word(43)}=\nAddress = 10.9.0.2/32\n",
    ),
    _file(
        "application-tls-key",
        "KEY-01",
        "/etc/shop/tls/server.pem",
        "-----BEGIN CERTIFICATE-----\n" + word(64) + "\n-----END CERTIFICATE-----\n" + pem(""),
    ),
    _file(
        "google-service-account",
        "KEY-01",
        "/opt/shop/gcp.json",
        json.dumps({"type": "service_account", "private_key_id": digits(40), "private_key": "x"}),
    ),
    _file("java-keystore", "KEY-02", "/opt/shop/conf/server.jks", b"\xfe\xed\xfe\xed" + b"x" * 900),
    _file("pkcs12", "KEY-02", "/etc/shop/client.p12", b"\x30\x82\x0a\x00\x02\x01\x03" + b"x" * 900),
    _file(
        "gnupg-home",
        "KEY-02",
        f"/root/.gnupg/private-keys-v1.d/{digits(40).upper()}.key",
        b"(21:protected-private-key(3:rsa",
    ),
    _file(
        "letsencrypt",
        "KEY-04",
        "/etc/letsencrypt/archive/shop.example/fullchain1.pem",
        "-----BEGIN CERTIFICATE-----\n",
    ),
    _file("snakeoil", "KEY-04", "/etc/ssl/private/ssl-cert-snakeoil.key", pem("")),
    _file("acme-json", "KEY-04", "/opt/traefik/acme.json", '{"le": {"Account": {}}}'),
)
PROGRAMS = (
    _file(
        "aws-credentials",
        "KEY-05",
        "/root/.aws/credentials",
        f"[default]\naws_access_key_id = x\naws_secret_access_key = {word(40)}\n",
    ),
    _file("netrc", "KEY-05", "/root/.netrc", f"machine git.corp login ci password {word(20)}\n"),
    _file("pgpass", "KEY-05", "/var/lib/postgresql/.pgpass", f"db:5432:*:shop:{word(16)}\n"),
    _file(
        "docker-login",
        "KEY-05",
        "/root/.docker/config.json",
        json.dumps({"auths": {"ghcr.example": {"auth": packed("ci:" + word(20))}}}),
    ),
    _file(
        "kubeconfig", "KEY-05", "/root/.kube/config", f"users:\n- user:\n    token: {word(40)}\n"
    ),
    _file(
        "git-credentials",
        "KEY-05",
        "/root/.git-credentials",
        f"https://ci:{word(24)}@git.example\n",
    ),
    _file("npmrc", "KEY-05", "/root/.npmrc", f"//registry.example/:_authToken={word(36)}\n"),
    _file(
        "gcloud", "KEY-05", "/root/.config/gcloud/credentials.db", b"SQLite format 3\0" + b"x" * 99
    ),
    _file("azure-cli", "KEY-05", "/root/.azure/msal_token_cache.json", '{"AccessToken": {}}'),
    _file("pypirc", "KEY-05", "/root/.pypirc", f"[pypi]\nusername = x\npassword = {word(30)}\n"),
    _file(
        "smtp-password", "KEY-05", "/etc/postfix/sasl_passwd", f"[mx.example]:587 ci:{word(16)}\n"
    ),
    _file(
        "wifi-password",
        "KEY-05",
        "/etc/NetworkManager/system-connections/lab.nmconnection",
        "[wifi-security]\npsk=" + word(12) + "\n",
    ),
)
TOKENS = (
    _file(
        "aws-key-in-script",
        "KEY-06",
        "/usr/local/bin/backup",
        f"#!/bin/sh\nexport AWS_ACCESS_KEY_ID={_AWS}\naws s3 sync /srv s3://x\n",
        0o755,
    ),
    _file("github-token", "KEY-06", "/opt/shop/Makefile.local", token("gh" + "p_", 36)),
    _file(
        "slack-webhook",
        "KEY-06",
        "/etc/shop/alerts.conf",
        "url: https://hooks.slack" + f".com/services/T{word(9, 1, 'ABCDEFGH0123')}/"
        f"B{word(9, 2, 'ABCDEFGH0123')}/{word(24)}\n",
    ),
    _file("jwt", "KEY-06", "/opt/shop/license.txt", _JWT),
    _file(
        "token-in-sqlite",
        "KEY-06",
        "/var/lib/shop/app.db",
        b"SQLite format 3\0" + b"\0" * 500 + token("xo" + "xb-", 40, 3).encode() + b"\0" * 100,
    ),
    _file(
        "token-in-utf16",
        "KEY-06",
        "/home/notes.txt",
        ("key: " + token("gl" + "pat-", 20, 4) + "\r\n").encode("utf-16"),
    ),
    _file(
        "token-in-rotated-log",
        "KEY-06",
        "/var/log/shop/debug.log.2.gz",
        made_up.gzipped("POST /v1 Authorization: Bearer " + word(48) + "\n"),
    ),
    _file(
        "payment-key", "KEY-06", "/srv/shop/.env.production", "STRIPE=" + token("sk_" + "live_", 24)
    ),
    _file(
        "gitlab-token", "KEY-06", "/root/.config/run.toml", "t='" + token("gl" + "pat-", 20) + "'"
    ),
    _file(
        "azure-sas",
        "KEY-06",
        "/etc/shop/upload.sh",
        f"curl 'https://x.blob.example/c?sv=2024&sp=rw&sig={word(43)}%3D'\n",
    ),
)
VALUES = (
    _file(
        "database-url",
        "KEY-07",
        "/etc/shop/db.toml",
        f'url = "postgresql://shop:{word(16)}@10.0.0.5/shop"\n',
    ),
    _file(
        "git-remote-token",
        "KEY-07",
        "/opt/shop/.git/config",
        f"[remote]\n url = https://oauth2:{word(20)}@git.example/shop.git\n",
    ),
    _file(
        "proxy-password",
        "KEY-07",
        "/etc/environment",
        f"http_proxy=http://me:{word(9)}@proxy:3128\n",
    ),
    _file(
        "pip-index-password",
        "KEY-07",
        "/etc/pip.conf",
        f"[global]\nindex-url = https://ci:{word(20)}@pypi.corp.example/simple\n",
    ),
    _file("env-file-secret", "KEY-08", "/opt/shop/.env", f"SECRET_KEY={word(32)}\n"),
    _file(
        "unit-environment-secret",
        "KEY-08",
        "/etc/systemd/system/shop.service.d/db.conf",
        f"[Service]\nEnvironment=DB_PASSWORD={word(14)}\n",
    ),
    _file(
        "compose-secret",
        "KEY-08",
        "/opt/shop/docker-compose.yml",
        f"services:\n  db:\n    environment:\n      MYSQL_PASSWORD: {word(12)}\n",
    ),
    _file(
        "wp-config",
        "KEY-08",
        "/var/www/html/wp-config.php",
        f"<?php define( 'DB_PASSWORD', '{word(14)}' );\n",
    ),
    _file("django-key", "KEY-08", "/srv/site/settings.py", f"SECRET_KEY = '{word(50)}'\n"),
    _file("etc-environment-secret", "KEY-08", "/etc/environment", f'API_TOKEN="{word(32)}"\n'),
    _file("terraform-vars", "KEY-08", "/opt/infra/prod.tfvars", f'client_secret = "{word(34)}"\n'),
    _file(
        "smb-mount-password",
        "KEY-08",
        "/etc/shop/smb.credentials",
        f"username=svc\npassword={word(10)}\n",
    ),
    _file("notes-with-password", "KEY-08", "/root/notes.txt", f"admin password: {word(12)}\n"),
    _file("readable-key", "MODE-04", "/etc/ssl/private/shop.key", pem(""), 0o644),
    _file("readable-env", "MODE-04", "/opt/shop/.env", f"SECRET_KEY={word(32)}\n", 0o644),
)
FAULTS = (*KEYS, *PROGRAMS, *TOKENS, *VALUES)
