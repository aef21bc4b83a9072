"""Other ways to let somebody in: passwords, accounts, sudo, keys, sshd."""

from __future__ import annotations

from bench.certify.made_up import bcrypt, crypt, public_key, word
from bench.certify.planting import Change, Fault, Folder, Link, Swap, Write

_MAIN = "/etc/ssh/sshd_config"
_DROP_IN = "/etc/ssh/sshd_config.d/10-appliance.conf"


def _passwd(line: str) -> Write:
    return Write("/etc/passwd", line + "\n", append=True)


def _shadow(line: str) -> Write:
    return Write("/etc/shadow", line + "\n", 0o640, 0, 42, append=True)


def _sshd(name: str, rule: str, *lines: str) -> Fault:
    return Fault(name, rule, (Write("/etc/ssh/sshd_config.d/000-x.conf", "\n".join(lines) + "\n"),))


FAULTS = (
    Fault(
        "root's password in DES", "CRED-01", (Swap("/etc/shadow", "root:*:", f"root:{word(13)}:"),)
    ),
    Fault("root's field empty", "CRED-01", (Swap("/etc/shadow", "root:*:", "root::"),)),
    Fault(
        "yescrypt of a service",
        "CRED-02",
        (
            _passwd("backup:x:34:34::/var/backups:/usr/sbin/nologin"),
            _shadow(f"backup:$y$j9T${word(22)}${word(43)}:19900::::::"),
        ),
    ),
    Fault(
        "bcrypt",
        "CRED-02",
        (_passwd("bc:x:340:34::/x:/bin/false"), _shadow(f"bc:{bcrypt()}:1::::::")),
    ),
    Fault(
        "old passwords of PAM",
        "CRED-02",
        (Write("/etc/security/opasswd", f"root:0:1:{crypt()}\n", 0o600),),
    ),
    Fault("blank in passwd alone", "CRED-09", (_passwd("anon::321:34::/x:/bin/sh"),)),
    Fault("no line in shadow", "CRED-09", (_passwd("lost:x:322:34::/x:/bin/sh"),)),
    Fault("htpasswd in bcrypt", "CRED-11", (Write("/opt/shop/users.db", f"admin:{bcrypt(4)}\n"),)),
    Fault(
        "LDAP's root",
        "CRED-11",
        (Write("/etc/ldap/slapd.conf", "rootpw {SSHA}" + word(32) + "\n", 0o600),),
    ),
    Fault(
        "argon2 in JSON",
        "CRED-11",
        (
            Write(
                "/etc/shop/seed.json",
                '{"hash": "$argon2id$v=19$m=65536,t=3,p=4$' + word(22) + "$" + word(43) + '"}',
            ),
        ),
    ),
    Fault(
        "uid 0 written 00",
        "CRED-05",
        (_passwd("r00t:x:00:0::/root:/bin/sh"), _shadow("r00t:*:::::::")),
    ),
    Fault(
        "person with a high number", "CRED-06", (_passwd("lin:x:20001:34::/home/lin:/bin/bash"),)
    ),
    Fault("linger of a person gone", "CRED-06", (Write("/var/lib/systemd/linger/packer", ""),)),
    Fault("ubuntu as a system account", "CRED-06", (_passwd("ubuntu:x:850:34::/srv:/bin/bash"),)),
    Fault(
        "sudo in an included file",
        "CRED-07",
        (
            Write("/etc/sudoers", "\n#include /etc/sudo-extra\n", append=True),
            Write(
                "/etc/sudo-extra",
                "deploy ALL = (root) NOPASSWD: /usr/bin/systemctl, \\\n /bin/sh\n",
            ),
        ),
    ),
    Fault(
        "polkit's old form",
        "CRED-07",
        (
            Write(
                "/etc/polkit-1/localauthority/50-local.d/x.pkla", "[x]\nAction=*\nResultAny=yes\n"
            ),
        ),
    ),
    Fault("rootpw", "CRED-08", (Write("/etc/sudoers.d/10", "Defaults:%wheel rootpw\n", 0o440),)),
    Fault("same number as daemon", "USR-01", (_passwd("d2:x:1:1::/:/usr/sbin/nologin"),)),
    Fault("no shell named", "USR-02", (_passwd("quiet:x:333:34::/x:"),)),
    Fault("lxd", "USR-03", (Write("/etc/group", "lxd:x:700:svc\n", append=True),)),
    Fault("root's group as one's own", "USR-03", (_passwd("half:x:334:0::/x:/bin/bash"),)),
    Fault("hosts.equiv", "USR-04", (Write("/etc/hosts.equiv", "+ +\n"),)),
    Fault("NIS", "USR-04", (_passwd("+::::::"),)),
    Fault(
        "key of a service account",
        "CRED-03",
        (Write("/var/lib/postgresql/.ssh/authorized_keys", 'from="10.0.0.0/8" ' + public_key()),),
    ),
    Fault(
        "key with cloud-init's options",
        "CRED-03",
        (
            Write(
                "/root/.ssh/authorized_keys",
                'no-port-forwarding,command="echo \'Please login as the user \\"x\\"\'" '
                + public_key("ssh-rsa", 9),
                0o600,
            ),
        ),
    ),
    Fault(
        "security key",
        "CRED-03",
        (Write("/root/.ssh/authorized_keys2", public_key("sk-ssh-ed25519@openssh.com"), 0o600),),
    ),
    Fault(
        "keys by number",
        "CRED-03",
        (
            Write("/etc/ssh/sshd_config.d/000.conf", "AuthorizedKeysFile none /etc/keys.d/%U\n"),
            Write("/etc/keys.d/0", public_key()),
        ),
    ),
    Fault(
        "keys through a link",
        "CRED-03",
        (
            Link("/root/.ssh/authorized_keys", "/srv/keys"),
            Write("/srv/keys", public_key()),
        ),
    ),
    Fault("ECDSA host key", "SSH-04", (Write("/etc/ssh/ssh_host_ecdsa_key", "y" * 200, 0o600),)),
    Fault(
        "dropbear's host key",
        "SSH-04",
        (Write("/etc/dropbear/dropbear_ed25519_host_key", b"\0\0\0\x0b", 0o600),),
    ),
    Fault(
        "hosts known to all", "KEY-03", (Write("/etc/ssh/ssh_known_hosts", "git.corp ssh-rsa A\n"),)
    ),
    Fault("public half of a key", "KEY-03", (Write("/root/.ssh/id_rsa.pub", public_key()),)),
    Fault(
        "authority in a block",
        "SSH-08",
        (Write(_MAIN, "\nMatch User root\n TrustedUserCAKeys /etc/ssh/ca\n", append=True),),
    ),
    _sshd("password, quoted", "SSH-01", 'PasswordAuthentication "yes"'),
    Fault(
        "password by an include elsewhere",
        "SSH-01",
        (
            Write("/etc/ssh/sshd_config.d/000.conf", "Include /opt/shop/ssh/*.conf\n"),
            Write("/opt/shop/ssh/a.conf", "PASSWORDAUTHENTICATION yes\n"),
        ),
    ),
    Fault("password by silence", "SSH-01", (Swap(_DROP_IN, "PasswordAuthentication no\n", ""),)),
    _sshd("keyboard", "SSH-06", "KbdInteractiveAuthentication  yes"),
    _sshd("root by tabs", "SSH-02", "\tPermitRootLogin\tYES # for now"),
    _sshd("root by command", "SSH-14", "PermitRootLogin forced-commands-only"),
    _sshd("blank passwords", "SSH-07", "PermitEmptyPasswords=yes"),
    _sshd("alive for an hour", "SSH-03", "ClientAliveInterval 1h"),
    _sshd("alive each second", "SSH-03", "ClientAliveInterval 1"),
    _sshd("local forwarding", "SSH-09", "AllowTcpForwarding local"),
    _sshd("forwarding of sockets", "SSH-09", "AllowStreamLocalForwarding all"),
    _sshd("tunnel", "SSH-15", "PermitTunnel yes"),
    _sshd("gateway", "SSH-15", "GatewayPorts yes"),
    _sshd("by host", "SSH-10", "HostbasedAuthentication yes"),
    _sshd("environment by pattern", "SSH-11", "PermitUserEnvironment LANG,LD_*"),
    _sshd("loose", "SSH-12", "StrictModes no"),
    Fault("everybody reads gshadow", "MODE-04", (Change("/etc/gshadow", 0o644),)),
    Fault("sudoers that a group writes", "MODE-05", (Change("/etc/sudoers", 0o664),)),
    Fault("home of a person gone", "CRED-06", (Folder("/home/ci-runner", 0o700, 1000, 1000),)),
)
