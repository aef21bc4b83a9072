"""Files in which a place in a line makes the secret: the place goes, its neighbours stay."""

import pytest

from support.redact.formats import FORMATS
from tests.unit.redact_formats_stage import claimed, cut, redacted, told

H6 = "$6$" + "rounds=5000$abcdefgh$" + "Q1w2E3r4T5y6U7i8O9p0" * 2
NONE = "X" * 32
CASES = {
    "home/a/.pgpass": """
# host:port:db:user:password
db.example.org:5432:app:bob:⟦p\\:a\\\\ss⟧
*:*:*:eve:⟦x y z⟧
""",
    "home/a/.netrc": """
# password in a comment
machine a.example.org login bob password ⟦hunter2⟧
machine b.example.org
  login eve
  password ⟦p#w⟧
machine c.example.org login x password
  ⟦below1⟧
default login anonymous password ⟦me@example.org⟧
macdef init
cd /pub
""",
    "etc/shadow": f"""
root:⟦{H6}⟧:19000:0:99999:7:::
bin:*:19000:0:99999:7:::
locked:!⟦{H6}⟧:19000:0:99999:7:::
none:!!:19000::::::
""",
    "etc/passwd": """
root:x:0:0:root:/root:/bin/bash
old:⟦abJnggxhB/yWI⟧:100:100:An Old One:/home/old:/bin/sh
""",
    "etc/security/opasswd": f"""
bob:1000:2:⟦{H6},{H6}⟧
""",
    "etc/nginx/.htpasswd": """
# users
bob:⟦$apr1$abcdefgh$1234567890abcdefghijkl⟧
eve:{SHA}⟦abcdefghijklmnopqrstuvwxyz0=⟧
""",
    "etc/apache2/users.htdigest": """
bob:Private Area:⟦0123456789abcdef0123456789abcdef⟧
""",
    "etc/dovecot/users": """
bob:{PLAIN}⟦secret1⟧:1000:1000::/home/bob::userdb_mail=maildir:~/Mail
eve:⟦hash2⟧:1001:1001::/home/eve
""",
    "var/lib/samba/private/smbpasswd": f"""
bob:1000:{NONE}:⟦8846F7EAEE8FB117AD06BDD830B7586C⟧:[U  ]:LCT-4B1B2C3D:
""",
    "etc/ppp/chap-secrets": """
# client server secret IP addresses
bob * ⟦s3cret⟧ *
"eve@isp" * "⟦with space⟧" 10.0.0.1
""",
    "etc/ipsec.secrets": """
# : PSK "old"
10.0.0.1 %any : PSK "⟦v3ry s3cret⟧"
: RSA host.key "⟦pass⟧"
: RSA other.pem
bob : EAP "⟦eap1⟧"
: PSK ⟦0sZm9vYmFy⟧
""",
    "etc/pgbouncer/userlist.txt": """
"app" "⟦md5abcdef0123456789abcdef0123456789⟧"
"eve" "⟦a""b⟧"
""",
    "etc/postfix/sasl_passwd": """
[smtp.example.org]:587 bob@example.org:⟦p:w d⟧
""",
    "home/a/.git-credentials": """
https://bob:⟦pa55⟧@git.example.org
https://⟦0123456789abcdef0123⟧:x-oauth-basic@git.example.org/
""",
    "etc/rsyncd.secrets": "bob:⟦pw⟧\n",
    "home/a/.fetchmailrc": """
set daemon 300
poll mail.example.org proto imap user "bob" password "⟦p w⟧" is bob here ssl
poll x.example.org with proto POP3
  user eve pass ⟦pw2⟧
""",
    "home/a/.msmtprc": """
account main
host smtp.example.org
user bob
password ⟦pa ss⟧
tls on
passwordeval "gpg -d x"
""",
    "etc/snmp/snmpd.conf": """
# rocommunity old
agentAddress udp:161
rocommunity ⟦c0mm⟧ 10.0.0.0/8
rwcommunity6 ⟦priv⟧
rocommunity public
com2sec readonly default ⟦c1⟧
com2sec -Cn ctx name 10.0.0.0/24 ⟦c2⟧
createUser bob SHA "⟦auth pass⟧" AES ⟦privpass⟧
createUser -e 0x8000 eve MD5 ⟦authpass⟧
trap2sink 10.0.0.1 ⟦c3⟧ 162
sysLocation Room 1
""",
    "etc/wpa_supplicant/wpa_supplicant.conf": """
ctrl_interface=/run/wpa
network={
    ssid="home"
    #psk="old"
    psk="⟦wifi pass⟧"
    key_mgmt=WPA-PSK
}
network={
    identity="bob"
    password=hash:⟦0123456789abcdef⟧
}
""",
    "etc/redis/redis.conf": """
# requirepass foobared
bind 127.0.0.1
requirepass "⟦f00⟧"
masterauth ⟦b4r⟧
user bob on >⟦pw1⟧ #⟦ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12⟧ ~* +@all
maxmemory 100mb
""",
    "etc/postgresql/15/main/postgresql.conf": """
port = 5432 # the port
primary_conninfo = 'host=a user=rep password=⟦pw1⟧ sslmode=require'
password_encryption = scram-sha-256
ssl_key_file = '/etc/ssl/private/a.key'
""",
    "etc/postgresql/15/main/pg_hba.conf": """
# TYPE DATABASE USER ADDRESS METHOD
local all all peer
host all all 10.0.0.0/8 ldap ldapserver=l ldapbindpasswd="⟦pw⟧" ldapbasedn="dc=x"
host all all 0.0.0.0/0 scram-sha-256
""",
    "var/lib/rabbitmq/.erlang.cookie": "⟦ABCDEFGHIJKLMNOPQRST⟧",
    "run/secrets/db_password": "⟦hun ter2⟧\n",
    "etc/app/token": "⟦abc.def⟧\n",
    "etc/app/session.key": "⟦q83vEjRWeJCrze8SNFZ4kA==⟧\n",
    "etc/turnserver.conf": """
static-auth-secret=⟦turn⟧
user=bob:⟦turnpw⟧
realm=example.org
""",
    "home/a/.curlrc": """
user = "bob:⟦curl⟧"
silent
""",
    "etc/davfs2/secrets": """
https://dav.example.org bob "⟦dav pw⟧"
""",
    "etc/vpnc/default.conf": """
IPSec gateway vpn.example.org
IPSec secret ⟦grp s3cret⟧
Xauth username bob
Xauth password ⟦xa uth⟧
""",
    "win/app.rdp": """
full address:s:10.0.0.1
password 51:b:⟦01000000D08C9DDF0115⟧
""",
    "home/a/.subversion/auth/svn.simple/abc": """
K 8
password
V 7
⟦svnpass⟧
K 8
username
V 3
bob
END
""",
    "etc/openvpn/auth.txt": "bob\n⟦pa ss⟧\n",
}


@pytest.mark.parametrize("name", CASES)
def test_redacts(name: str) -> None:
    before, after = told(CASES[name].lstrip("\n"))
    assert redacted(name, before) == after


SNIFFED = (
    "home/a/.netrc",
    "etc/shadow",
    "etc/passwd",
    "etc/nginx/.htpasswd",
    "var/lib/samba/private/smbpasswd",
    "etc/ppp/chap-secrets",
    "etc/ipsec.secrets",
    "etc/pgbouncer/userlist.txt",
    "etc/postfix/sasl_passwd",
    "home/a/.git-credentials",
    "home/a/.fetchmailrc",
    "home/a/.msmtprc",
    "etc/snmp/snmpd.conf",
    "etc/wpa_supplicant/wpa_supplicant.conf",
    "etc/redis/redis.conf",
)


@pytest.mark.parametrize("name", SNIFFED)
def test_takes_it_without_its_name(name: str) -> None:
    before, after = told(CASES[name].lstrip("\n"))
    assert redacted("stdin", before) == after


BENIGN = {
    "etc/app/server.key": "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n",
    "etc/app/password_policy": "strict\n",
    "etc/app/token": "",
    "etc/app/secrets/README": "Put one file a secret here, see the docs\n",
    "etc/pam.d/passwd": "password requisite pam_pwquality.so retry=3\n@include common-password\n",
    "var/log/app.log": "main.c:12: error: a:b:c\npassword changed for bob\n",
    "etc/group": "root:x:0:\nadm:x:4:syslog,bob\n",
    "etc/hosts": "127.0.0.1 localhost\n",
}


@pytest.mark.parametrize("name", BENIGN)
def test_leaves_alone(name: str) -> None:
    assert redacted(name, BENIGN[name]) == BENIGN[name]


HOSTILE = (
    b"a" * 20_000,
    b" " * 20_000,
    b"password " * 25_000,
    b"a:" * 40_000,
    b"\n" * 50_000,
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: repr(data[:9]))
def test_hostile_input_takes_linear_time(data: bytes) -> None:
    for rule in FORMATS:
        try:
            cut(data, rule.find(data))
            rule.claims("x", data[:4096])
        except ValueError:
            continue
    claimed("x", data)
