"""Secrets known by their place: of a router's word, a trace's argument, a row's neighbour."""

from __future__ import annotations

import pytest

from tests.unit.redact_secrets_stage import check, examples

SECRET = r"""
curl -sSu bob:⟦Pa55word⟧ https://x
rabbitmqadmin -u guest -p ⟦Pa55word⟧ list queues
cryptsetup open --key-file <(echo -n ⟦Pa55word⟧) /dev/sda x
openvpn --auth-user-pass <(printf '%s\n%s\n' bob '⟦Pa55word⟧')
https://x.example.org/cron.php?cron_key=⟦abcDEF123456ghi⟧
1700000000.123456 [0 10.0.0.1:999] "AUTH" "⟦hunter2x⟧"
1700000000.123456 [0 10.0.0.1:999] "HELLO" "3" "AUTH" "user" "⟦hunter2x⟧"
1700000000.123456 [0 10.0.0.1:999] "CONFIG" "SET" "requirepass" "⟦hunter2x⟧"
1700000000.123456 [0 10.0.0.1:999] "ACL" "SETUSER" "u" "on" ">⟦hunter2x⟧" "~*"
INSERT INTO settings VALUES (9,'core','smtp_password','⟦x9Kq8mmm⟧'),(10,'core','smtp_port','25');
#0 /a/b.php(12): PDO->__construct('mysql:host=db', 'app', '⟦Pa55word⟧', Array)
ALTER\040USER\040'x'@'%'\040IDENTIFIED\040BY\040'⟦Pa55word⟧';
auth: client resp=⟦AGJvYgBQYTU1d29yZDEyMw==⟧
Jenkins-Crumb: ⟦0f1e2d3c4b5a69780f1e2d3c4b5a69780f1e2d3c4b5a69780f1e2d3c4b5a6978⟧
DB_PASSWORD='⟦abc'\''def⟧' ./run
new BasicAuthenticationInterceptor("u", "⟦Pa55word⟧")
signing_key = bytes.fromhex("⟦0f1e2d3c4b5a69780f1e2d3c4b5a69780f1e2d3c4b5a6978⟧")
api_keys = ["⟦ak9f8e7d6c5b4a⟧", "⟦bk9f8e7d6c5b4a⟧"]
krbPrincipalKey:: ⟦MIG2oAMCAQGhAwIBAaIDAgEBowMCAQGkgZ8wgZwwVKAHMAWgAwIBAKFJMEegAwIB⟧
snmp-server host 10.0.0.1 version 2c ⟦C0mmun1ty⟧
 ip ospf message-digest-key 1 md5 ⟦0spfK3y⟧
    set psksecret ENC ⟦abcDEF123456ghiJKL+/==⟧
set snmp community ⟦C0mmun1ty⟧ authorization read-only
/snmp community set [ find default=yes ] name=⟦C0mmun1ty⟧
rootpwmodpw ⟦Pa55word⟧
connect app/⟦Pa55word⟧@(DESCRIPTION=(ADDRESS=(PORT=1521)))
net user bob ⟦Pa55word⟧ /add
$p = ConvertTo-SecureString '⟦Pa55word⟧' -AsPlainText -Force
MONITOR ups@localhost 1 upsmon ⟦Pa55word⟧ secondary
    tcp-check send AUTH\ ⟦Pa55word⟧\r\n
"""
BENIGN = r"""
curl -fsSLo a.tgz https://example.org/a
diff <(echo a) <(echo b)
https://x.example.org/?sort_key=name
1700000000.123456 [0 10.0.0.1:999] "SET" "key" "value"
1700000000.123456 [0 10.0.0.1:999] "CONFIG" "SET" "maxmemory" "100mb"
INSERT INTO fields VALUES (9,'core','password','Password'),(10,'core','port','25');
SELECT\0401;
Using --password via the CLI is insecure. Use --password-stdin.
> POST /v1/token HTTP/1.1
: "${DB_PASSWORD:?must be set}"
smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd
nginx['ssl_certificate_key'] = "/etc/gitlab/ssl/#{node['fqdn']}.key"
ALTER ROLE x WITH LOGIN PASSWORD NULL;
password_query = SELECT userid AS user, password FROM users WHERE userid = '%u'
private_key = <<EOT
snmp-server host 10.0.0.1 traps
snmp-server location Room 1
 ip ospf cost 10
set password-expire 90
MONITOR ups@localhost 1
net user bob /active:yes
$p = ConvertTo-SecureString $plain -AsPlainText -Force
tcp-check send PING\r\n
audit: cmd=6C73202D6C61 x
"credHelpers": {"gcr.example.org": "gcr-login"}
"""


@pytest.mark.parametrize("example", examples(SECRET))
def test_what_is_marked_goes_and_the_rest_stays(example: str) -> None:
    check(example)


@pytest.mark.parametrize("example", examples(BENIGN))
def test_what_is_none_stays(example: str) -> None:
    check(example)


def test_a_login_within_a_configuration() -> None:
    check("<auth-user-pass>\nbob\n⟦Pa55word1⟧\n</auth-user-pass>\n<ca>\nnone\n</ca>")
