"""Names and addresses: which are found, which survive, and what stands for them."""

import ipaddress
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import CaretakerError
from agent.layout import Layout
from support.redact.identities import Identities, open_identities, pseudonym_map
from support.redact.identities.ipv4 import survives
from support.redact.identities.key import key_at
from support.redact.known.values import KnownValues
from support.redact.redactor import Redactor

KEY = b"k" * 32

octets = st.binary(min_size=4, max_size=4)


def names(*texts: bytes) -> Identities:
    identities = Identities(KEY)
    for text in texts:
        identities.learn("x", text)
    return identities


def redact(text: bytes, identities: Identities | None = None) -> bytes:
    by = Redactor(KnownValues.none(), identities or ONE, engine="plain")
    return b"".join(by.file("x.log", [text], Counter()))


ONE = Identities(KEY)
PLAIN = Redactor(KnownValues.none(), ONE, engine="plain")


def once(text: bytes) -> bytes:
    return b"".join(PLAIN.file("x.log", [text], Counter()))


SURVIVORS = (
    b"127.0.0.1 0.0.0.0 255.255.255.0 255.255.255.255 224.0.0.251 169.254.169.254 8.8.8.8 1.1.1.1",
    b"::1 :: ff02::1 2001:4860:4860::8888 [::]:80",
    b"version 1.2.3.4, nginx/1.2.3.4 Chrome/119.0.0.0 libfoo-1.2.3.4.so foo_1.2.3.4-1_amd64.deb",
    b"openssl 3.0.0.11-1~deb12u2 app==1.2.3.4 v1.2.3.4 release=4.3.2.1",
    b"OID 1.3.6.1.4.1 2.5.29.15 1.2.840.113549 1.2.3.4.5 300.1.2.3 1.2.3",
    b"2026-11-21 12:34:56 10:20:30 std::byte a::b Foo::Bar 2026:12:34:56",
    b"ff:ff:ff:ff:ff:ff 00:00:00:00:00:00 01:00:5e:00:00:fb 33:33:00:00:00:01",
    b"MD5:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99 50:01:43:80:12:34:56:78",
    b"550e8400-e29b-41d4-a716-446655440000 d41d8cd98f00b204e9800998ecf8427e",
    b"app.log nginx.conf foo.service java.net.URL com.example.Foo org.apache.log4j.Logger",
    b"os.path.join(a) logger.info('x') self.host.name socket.io config.test index.html a.py",
    b"https://github.com/a/b http://deb.debian.org/debian registry.npmjs.org example.com",
    b"git@github.com:org/repo getty@tty1.service lodash@4.17.21 user@1000.service root@localhost",
    b"user=root user=postgres user=www-data for user root by (uid=0) sudo: root : x",
    b"host=localhost localhost:8080 server=nginx host: none ghost=casper http://localhost/x",
    b"/home/ubuntu/x /users/list /usr/local/bin:/usr/bin user authentication failed for user input",
    b"mkrausex:x:1000:1000::/:/bin/bash docker:x:999: a:x:1::".replace(b"mkrausex", b"root"),
    b"10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fe80::/10 2001:db8::/32",
    b"image@sha256:0a1b login:amd64 server:amd64 /etc/rc.local http://redis-master:6379/",
    b"s3://some-bucket1/x chacha20-poly1305@openssh.com pkg-x@alioth-lists.debian.net user=shop_rw",
    b"Server: Apache User-Agent: curl/7.88.1 us-east-1 eth0 sha256 utf-8 x86_64 ipv4",
)  # fmt: skip


@pytest.mark.parametrize("text", SURVIVORS)
def test_nobody_s_names_survive(text: bytes) -> None:
    assert once(text) == text


NAMES = (
    (b"10.0.187.218 x", b"10.0.187.218"),
    (b"from 203.0.113.7 port 4022", b"203.0.113.7"),
    (b"peer=192.168.7.9:5432", b"192.168.7.9"),
    (b"inet 172.16.5.4/20 brd", b"172.16.5.4"),
    (b"IP 10.0.0.5.52344 > 10.9.8.7.443: Flags", b"10.9.8.7"),
    (b"at 203.0.113.7. Then", b"203.0.113.7"),
    (b"ip-10-0-187-218 x", b"10-0-187-218"),
    (b"218.187.0.10.in-addr.arpa", b"218.187.0.10"),
    (b"x (203.0.113.77)", b"203.0.113.77"),
    (b"db1/10.1.2.3:9092", b"10.1.2.3"),
    (b"inet6 2001:db8:1::7/64", b"2001:db8:1::7"),
    (b"[2001:DB8::A]:443", b"2001:DB8::A"),
    (b"fe80::1ff:fe23:4567:890a%eth0", b"1ff:fe23:4567:890a"),
    (b"::ffff:10.0.187.218", b"10.0.187.218"),
    (b"link/ether 52:54:00:ab:cd:ef brd", b"52:54:00:ab:cd:ef"),
    (b"AA-BB-CC-DD-EE-0F", b"AA-BB-CC-DD-EE-0F"),
    (b"mac 0011.22ab.4455 x", b"0011.22ab.4455"),
    (b"MAC=52:54:00:ab:cd:ef:52:54:00:12:34:56:08:00 SRC", b"52:54:00:12:34:56"),
    (b"Nov 21 10:11:12 saturn sshd[1]: x", b"saturn"),
    (b"<34>Nov  1 10:11:12 web-01 su: x", b"web-01"),
    (b"2026-11-21T10:11:12.123+00:00 saturn cron[7]: x", b"saturn"),
    (b"DB_HOST=saturn", b"saturn"),
    (b'{"hostname": "db7"}', b"db7"),
    (b"connect to db1.shop.lan:5432", b"db1.shop.lan"),
    (b"http://saturn:8080/x", b"saturn"),
    (b"redis://:x@cache7/0", b"cache7"),
    (b"Could not resolve host: backup.acme.de", b"backup.acme.de"),
    (b"Linux saturn 6.1.0-18-amd64 #1", b"saturn"),
    (b"CN=shop7.acme.com", b"shop7.acme.com"),
    (b"root@web-01:~# ls", b"web-01"),
    (b"Accepted publickey for mkrause from 203.0.113.7", b"mkrause"),
    (b"Invalid user jdoe from 203.0.113.7 port", b"jdoe"),
    (b"session opened for user mkrause(uid=1000) by (uid=0)", b"mkrause"),
    (b"session opened for user root(uid=0) by mkrause(uid=1000)", b"mkrause"),
    (b"sudo:  mkrause : TTY=pts/0", b"mkrause"),
    (b"/home/mkrause/.ssh", b"mkrause"),
    (b"uid=1000(mkrause) gid=27(sudo)", b"mkrause"),
    (b"CRON[123]: (mkrause) CMD (x)", b"mkrause"),
    (b"user=mkrause x", b"mkrause"),
    (b"sudo -u mkrause ls", b"mkrause"),
    (b"mkrause ALL=(ALL) NOPASSWD: ALL", b"mkrause"),
    (b'"username":"j.oduya"', b"j.oduya"),
    (b"10.1.1.1 - mkrause [21/Nov/2026:10:00:00 +0000] x", b"mkrause"),
    (b"drwxr-xr-x 2 mkrause staff 4096 Nov", b"mkrause"),
    (b"mkrause:x:1000:1000::/:/bin/bash", b"mkrause"),
    (b"Started Session 12 of user mkrause.", b"mkrause"),
    (b"mail to alice.smith@corp.acme.com.", b"alice.smith@corp.acme.com"),
    (b"<bob+x@gmail.com>", b"bob+x@gmail.com"),
)


@pytest.mark.parametrize(("text", "name"), NAMES, ids=lambda each: each.decode())
def test_names_go_and_the_rest_stays(text: bytes, name: bytes) -> None:
    out = once(text)
    assert name not in out
    before, _, after = text.partition(name)
    assert out.startswith(before[:3])
    assert out.endswith(once(after))
    fast = Redactor(KnownValues.none(), ONE, engine="hyperscan") if text == NAMES[0][0] else None
    assert fast is None or b"".join(fast.file("x.log", [text], Counter())) == out


@given(octets, octets)
def test_ipv4_keeps_prefixes_from_the_first_octet_on_and_is_one_to_one(
    one: bytes, other: bytes
) -> None:
    a, b = ONE.ipv4.mapped(one), ONE.ipv4.mapped(other)
    assert ONE.ipv4.unmapped(a) == one
    assert (a == b) == (one == other)
    if one[0] == other[0]:
        assert shared(a, b) == shared(one, other)
    assert survives(one) == survives(a)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"):
        inside = ipaddress.ip_network(network)
        assert (ipaddress.ip_address(one) in inside) == (ipaddress.ip_address(a) in inside)


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=0, max_size=15))
def test_ipv6_keeps_prefixes_and_is_one_to_one(one: bytes, tail: bytes) -> None:
    other = one[: 16 - len(tail)] + tail
    a, b = ONE.ipv6.mapped(one), ONE.ipv6.mapped(other)
    assert ONE.ipv6.unmapped(a) == one
    assert (a == b) == (one == other)
    first, second = ipaddress.IPv6Address(one), ipaddress.IPv6Address(a)
    assert first.is_link_local == second.is_link_local or one[:2] == b"\xfe\x80"
    assert first.is_multicast == second.is_multicast


@given(st.binary(min_size=6, max_size=6))
def test_a_mac_becomes_a_local_mac_of_one_machine(one: bytes) -> None:
    out = ONE.macs.mapped(one)
    if one[0] & 1 or not any(one):
        assert out == one
    else:
        assert out[0] & 3 == 2


def shared(one: bytes, other: bytes) -> int:
    return len(
        re.match(
            r"(.*?)(?:1|$)",
            format(int.from_bytes(one, "big") ^ int.from_bytes(other, "big"), f"0{8 * len(one)}b"),
        )[1]  # type: ignore[index]  # it always matches
    )


def test_all_spellings_of_an_address_are_one() -> None:
    out = redact(b"2001:db8::1 2001:0DB8:0:0:0:0:0:1 2001:db8:0:0::1").split()
    assert len(set(out)) == 1
    dashed = redact(b"10.0.187.218 ip-10-0-187-218 010.000.187.218")
    plain, dash, padded = dashed.split()
    assert dash == b"ip-" + plain.replace(b".", b"-")
    assert padded == plain
    mapped = redact(b"::ffff:10.0.187.218")
    assert mapped == b"::ffff:" + plain


def test_neighbours_stay_neighbours() -> None:
    one, other = redact(b"10.0.187.218 10.0.187.1").split()
    assert one.rpartition(b".")[0] == other.rpartition(b".")[0]
    assert one != other


def test_a_name_is_the_same_everywhere_and_a_host_keeps_its_labels() -> None:
    out = redact(b"host=db1 db1.shop.lan http://db1/ DB1.SHOP.LAN x@db1.shop.lan")
    alone, whole, url, upper, mail = out.split()
    label = alone.removeprefix(b"host=")
    assert re.fullmatch(rb"host-[a-z2-7]{12}", label)
    assert whole.split(b".")[0] == label
    assert whole.count(b".") == 2
    assert whole.endswith(b".lan")
    assert url == b"http://" + label + b"/"
    assert upper == whole
    assert mail.endswith(b"@" + whole)


def test_thousands_of_names_have_thousands_of_pseudonyms() -> None:
    hosts = {ONE.host(b"node-%d" % number) for number in range(20_000)}
    users = {ONE.user(b"person%d" % number) for number in range(20_000)}
    assert len(hosts | users) == 40_000


def test_another_key_gives_other_pseudonyms() -> None:
    other = Identities(b"o" * 32)
    for text in (b"10.0.187.218", b"host=db1", b"user=mkrause", b"52:54:00:ab:cd:ef"):
        assert redact(text) != redact(text, other)


FIRST = (
    b"Nov 21 10:11:12 saturn sshd[1]: Accepted publickey for mkrause from 10.1.2.3 port 9 ssh2\n"
)
SECOND = b"backup of saturn by mkrause-key, /var/log/saturn.log; Saturnine mkrauses saturn_x\n"


def test_what_was_learned_is_found_alone_in_whatever_order() -> None:
    forth, back = names(FIRST, SECOND), names(SECOND, FIRST)
    out = redact(SECOND, forth)
    assert out == redact(SECOND, back)
    assert out == SECOND.replace(b"saturn ", forth.host(b"saturn") + b" ").replace(
        b"saturn.log", forth.host(b"saturn") + b".log"
    ).replace(b"mkrause-", forth.user(b"mkrause") + b"-")


@pytest.mark.parametrize(
    "text",
    [
        b"host=git.corp.acme host=metrics.corp.acme files.corp.acme",
        b"Invalid user error from 203.0.113.9 port 1\nInvalid user jdoe99 from 203.0.113.9 port 1",
        b"user=admin user=deploy host=backend server=proxy-1 user=test",
        b"http://grafana:3000/ http://api/ http://web/",
    ],
)
def test_words_are_not_learned(text: bytes) -> None:
    later = b"git pull; metrics files error jdoe99 admin deploy backend grafana api web /srv/git/x"
    assert redact(later, names(text)) == later


def test_learned_domains_are_known_from_then_on() -> None:
    out = redact(b"see wiki.corp.acme and corp.acme", names(b"host=db1.corp.acme"))
    assert b"acme" not in out
    assert b"wiki" not in out


def test_a_machine_tells_its_names(root: Path) -> None:
    etc = root / "etc"
    etc.mkdir()
    (etc / "hostname").write_text("saturn\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n127.0.1.1 saturn.acme.lan\n10.1.1.1 titan9\n")
    (etc / "passwd").write_text(
        "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/:/bin/sh\nshopd:x:998:998::/:/bin/sh\n"
    )
    (etc / "resolv.conf").write_text("search intra.acme.lan\nnameserver 10.0.0.2\n")
    identities = Identities(KEY)
    identities.learn_machine(Layout(root, "shop"))
    text = b"saturn titan9 bob x.intra.acme.lan user=shopd user=shop root localhost"
    out = redact(text, identities).split()
    assert out[4:] == text.split()[4:]
    assert [each for each in out[:4] if each in text.split()] == []


def test_paths_change_only_where_they_hold_a_known_name() -> None:
    identities = names(FIRST)
    assert identities.path("logs/app/app.log") == "logs/app/app.log"
    host = identities.host(b"saturn").decode()
    assert identities.path("logs/saturn/10.1.2.3.log").startswith(f"logs/{host}/10.")
    assert "10.1.2.3" not in identities.path("logs/saturn/10.1.2.3.log")


def test_the_key_is_made_once_and_closed(root: Path) -> None:
    layout = Layout(root)
    key = key_at(layout.pseudonym_key)
    assert len(key) == 32
    assert layout.pseudonym_key.stat().st_mode & 0o777 == 0o600
    assert layout.support_state.stat().st_mode & 0o777 == 0o700
    assert key_at(layout.pseudonym_key) == key


@pytest.mark.parametrize(("content", "mode", "code"), [
    (b"short", 0o600, "state-corrupt"), (b"k" * 32, 0o644, "file-unsafe"),
])  # fmt: skip
def test_a_key_that_is_none_or_open_is_refused(
    root: Path, content: bytes, mode: int, code: str
) -> None:
    path = root / "key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(CaretakerError) as raised:
        key_at(path)
    assert raised.value.code == code
    assert path.read_bytes() == content


def test_pseudonyms_are_revealed_on_the_machine_that_gave_them(root: Path) -> None:
    layout = Layout(root, "shop")
    identities = open_identities(layout)
    texts = (b"10.0.187.218", b"2001:db8::7", b"52:54:00:ab:cd:ef", b"db1.shop.lan",
             b"alice@db1.shop.lan")  # fmt: skip
    given_ = {text: redact(text, identities) for text in texts}
    pseudonym_map.keep(layout, identities.given())
    assert layout.pseudonyms.stat().st_mode & 0o777 == 0o600
    for text, pseudonym in given_.items():
        assert pseudonym != text
        assert pseudonym_map.reveal(layout, pseudonym.decode()) == text.decode()


@pytest.mark.parametrize("word", ["host-aaaaaaaaaaaa", "127.0.0.1", "nothing", ""])
def test_what_this_machine_did_not_give_is_said_to_be_unknown(root: Path, word: str) -> None:
    layout = Layout(root)
    open_identities(layout)
    with pytest.raises(CaretakerError) as raised:
        pseudonym_map.reveal(layout, word)
    assert raised.value.code == "pseudonym-unknown"
