"""Secrets beside a user, in a call's arguments, behind a map or a login module; and what is none."""
# ruff: noqa: E501 -- an example is one line, however long

from __future__ import annotations

import pytest

from tests.unit.redact_secrets_stage import check, examples

SECRET = r"""
Unseal Key 1: ⟦q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=⟧
Config { user: "bob", api_key: Some("⟦k-9f8e7d6c5b⟧"), retries: 3 }
WARN basic auth ⟦dXNlcjpwYXNzd29yZDE=⟧ was refused
client.SetBasicAuth("svc", "⟦Pa55word⟧")
new NetworkCredential("svc", "⟦Pa55word⟧")
login attempt: bob/⟦Pa55word!1⟧
Login: admin / ⟦Pa55word!1⟧
auth failed for bob/⟦Pa55word!1⟧ from 10.0.0.4
pin for the safe: ⟦68231899⟧
const a = process.env.JWT_SECRET || "⟦Pa55word!⟧";
getConnection("jdbc:postgresql://db/x", "app", "⟦Pa55word⟧")
new PDO('mysql:host=db', 'app', '⟦Pa55word⟧')
x:auth("⟦Pa55word⟧")
connect app/⟦Pa55word⟧@//db01:1521/ORCL
rclone --password-command "echo ⟦Pa55word⟧"
ssl_passphrase_command = 'echo ⟦Pa55word⟧'
secure_link_md5 "$secure_link_expires$uri ⟦Pa55word⟧";
routing_key: ⟦0f1e2d3c4b5a69780f1e2d3c4b5a6978⟧
tacacs-server key ⟦T4cacsKey⟧
ntp authentication-key 1 md5 ⟦Nt9Key⟧
rename-command CONFIG ⟦b840fc02d524045429941cc15f59e41cb7be6c52⟧
"""
BENIGN = r"""
    checksum/secret: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
2026-11-21 10:00:00 status installed passwd:amd64 1:4.13+dfsg1-1
read -r -s -p "Password: " answer
wpa_key_mgmt=WPA-PSK SAE
# requirepass foobared
challengePassword = A challenge password
private_key = $dir/private/cakey.pem # The private key
rename-command CONFIG CONFIG_OLD
auth mode set to token for web
login attempt: 3/5
login attempts: bob/3
Login at 10:00:01: ok / 200
basic auth credentials missing
routing_key: orders.created
password_manager || "none"
const driver = process.env.DB_DRIVER || "postgres";
getConnection("jdbc:postgresql://db/x", user, password)
x.login("bob", password)
smtp.login(user, "{0}")
pin 4 of connector 12 is high: 4711
deploy shop/web@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
tacacs-server host 10.0.0.1
ssl_passphrase_command = 'cat /run/pass'
smtp://alice.smith1984@example.org@mail.example.org:25
"""


@pytest.mark.parametrize("example", examples(SECRET))
def test_what_is_marked_goes_and_the_rest_stays(example: str) -> None:
    check(example)


@pytest.mark.parametrize("example", examples(BENIGN))
def test_what_is_none_stays(example: str) -> None:
    check(example)


PASSAGES = (
    """map $http_authorization $ok {
    default 0;
    "Bearer ⟦tk_9f8e7d6c5b4a⟧" 1;
}""",
    """map $http_x_api_key $client {
    "⟦ak-9f8e7d6c5b4a1234⟧" "mobile";
    ⟦ak9f8e7d6c5b4a5678⟧ web;
}
map $uri $new {
    /old1.html /new2.html;
}""",
    """KafkaServer {
   org.apache.kafka.common.security.plain.PlainLoginModule required
   username="admin"
   user_admin="⟦admin-s3cret⟧"
   user_alice="⟦alice-s3cret⟧";
};
user_agent="Mozilla/5.0"
""",
)


@pytest.mark.parametrize("example", PASSAGES)
def test_passages(example: str) -> None:
    check(example)
