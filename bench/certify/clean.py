"""Trees without a fault: a small one in memory, and what makes a real one a sealed appliance.

Owns the clean twin: beside everything that a rule forbids stands what looks like it and is allowed.
"""

from __future__ import annotations

import hashlib

from bench.certify import made_up
from bench.certify.planting import Act, Folder, Link, Remove, Write

# What a bootstrapped root has and a sealed image has not; the rules are right to tell it.
SEAL: tuple[tuple[str, str], ...] = (
    ("/etc/passwd-", "TMP-03: what shadow-utils keeps"),
    ("/etc/shadow-", "TMP-03: the same"),
    ("/etc/group-", "TMP-03: the same"),
    ("/etc/gshadow-", "TMP-03: the same"),
    ("/etc/ssl/private/ssl-cert-snakeoil.key", "KEY-04: ssl-cert makes it as it is installed"),
    ("/etc/hostname", "ID-03: the bootstrap's machine"),
    ("/etc/hosts", "ID-03: the same"),
    ("/etc/systemd/system/apt-daily.timer", "UPD-02: the machine tests mask it"),
    ("/etc/systemd/system/apt-daily-upgrade.timer", "UPD-02: the same"),
    ("/var/cache/apt/archives/partial", "MODE-03: belongs to the bootstrap machine's _apt"),
    ("/var/lib/apt/lists/partial", "MODE-03: the same"),
)

SSHD = """Include /etc/ssh/sshd_config.d/*.conf
KbdInteractiveAuthentication no
UsePAM yes
# PasswordAuthentication yes
#PermitRootLogin prohibit-password
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
"""
HARDENED = """PasswordAuthentication no
PermitRootLogin no
PermitEmptyPasswords no
ClientAliveInterval 180
AllowTcpForwarding no
AllowStreamLocalForwarding no
AllowAgentForwarding no
PermitTunnel no
GatewayPorts no
HostbasedAuthentication no
StrictModes yes
"""
PERIODIC = """APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
"""
ORIGINS = """Unattended-Upgrade::Origins-Pattern {
        "origin=Debian,codename=${distro_codename},label=Debian-Security";
};
"""
APPLIANCE: tuple[Act, ...] = (
    Write("/etc/caretaker/appliance.toml", '[appliance]\nname = "shop"\nversion = "1.0.0"\n'),
    Write("/etc/ssh/sshd_config", SSHD),
    Write("/etc/ssh/sshd_config.d/10-appliance.conf", HARDENED, 0o600),
    Write("/usr/bin/unattended-upgrade", "#!/usr/bin/python3\n", 0o755),
    Write("/etc/apt/apt.conf.d/20auto-upgrades", PERIODIC),
    Write("/etc/apt/apt.conf.d/50unattended-upgrades", ORIGINS),
    # what looks like a fault and is none
    Write("/etc/shop/shop.conf", "password_file = /run/secrets/db\ntoken = ${TOKEN}\nport = 80\n"),
    Write("/etc/shop/service.env", "DB_PASSWORD=${DB_PASSWORD}\nAPI_KEY=\n", 0o600),
    Write("/etc/shop/README", "Tokens look like ghp_xxxx; set password: <your password>\n"),
    Write("/etc/shop/tls.pem", "-----BEGIN CERTIFICATE-----\n" + made_up.word(64) + "\n"),
    Write("/etc/shop/urls.txt", "https://user:${PASSWORD}@host/ and https://host:8080/@x\n"),
    Write("/opt/shop/bin/check", "grep -q 'BEGIN RSA PRIVATE KEY' \"$1\" && exit 1\n", 0o755),
    Write("/opt/shop/bin/serve", made_up.elf(), 0o755),
    Write("/etc/systemd/system/shop.service", "[Service]\nExecStart=/opt/shop/bin/serve\n"),
    Write("/etc/cron.d/shop", "0 4 * * * root ssh-keygen -A; find /tmp -name 'curl*' | wc -l\n"),
    Write("/etc/profile.d/shop.sh", "PATH=$PATH:/opt/shop/bin\nexport PATH\n"),
    Write("/etc/sudoers.d/README", "# %admin ALL = NOPASSWD: ALL\n", 0o440),
    Write("/etc/sudoers.d/ignored.example", "x ALL = NOPASSWD: ALL\n", 0o440),
    Write("/var/log/shop/shop.log", "", 0o640),
    Write("/var/log/lastlog", b"\0" * 292),
    Write("/root/.ssh/authorized_keys", "", 0o600),
    Write("/root/.bash_history", "", 0o600),
    Write("/root/.my.cnf", "[client]\nuser = root\n", 0o600),
    Write("/root/.docker/config.json", '{"auths": {}, "currentContext": "x"}', 0o600),
    Write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"),
    Write("/etc/hostname", "localhost\n"),
    Write("/etc/apt/preferences.d/shop", "Package: *\nPin: release a=stable\nPin-Priority: 500\n"),
    Write("/etc/systemd/network/20-all.network", "[Match]\nName=en*\n[Network]\nDHCP=yes\n"),
    Link("/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf"),
    Write("/etc/redis/redis.conf", "# requirepass foobared\nprotected-mode yes\nport 6379\n"),
    Write("/etc/cloud/cloud.cfg.d/90-shop.cfg", "ssh_pwauth: false\ndatasource_list: [Ec2]\n"),
    Folder("/srv/drop", 0o1777),
)


def _sum(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


_PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
sync:x:4:65534:sync:/bin:/bin/sync
man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
postgres:x:105:112:PostgreSQL:/var/lib/postgresql:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
_GROUP = "root:x:0:\ndaemon:x:1:\nman:x:12:\nsudo:x:27:\nshadow:x:42:\ndocker:x:999:\n"
_GROUP += "postgres:x:112:\nnogroup:x:65534:\n"
_SHADOW = "".join(
    f"{name}:{field}:19000:0:99999:7:::\n"
    for name, field in (
        *(("root", "*"), ("daemon", "*"), ("sync", "*"), ("man", "!*")),
        *(("postgres", "!"), ("nobody", "!*")),
    )
)
# Also serves where a rule wants something to stand: PAM's stack, apt's lists, dpkg's status.
SMALL: tuple[Act, ...] = (
    Write("/etc/passwd", _PASSWD),
    Write("/etc/group", _GROUP),
    Write("/etc/shadow", _SHADOW, 0o640, 0, 42),
    Write("/etc/gshadow", "root:*::\nsudo:*::\n", 0o640, 0, 42),
    Write(
        "/etc/sudoers",
        "Defaults env_reset\nroot ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n",
        0o440,
    ),
    Write("/etc/machine-id", "", 0o444),
    Write("/etc/apt/sources.list", "deb https://deb.example.org/debian bookworm main\n"),
    Write(
        "/etc/pam.d/common-auth",
        "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n"
        "auth required pam_permit.so\n",
    ),
    Write("/etc/pam.d/sshd", "@include common-auth\nsession required pam_limits.so\n"),
    Write("/usr/lib/x86_64-linux-gnu/security/pam_unix.so", made_up.elf(), 0o644),
    Write(
        "/var/lib/dpkg/info/libpam-modules:amd64.md5sums",
        f"{_sum(made_up.elf())}  usr/lib/x86_64-linux-gnu/security/pam_unix.so\n",
    ),
    Write("/bin/sh", made_up.elf(), 0o755),
    Write("/usr/bin/env", made_up.elf(), 0o755),
    Write("/usr/bin/su", made_up.elf(), 0o4755),
    Write("/usr/bin/find", made_up.elf(), 0o755),
    Write("/var/lib/dpkg/status", "Package: base-files\nStatus: install ok installed\n\n"),
    Write("/usr/share/keyrings/archive.gpg", b"\x99\x01public"),
    Write("/etc/apt/trusted.gpg.d/archive.gpg", b"\x99\x01public"),
    Folder("/tmp", 0o1777),
    Folder("/var/tmp", 0o1777),
    Folder("/root", 0o700),
    Folder("/var/lib/postgresql", 0o755, 105, 112),
)


def sealing(paths: tuple[str, ...]) -> tuple[Act, ...]:
    """The acts of SEAL that the tree needs; `paths` are those it has."""
    return tuple(Remove(path) for path, _ in SEAL if path in paths)
