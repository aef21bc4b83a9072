"""What looks like a fault and is none: no rule about people and secrets may tell it."""

from __future__ import annotations

import pytest

from bench.certify.clean import APPLIANCE, SMALL
from bench.certify.held_out import HELD_OUT
from bench.certify.made_up import elf, public_key, word
from bench.certify.planting import Act, Fault, Folder, Link, Swap, Write, planted
from packer.certify.finding import NotApplicableError
from packer.certify.rule import Subject
from packer.certify.rules import RULES

BY_ID = {rule.id: rule for rule in RULES}
_DROP_IN = "/etc/ssh/sshd_config.d/10-appliance.conf"


def _after(name: str, line: str) -> Act:
    """A drop-in that sshd reads after ours: the first value counts."""
    return Write(f"/etc/ssh/sshd_config.d/{name}.conf", line + "\n")


NEAR: tuple[tuple[str, Act], ...] = (
    ("CRED-01", Swap("/etc/shadow", "root:*:", "root:!!:")),
    ("CRED-02", Swap("/etc/shadow", "daemon:*:", "daemon:!:")),
    ("CRED-03", Write("/root/.ssh/authorized_keys", "# nobody yet\n\n")),
    ("CRED-03", Write("/opt/shop/vendor.pub", public_key())),
    ("CRED-05", Write("/etc/passwd", "ten:x:10:0::/:/bin/false\n", append=True)),
    (
        "CRED-06",
        Write("/etc/passwd", "shop:x:999:999::/var/lib/shop:/usr/sbin/nologin\n", append=True),
    ),
    ("CRED-07", Write("/etc/sudoers.d/x", "Defaults !lecture\n# y ALL = NOPASSWD: ALL\n", 0o440)),
    ("CRED-07", Write("/etc/sudoers.d/z", "z ALL = PASSWD: /bin/true\n", 0o440)),
    ("CRED-08", Write("/etc/sudoers.d/t", "Defaults !targetpw\n", 0o440)),
    ("CRED-11", Write("/opt/shop/price.sh", 'echo "$5$ and $6 or $1$2"\n')),
    ("CRED-12", Write("/etc/grafana/grafana.ini", ";admin_password = admin\n")),
    ("CRED-12", Write("/etc/shop/x.yml", "password: ${DB_PASSWORD}\npassword_file: admin\n")),
    (
        "CRED-13",
        Write("/etc/pg_hba.conf", "host all all 127.0.0.1/32 trust\n# host all all 0/0 trust\n"),
    ),
    ("CI-02", Folder("/var/lib/cloud/instances")),
    (
        "CI-03",
        Write("/etc/cloud/cloud.cfg.d/1.cfg", "# password: x\nssh_pwauth: no\nlock_passwd: true\n"),
    ),
    ("HIST-01", Write("/root/.zsh_history", "")),
    ("HIST-01", Write("/usr/share/doc/x/.bash_history", "ls\n")),
    ("ID-01", Write("/etc/machine-id", "uninitialized\n")),
    ("ID-02", Write("/var/lib/systemd/random-seed", b"")),
    ("ID-03", Write("/etc/hostname", "debian\n")),
    ("ID-04", Link("/var/lib/dbus/machine-id", "/etc/machine-id")),
    ("ID-04", Write("/etc/iscsi/initiatorname.iscsi", "GenerateName=yes\n")),
    ("ID-05", Write("/etc/netplan/a.yaml", "# macaddress: 52:54:00:12:34:56\nnetwork: {}\n")),
    ("KEY-01", Write("/opt/shop/a.py", 'HEAD = "-----BEGIN RSA PRIVATE KEY-----"\n')),
    ("KEY-01", Write("/opt/shop/pub.pem", f"-----BEGIN PUBLIC KEY-----\n{word(64)}\n")),
    ("KEY-02", Folder("/root/.gnupg/private-keys-v1.d", 0o700)),
    ("KEY-04", Write("/etc/letsencrypt/live/README", "This directory contains\n")),
    ("KEY-05", Write("/root/.npmrc", "fund=false\n")),
    ("KEY-05", Write("/etc/ppp/chap-secrets", "# client server secret\n")),
    ("KEY-06", Write("/opt/shop/doc.md", "export GH=ghp_" + "x" * 36 + "\n")),
    ("KEY-06", Write("/opt/shop/doc2.md", "key AKIA" + "IOSFODNN7EXAMPLE\n")),
    ("KEY-07", Write("/opt/shop/doc3.md", "postgres://user:password@host/db\n")),
    (
        "KEY-08",
        Write("/etc/shop/a.conf", "password = <your password>\ntoken_ttl = 3600\ntoken: true\n"),
    ),
    (
        "KEY-08",
        Write("/etc/shop/b.env", "SECRET_FILE=/run/x\nPASSWORD=$(cat /run/secret)\nTOKEN=\n"),
    ),
    ("LEFT-01", Write("/opt/shop/.gitignore", "*.pyc\n")),
    ("LEFT-02", Write("/opt/shop/core", elf())),
    ("LEFT-03", Write("/usr/share/x/y.bak", "x")),
    ("LEFT-04", Write("/opt/shop/migrations/0001/up.sql", "CREATE TABLE x (y int);\n")),
    ("BIN-01", Write("/opt/shop/bin/x", elf())),
    ("LOAD-01", Write("/etc/ld.so.preload", "# none\n\n")),
    ("LOAD-02", Write("/etc/profile.d/p.sh", "PATH=/usr/bin:/opt/tmp/bin\n# PATH=/tmp\n")),
    (
        "LOAD-03",
        Write("/etc/pam.d/x", "auth required pam_permit.so\n#auth optional pam_exec.so x\n"),
    ),
    ("LOG-01", Write("/var/log/shop/app-2026", "")),
    ("LOG-02", Write("/var/log/alternatives.log", "")),
    ("LOG-04", Write("/var/log/faillog", b"\0" * 32000)),
    ("MODE-02", Folder("/var/lib/shop/spool", 0o1777)),
    ("MODE-04", Write("/opt/shop/pub.key", "", 0o644)),
    ("SSH-01", _after("50", "PasswordAuthentication yes")),
    ("SSH-01", Swap(_DROP_IN, "StrictModes yes", "StrictModes yes\n# PasswordAuthentication yes")),
    ("SSH-02", _after("60", "PermitRootLogin yes")),
    ("SSH-03", Swap(_DROP_IN, "ClientAliveInterval 180", "ClientAliveInterval 3m")),
    ("SSH-08", _after("70", "AuthorizedKeysCommand /usr/bin/google_authorized_keys")),
    ("SSH-09", _after("80", "AllowTcpForwarding yes")),
    ("SVC-01", Link("/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/x")),
    ("TMP-01", Folder("/var/tmp")),
    ("TUN-01", Write("/etc/cron.d/a", "0 1 * * * root rsync -R a b; curl -o /x https://v/y\n")),
    ("TUN-01", Write("/etc/profile.d/b.sh", "# ssh -R 1:localhost:22 v\nalias s='ssh -v'\n")),
    ("TUN-03", Write("/etc/systemd/network/b.netdev", "[NetDev]\nKind=bridge\n")),
    (
        "UPD-03",
        Write("/etc/apt/preferences.d/a", "Package: x\nPin: release a=sid\nPin-Priority: -1\n"),
    ),
    (
        "APT-01",
        Write(
            "/etc/apt/sources.list.d/a.list",
            "deb [signed-by=/k] http://v/ x main\n# [trusted=yes]\n",
        ),
    ),
    ("APT-02", Write("/etc/apt/keyrings/vendor.gpg", b"\x99\x01")),
    (
        "APT-03",
        Write(
            "/etc/apt/apt.conf.d/p",
            'Acquire::http::Proxy "DIRECT";\n//Acquire::http::Proxy "http://x";\n',
        ),
    ),
    ("AGT-NO", Write("/usr/share/doc/salt-minion/README", "x")),
    ("USR-03", Write("/etc/group", "adm:x:4:svc\n", append=True)),
)


@pytest.mark.parametrize(("rule", "act"), NEAR, ids=lambda each: str(each)[:60])
def test_a_near_miss_is_not_told(rule: str, act: Act) -> None:
    tree = planted(None, *SMALL, *APPLIANCE, act)
    assert list(BY_ID[rule].probe(Subject(tree))) == []


@pytest.mark.parametrize("fault", HELD_OUT, ids=lambda fault: fault.name)
def test_the_second_way_to_leave_it_is_found_too(fault: Fault) -> None:
    assert list(BY_ID[fault.rule].probe(Subject(planted(None, *SMALL, *APPLIANCE, *fault.acts))))


@pytest.mark.parametrize("rule", ["SSH-14", "SSH-03", "SSH-09", "SVC-01"])
def test_what_is_stricter_than_the_distribution_is_asked_of_appliances_alone(rule: str) -> None:
    plain = planted(None, *SMALL, Write("/etc/ssh/sshd_config", "UsePAM yes\n"))
    with pytest.raises(NotApplicableError):
        list(BY_ID[rule].probe(Subject(plain)))
