"""Environment files, INI, properties and units: the value goes, quotes and comments stay."""

import configparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.redact.formats import env_files
from tests.unit.redact_formats_stage import cut, redacted, told

CASES = {
    "etc/app/.env": """
# DB_PASSWORD is below
A=1
DB_PASSWORD="⟦x
y z⟧"
export TOKEN_SECRET='⟦abc # d⟧' # note
EMPTY_PASSWORD=
URL=http://a/b
SECRET_KEY=${OTHER}
API_KEY=⟦a$b#c⟧
PASSWORD_MIN_LENGTH=12
""",
    "etc/app/app.ini": """
; password = of a comment
[db]
password = ⟦hun ter2⟧ ; Note
user=bob
token_count=17
long = a \\
  b
secret = ⟦a\\
 b⟧
x = 1
passwords =
   ⟦abc1⟧
   ⟦def2⟧
y = 2
[secrets]
db = ⟦p1⟧
name = q
""",
    "etc/systemd/system/app.service": """
[Service]
Environment="DB_PASSWORD=⟦a b⟧" FOO=bar 'API_TOKEN=⟦abcdef123456x⟧'
Environment=PGPASSWORD=⟦zz12⟧ \\
    B=c
EnvironmentFile=/etc/app/env
SetCredential=db_password:⟦abc⟧
ExecStart=/bin/app --port 80
""",
    "opt/app/config/application.properties": """
spring.datasource.url=jdbc:postgresql://db/app
spring.datasource.password=⟦p@ss=w0rd⟧
spring.mail.password: ⟦abc⟧
! a comment
server.port=8080
""",
    "etc/NetworkManager/system-connections/wifi.nmconnection": """
[wifi-security]
key-mgmt=wpa-psk
psk=⟦wifi pass⟧
""",
    "etc/wireguard/wg0.conf": """
[Interface]
PrivateKey = ⟦yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=⟧
ListenPort = 51820
[Peer]
PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
PresharedKey = ⟦FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=⟧
""",
    "root/.aws/credentials": """
[default]
output = json
aws_secret_access_key = ⟦abc/def+ghi⟧
region = eu-west-1
""",
    "etc/my.cnf": """
[client]
user=root
password="⟦a#b⟧"
skip-networking
""",
}


@pytest.mark.parametrize("name", CASES)
def test_redacts(name: str) -> None:
    before, after = told(CASES[name].lstrip("\n"))
    assert redacted(name, before) == after


WORD = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12)
SECRET = st.tuples(WORD, st.sampled_from(("", " ", "=", ":", "'", "%", "$", "\\")), WORD).map(
    lambda word: f"Z9{word[0]}{word[1]}{word[2]}q7"
)
KEYS = st.sampled_from(("password", "db.password", "api_key", "client-secret", "authToken"))
SECTION = st.tuples(
    st.dictionaries(KEYS, SECRET, max_size=3), st.dictionaries(st.sampled_from("abcde"), WORD)
)


@given(
    st.dictionaries(st.sampled_from(("main", "db", "web one")), SECTION, min_size=1),
    st.sampled_from((" = ", "=", ": ")),
    st.sampled_from(("\n", "\r\n")),
    st.sampled_from(("", "; password = old\n\n", "# b\n")),
)
def test_any_ini_keeps_its_shape(
    parts: dict[str, tuple[dict[str, str], dict[str, str]]], sign: str, end: str, remark: str
) -> None:
    lines: list[str] = []
    for section, (secrets, benign) in parts.items():
        lines += [f"[{section}]", *remark.splitlines()]
        lines += [f"{key}{sign}{value}" for key, value in {**secrets, **benign}.items()]
    data = end.join([*lines, ""]).encode()
    after = configparser.ConfigParser(interpolation=None)
    after.read_string(cut(data, env_files.find_ini(data)).decode())
    for section, (secrets, benign) in parts.items():
        planned = {key.lower(): "REDACTED-ini" for key in secrets} | benign
        assert dict(after[section]) == planned


HOSTILE = {
    "blanks": b"password =" + b" " * 20_000 + b"x",
    "blanks before a comment": b"password = a" + b" " * 20_000 + b"#",
    "blank line": b"a" + b" " * 20_000,
    "continued": b"password = a\\\n" * 25_000,
    "open quotes": b'PASSWORD="\n' * 25_001,
    "sections": b"[" * 20_000,
    "words": b"Environment=" + b'"A=' * 30_000,
    "indented": b"passwords =\n" + b"  a\n" * 30_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_input_takes_linear_time(case: str) -> None:
    cut(HOSTILE[case], env_files.find_ini(HOSTILE[case]))
    cut(HOSTILE[case], env_files.find_env(HOSTILE[case]))
