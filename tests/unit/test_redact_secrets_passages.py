"""Secrets over lines: keys, rows, statements and their parameters; and numbers."""
# ruff: noqa: E501 -- an example is one line, however long

from __future__ import annotations

import pytest

from tests.unit.redact_secrets_stage import check, redact


def test_keys_over_lines_go_and_certificates_stay() -> None:
    check(
        r"""-----‡BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-256-CBC,ABCDEF
⟦MIIEpAIBAAKCAQEA1234567890abcdefMIIEpAIBAAKCAQEA1234567890abcdef⟧
⟦abc=⟧
-----END RSA PRIVATE KEY-----
after
2024-01-01 10:00:00 app[12]: -----‡BEGIN PRIVATE KEY-----
2024-01-01 10:00:00 app[12]: ⟦MIIEpAIBAAKCAQEA1234567890abcdefMIIEpAIBAAKCAQEA1234567890abcdef⟧
2024-01-01 10:00:01 app[12]: ⟦abc=⟧
2024-01-01 10:00:01 app[12]: -----END PRIVATE KEY-----
2024-01-01 10:00:01 app[12]: started
2024-01-01 10:00:00 app[12]: -----‡BEGIN PRIVATE KEY-----
2024-01-01 10:00:00 app[12]: ⟦MIIEpAIBAAKCAQEA1234567890abcdefMIIEpAIBAAKCAQEA1234567890abcdef⟧
2024-01-01 10:00:01 app[12]: next request done
-----‡BEGIN CERTIFICATE-----
MIIEpAIBAAKCAQEA1234567890abcdefMIIEpAIBAAKCAQEA1234567890abcdef
-----END CERTIFICATE-----
⟦MIIEpAIBAAKCAQEA1234567890abcdefMIIEpAIBAAKCAQEA1234567890abcdef⟧
⟦MIIEpAIBAA1=⟧
-----END RSA PRIVATE KEY-----
Private-Lines: 2
⟦AAAAgQCabcdefghijklmnopqrstuvwxyz0123456789AAAAgQCabcdefghijklmn⟧
⟦abc=⟧
Private-MAC: ⟦0123456789012345678901234567890123456789⟧
    "-----‡BEGIN RSA PRIVATE KEY-----\n" +
    "⟦MIIEpAIBAAKCAQEA1234567890abcdefMIIEpAIBAAKCAQEA1234567890abcdef⟧\n" +
    "-----END RSA PRIVATE KEY-----\n";"""
    )


def test_rows_and_parameters_go_by_their_columns() -> None:
    check(
        r"""ALTER USER bob WITH ENCRYPTED PASSWORD '⟦it''s⟧';
CREATE USER 'bob'@'%' IDENTIFIED BY '⟦p\'w⟧';
CREATE USER bob IDENTIFIED BY ⟦Tiger123⟧;
SET PASSWORD FOR 'bob'@'localhost' = PASSWORD('⟦abc def⟧');
ALTER LOGIN sa WITH PASSWORD = ⟦N'abc!⟧';
LOG:  statement: UPDATE users SET password = '⟦x''y⟧' WHERE id = 1
INSERT INTO users (id, name, password, email) VALUES (1, 'bob', '⟦hunter2⟧', 'b@x'), (2, 'eve, x', '⟦a''b(c⟧', NULL);
insert into settings (name, value) values ('smtp_password', '⟦abc⟧'), ('theme', 'dark');
COPY public.users (id, name, password_hash, email) FROM stdin;
1	bob	⟦abcdef⟧	b@x
2	eve	\N	e@x
\.
3	x	y	z
INSERT INTO `users` (`id`,`api_token`) VALUES
(1,'⟦abc⟧'),
(2,'⟦def⟧');
LOG:  execute <unnamed>: INSERT INTO users (name, password) VALUES ($1, $2)
DETAIL:  parameters: $1 = 'bob', $2 = '⟦hunter2⟧'
LOG:  execute S_1: SELECT * FROM users WHERE token = $1 AND id = $2
DETAIL:  parameters: $1 = '⟦abc⟧', $2 = '5'
[["email", "b@x"], ["encrypted_password", "⟦abc def⟧"]]
INFO sqlalchemy.engine INSERT INTO users (name, password) VALUES (?, ?)
INFO sqlalchemy.engine [generated in 0.00012s] ('bob', '⟦hunter2⟧')
insert into users (name, password) values (?, ?)
binding parameter [1] as [VARCHAR] - [bob]
binding parameter [2] as [VARCHAR] - [⟦hunter2⟧]
id,username,password,email
1,bob,⟦hunter2⟧,b@x
2,eve,"⟦a,b ""c""⟧",e@x
done
 id | name | password
----+------+----------
  1 | bob  | ⟦hunter2⟧
(1 row)
| id | api_token |
+----+-----------+
|  1 | ⟦abc123def⟧ |
"""
    )


def test_a_bare_number_in_json_gets_quotes() -> None:
    line = b'{"pin": 1234, "password": 99887766, "a": 1}'
    assert redact(line) == b'{"pin": "REDACTED-keyed", "password": "REDACTED-keyed", "a": 1}'


def test_the_numbers_of_the_journal_stay_numbers() -> None:
    numbers = ",".join(str(byte) for byte in b"login password=hunter2 ok")
    clean = ",".join(str(byte) for byte in b"login password=REDACTED-keyed ok")
    assert redact(b'{"MESSAGE":[%b]}' % numbers.encode()) == b'{"MESSAGE":[%b]}' % clean.encode()


def test_a_title_of_a_process_stays_hex() -> None:
    title = b"mysql\0-psecret1".hex().upper().encode()
    clean = b"mysql -pREDACTED-command".hex().upper().encode()
    assert redact(b"proctitle=%b" % title) == b"proctitle=%b" % clean


BLOCKS = r"""
username;password;role
bob;⟦hunter2⟧;admin
eve;"⟦a;b⟧";user
===
"id","api_key","name"
"1","⟦abc⟧","x"
"2","⟦de,f⟧","y"
===
user	password	host
bob	⟦hunter2⟧	x
===
+----+----------+
| id | password |
+----+----------+
|  1 | ⟦hunter2⟧  |
+----+----------+
===
INSERT INTO users
  (id, name, password)
VALUES
  (1, 'bob', '⟦hunter2⟧'),
  (2, 'eve', '⟦a''b⟧');
===
INSERT INTO users (id, password) VALUES (1,
 '⟦hunter2⟧');
===
MESSAGE=login ok for bob
_CMDLINE=mysql -p⟦hunter2⟧ x
===
*************************** 1. row ***************************
      id: 1
password: ⟦hunter2⟧
===
expect "Password:"
send "⟦hunter2⟧\r"
===
mysql -u root \
  --password=⟦hunter2⟧ \
  db
===
docker run \
  -e DB_PASSWORD=⟦hunter2⟧ \
  img
===
2026-01-01 x[1]: -----BEGIN ‡RSA PRIVATE KEY-----
2026-01-01 x[1]: ⟦MIIEpAIBAAKCAQEA1234567890abcdefMIIEpAIBAAKCAQEA1234567890abcdef⟧
2026-01-01 x[1]: ⟦MIIEpAIBAAKCAQEA1234567890abcdefMIIEpAIBAAKCAQEA1234567890abcdef⟧
2026-01-01 x[1]: ready
===
{"t":1,"m":"-----BEGIN ‡PRIVATE KEY-----"}
{"t":2,"m":"⟦MIIEpAIBAAKCAQEA1234567890abcdefMIIEpAIBAAKCAQEA1234567890abcdef⟧"}
{"t":3,"m":"⟦abc=⟧"}
{"t":4,"m":"-----END ‡PRIVATE KEY-----"}
===
sqlalchemy.engine.Engine INSERT INTO users (name, password) VALUES (%(name)s, %(password)s)
sqlalchemy.engine.Engine [generated in 0.0001s] {'name': 'bob', 'password': '⟦hunter2⟧'}
===
Hibernate: update users set password=?, name=? where id=?
o.h.type.descriptor.sql.BasicBinder : binding parameter [1] as [VARCHAR] - [⟦hunter2⟧]
o.h.type.descriptor.sql.BasicBinder : binding parameter [2] as [VARCHAR] - [bob]
===
SQL (0.4ms)  UPDATE "users" SET "encrypted_password" = $1 WHERE "users"."id" = $2  [["encrypted_password", "⟦abc⟧"], ["id", 1]]
===
LOG:  execute fetch: UPDATE users SET name = $1, password = $2 WHERE id = $3
DETAIL:  parameters: $1 = 'b', $2 = '⟦x''y⟧', $3 = '1'
"""


@pytest.mark.parametrize("example", BLOCKS.strip("\n").split("\n===\n"))
def test_what_is_marked_goes_over_lines(example: str) -> None:
    check(example)
