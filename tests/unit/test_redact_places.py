"""Where people and machines stand in a file alone: each context, and as many that name nobody."""

from collections import Counter

import pytest

from support.redact.identities import Identities
from support.redact.known.values import KnownValues
from support.redact.redactor import Redactor

REDACTOR = Redactor(KnownValues.none(), Identities(b"k" * 32), engine="plain")


def redact(text: bytes) -> bytes:
    return b"".join(REDACTOR.file("stdin", [text], Counter()))


PEOPLE = (
    b"order 17 approved by mkrause at 10:00",
    b"ticket assigned to mkrause.",
    b"logged in as mkrause on pts/3",
    b"session closed for mkrause after 3 s",
    b"user mkrause logged in",
    b'role "mkrause" does not exist',
    b"authentication for user [CORP]\\[mkrause] -> x",
    b"connect as CORP\\mkrause (uid 1)",
    b"2026-11-21 10:00:00 UTC [77] mkrause@shop LOG: statement",
    b"ssh mkrause@10.1.2.3",
    b"mysql://mkrause:pw@127.0.0.1/x",
    b"cd ~mkrause/src",
    b"Access: (0644/-rw-r--r--)  Uid: ( 1000/ mkrause)",
    b"crontab[9]: (root) LIST (mkrause)",
    b"imap(mkrause): Info: Logged out",
    b"uid=mkrause,ou=people,dc=x",
    b"User(id=3, name='mkrause')",
    b"<user-name>mkrause</user-name>",
    b"chown -R mkrause:mkrause /srv/x",
    b"usermod -aG docker mkrause",
    b"crontab -u mkrause -l",
    b"psql -U mkrause shop",
    b"curl --user mkrause:x https://localhost/",
    b"ALTER TABLE t OWNER TO mkrause;",
    b"AllowUsers root mkrause",
    b"docker:x:999:mkrause",
    b"mkrause:$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb",
    b"  77 mkrause   20   0  1000 200 100 S 0.0",
    b"mkrause   77   1  0 Nov20 ?  00:00:01 cmd",
    b"host all mkrause 10.0.0.0/8 md5",
    b"mkrause hard nofile 1024",
    b"username mkrause privilege 15 secret 5 x",
    b"id,login,email\n1,mkrause,x\n",
    b"| id | username |\n|---|---|\n| 7 | mkrause |\n",
    b"COPY users (id, login) FROM stdin;\n1\tmkrause\n\\.\n",
    b"INSERT INTO users (id, login) VALUES (1, 'mkrause'), (2, 'x');",
    b"PID USER TTY\n12 mkrause pts/0\n",
    b"users:\n  - name: mkrause\n    uid: 7\n",
    b"users:\n  mkrause:\n    uid: 7\n",
    b"[user]\n\tname = mkrause\n",
    b"0 3 * * * mkrause /usr/bin/x",
    b"mkrause's laptop",
)  # fmt: skip

MACHINES = (
    b"bob@saturn:~$ ls",
    b"saturn,10.1.2.3 ssh-ed25519 AAAA",
    b"10.1.2.3  saturn titan9",
    b"saturn IN A 10.1.2.3",
    b"  client-hostname \"saturn\";",
    b"hostname saturn",
    b"host-name saturn;",
    b"node.name: saturn",
    b"<34>1 2026-11-21T10:00:00Z saturn app 77 - x",
    b"PING saturn (10.1.2.3) 56 bytes",
    b"--- saturn ping statistics ---",
    b"saturn ansible_host=10.1.2.3",
    b"//saturn/share /mnt cifs",
    b"HOST ALERT: saturn;DOWN;HARD",
    b"<ComputerName>saturn</ComputerName>",
)  # fmt: skip

NUMBERED = (  # a service's name may stand there: it must look like a machine's
    b"ssh sat-02", b"broker at sat-02:9092", b"server sat-02 10.1.2.3:80 check",
    b'node "sat-02" is gone', b"mysql -h sat-02 x", b"scp a sat-02:/tmp/",
    b"relay=sat-02[10.1.2.3]:25", b"host,state\nsat-02,up\n", b"kubectl drain sat-02",
)  # fmt: skip

NOBODY = (
    b"started by systemd", b"killed by signal 9", b"approved by the administrator",
    b"Connection closed by peer", b"running as root", b"assigned to group", b"waiting for lock",
    b"session opened for user root", b"the user may log in", b"user authentication failed",
    b'member "size" of the struct', b"C:\\WINDOWS\\system32\\x.dll", b"ERROR\\nnext line",
    b"policyd1::~policyd()", b"version 1.0~rc1", b"lib/boost/home/classic/core.hpp",
    b"adduser prints warnings", b"sort -u file", b"chown root:root /x", b"*/5 * * * * find /tmp",
    b"@daily curl x", b"id,name,price\n1,valve,3\n", b"users: 17", b'"users": 3',
    b"services:\n  web:\n    image: x\n",
    b"COPY t (id, price) FROM stdin;\n1\tvalve\n\\.\n",
    b"INSERT INTO parts (id, name) VALUES (1, 'valve');", b"postgres:!:19000:0:99999:7:::",
    b"PID COMMAND TTY\n12 valve pts/0\n", b"const * 3", b'"const" is a word',
    b"license grants permission to use", b"docs at base-passwd (2.0.3)",
    b"PASSWORD_ENCRYPTION=scram-sha-256", b"--auth-host=scram-sha-256", b"on step-3 of 7",
    b"for x86-64", b"redis-server@6380-cache", b"ssh { root-login deny; }",
    b"connect to backend:8080",
    b"server web 127.0.0.1:80", b"queryUser: cn=lenient,ou=policies", b"127.0.0.1 localhost",
    b"hostname = localhost", b"from client side", b"ping the server", b"host is down",
    b"Fix a 4:2 image",
)  # fmt: skip


@pytest.mark.parametrize("text", PEOPLE, ids=lambda each: each.decode())
def test_people_in_their_places_go(text: bytes) -> None:
    out = redact(text)
    assert b"mkrause" not in out
    assert b"user-" in out
    assert redact(out).count(b"user-") == out.count(b"user-")


@pytest.mark.parametrize("text", [*MACHINES, *NUMBERED], ids=lambda each: each.decode())
def test_machines_in_their_places_go(text: bytes) -> None:
    out = redact(text)
    assert b"saturn" not in out
    assert b"sat-02" not in out
    assert b"host-" in out


@pytest.mark.parametrize("text", NOBODY, ids=lambda each: each.decode())
def test_what_names_nobody_stays(text: bytes) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(("known", "text"), [
    (b"shop-web1", b"edge-gw4.cfg with x-shop-web1 but shop-web1.log"),
])  # fmt: skip
def test_a_machine_is_not_the_end_of_another_s_name(known: bytes, text: bytes) -> None:
    identities = Identities(b"k" * 32)
    identities.learn_host("gw4")
    identities.learn_host(known.decode())
    by = Redactor(KnownValues.none(), identities, engine="plain")
    out = b"".join(by.file("stdin", [text], Counter()))
    assert out.startswith(b"edge-gw4.cfg with x-shop-web1 but host-")
