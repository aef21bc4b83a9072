"""CSV, printed tables and SQL dumps: the column's name condemns its fields."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.redact.formats import csv_files, sql_dumps
from tests.unit.redact_formats_stage import claimed, cut, redacted, told

CASES = {
    "var/users.csv": """
id,user,password,token_count,"api_key",note
1,bob,⟦hunter2⟧,17,"⟦a ""b"", c⟧",password is old
2,eve,"⟦x
y⟧",3,,none
3,kim,,4,null,"a, b"
""",
    "var/users.tsv": """
name\tpassword_hash\tcity
bob\t⟦$2b$10$abcdefghijklmnopqrstuv⟧\tRome
""",
    "var/semicolons": """
user;secret;rank
bob;⟦geheim⟧;1
eve;"⟦a;b⟧";2
""",
    "var/settings.csv": """
name,value,updated
smtp_password,⟦abc⟧,2026-01-01
smtp_host,mail,2026-01-01
""",
    "var/psql.txt": """
 id | username |  password  | age
----+----------+------------+-----
  1 | bob      | ⟦hun ter2⟧   |  17
(1 row)
""",
    "var/mysql.txt": """
+----+------+----------+
| id | user | password |
+----+------+----------+
|  1 | bob  | ⟦hunter2⟧  |
+----+------+----------+
""",
    "dump.sql": """
-- MySQL dump 10.13
CREATE TABLE `users` (
  `id` int NOT NULL,
  `name` varchar(20) DEFAULT NULL,
  `password` varchar(60),
  PRIMARY KEY (`id`)
);
INSERT INTO `users` VALUES (1,'bob','⟦a\\'b, (c⟧'),(2,'it''s; x','⟦p''q⟧'),(3,'z',NULL);
INSERT INTO cfg (k, token_secret, n) VALUES
  ('a', '⟦s1⟧', 5),
  ('b', E'⟦s2⟧', 6);
INSERT INTO settings (name, value) VALUES ('smtp_password', '⟦s3⟧'), ('smtp_port', '25');
CREATE USER 'bob'@'%' IDENTIFIED BY '⟦pw1⟧';
ALTER USER eve IDENTIFIED WITH mysql_native_password AS '⟦*94BDCEBE19083CE2A1F959FD⟧';
UPDATE users SET name = 'x', password = '⟦pw2⟧' WHERE id = 1;
SELECT password FROM users WHERE name = 'bob';
""",
    "pg.sql": """
-- PostgreSQL database dump
CREATE ROLE app WITH LOGIN PASSWORD '⟦SCRAM-SHA-256$4096:abc$def:ghi⟧' VALID UNTIL 'infinity';
COPY public.users (id, name, password, age) FROM stdin;
1\tbob\t⟦hunter2⟧\t7
2\teve\t\\N\t8
\\.
COPY public.other (id, name) FROM stdin;
1\tpassword
\\.
INSERT INTO p (path, secret) VALUES ('C:\\', '⟦x\\⟧');
CREATE USER MAPPING FOR bob SERVER s OPTIONS (user 'u', password '⟦pw⟧');
""",
    "users.sql": """
-- MySQL dump 10.13
INSERT INTO `users` VALUES (1,'bob','b@example.org','⟦5f4dcc3b5aa765d61d8327deb882cf99⟧','x');
INSERT INTO `wp_users` VALUES (1,'bob','⟦$P$Babcdefghij1234567890⟧','http://a.example/Bob1','2026-01-01');
INSERT INTO `files` VALUES (1,'a.tar','5f4dcc3b5aa765d61d8327deb882cf99');
""",
}


@pytest.mark.parametrize("name", CASES)
def test_redacts(name: str) -> None:
    before, after = told(CASES[name].removeprefix("\n"))
    assert redacted(name, before) == after


BENIGN = {
    "": "the password, the token, the key\nIf they are wrong, it stops.\nOne, two, three, four.\n",
    "notes.txt": "Dear all, the password was changed\nand so on, and so on\n",
    "log.txt": "a, b\n1, 2\n",
    "a.csv": "",
    "b.csv": "id,count\n1,2\n",
}


@pytest.mark.parametrize("name", BENIGN)
def test_leaves_alone(name: str) -> None:
    data = BENIGN[name].encode()
    assert cut(data, claimed(name, data)[1]) == data


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=9)
TRICKY = st.tuples(TEXT, st.sampled_from(("", '"', ",", "\n", "\r\n", ";", "'"))).map("".join)
ROW = st.tuples(TRICKY, TRICKY.map(lambda text: f"Z9{text.replace(' ', '_')}q7"), TRICKY)


@given(
    st.lists(ROW, min_size=1),
    st.sampled_from(",;\t|"),
    st.sampled_from((csv.QUOTE_ALL, csv.QUOTE_MINIMAL)),
    st.sampled_from(("\n", "\r\n")),
)
def test_any_table_keeps_its_shape(
    rows: list[tuple[str, str, str]], sign: str, quoting: int, end: str
) -> None:
    written = io.StringIO(newline="")
    table = csv.writer(written, delimiter=sign, quoting=quoting, lineterminator=end)  # type: ignore[arg-type] # an enumeration in the stubs alone
    table.writerows([("name", "password", "note"), *rows])
    data = written.getvalue().encode()
    after = cut(data, csv_files.find(data)).decode()
    read = list(csv.reader(io.StringIO(after, newline=""), delimiter=sign))
    assert [(row[0], row[2]) for row in read[1:]] == [(one, three) for one, _, three in rows]
    assert {row[1] for row in read[1:]} == {"REDACTED-csv"}


HOSTILE = {
    "quotes": b"a,password\n" + b'"' * 20_001,
    "separators": b"a,password" + b"," * 20_000,
    "inserts": b"INSERT INTO a (password) VALUES (" * 30_000,
    "brackets": b"INSERT INTO a (password) VALUES " + b"(" * 50_000,
    "open strings": b"INSERT INTO a (password) VALUES (" + b"'\\'" * 30_000,
    "updates": b"UPDATE a SET " * 25_000,
    "tables": b"CREATE TABLE a (" * 25_000,
    "blanks": b"a,password\n" + b" " * 20_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_input_takes_linear_time(case: str) -> None:
    cut(HOSTILE[case], csv_files.find(HOSTILE[case]) if b"," in HOSTILE[case] else ())
    cut(HOSTILE[case], sql_dumps.find(HOSTILE[case]))
