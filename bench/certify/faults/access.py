"""Faults about who gets in: passwords, accounts, sudo, authorized keys, sshd."""

from __future__ import annotations

from bench.certify.made_up import crypt, public_key, word
from bench.certify.planting import Act, Change, Fault, Folder, Link, Swap, Write

_DROP_IN = "/etc/ssh/sshd_config.d/10-appliance.conf"


def _account(name: str, uid: int, field: str = "!", shell: str = "/bin/bash") -> tuple[Act, ...]:
    return (
        Write("/etc/passwd", f"{name}:x:{uid}:{uid}::/home/{name}:{shell}\n", append=True),
        Write("/etc/group", f"{name}:x:{uid}:\n", append=True),
        Write("/etc/shadow", f"{name}:{field}:19000:0:99999:7:::\n", 0o640, 0, 42, append=True),
    )


def _sshd(name: str, rule: str, old: str, new: str) -> Fault:
    return Fault(name, rule, (Swap(_DROP_IN, old, new),))


def _early(name: str, rule: str, text: str) -> Fault:
    return Fault(name, rule, (Write("/etc/ssh/sshd_config.d/01-build.conf", text),))


def _late(name: str, rule: str, text: str) -> Fault:
    return Fault(name, rule, (Write("/etc/ssh/sshd_config", "\n" + text, append=True),))


FAULTS = (
    Fault("arch-32-bit-shell", "ARCH-01", (Write("/bin/sh", b"\x7fELF\x01" + b"\0" * 40, 0o755),)),
    Fault("root-password", "CRED-01", (Swap("/etc/shadow", "root:*:", f"root:{crypt('y')}:"),)),
    Fault("root-locked-twice", "CRED-01", (Swap("/etc/shadow", "root:*:", "root:!*:"),)),
    Fault("user-password", "CRED-02", _account("carla", 1000, crypt())),
    Fault(
        "hash-in-backup",
        "CRED-02",
        (Write("/var/backups/shadow.bak", f"root:{crypt()}:19000:0:99999:7:::\n", 0o600),),
    ),
    Fault(
        "hash-in-passwd",
        "CRED-02",
        (
            Write(
                "/etc/passwd", f"legacy:{word(13)}:200:65534::/srv:/usr/sbin/nologin\n", append=True
            ),
        ),
    ),
    Fault("locked-hash", "CRED-02", _account("dora", 998, "!" + crypt("5", 3, 43))),
    Fault(
        "group-password",
        "CRED-02",
        (Write("/etc/gshadow", f"staff:{crypt()}::\n", 0o640, 0, 42, append=True),),
    ),
    Fault("empty-password", "CRED-09", _account("kiosk", 997, "", "/usr/sbin/nologin")),
    Fault(
        "empty-passwd-field",
        "CRED-09",
        (Write("/etc/passwd", "open::996:65534::/srv:/bin/sh\n", append=True),),
    ),
    Fault(
        "htpasswd",
        "CRED-11",
        (Write("/etc/nginx/.htpasswd", "admin:$apr1$" + word(8) + "$" + word(22) + "\n"),),
    ),
    Fault(
        "preseed-hash",
        "CRED-11",
        (
            Write(
                "/var/lib/build/preseed.cfg",
                f"d-i passwd/root-password-crypted password {crypt()}\n",
            ),
        ),
    ),
    Fault(
        "grub-password",
        "CRED-11",
        (
            Write(
                "/etc/grub.d/40_custom",
                "password_pbkdf2 root grub.pbkdf2.sha512.10000."
                + word(64, 2, "0123456789ABCDEF")
                + "."
                + word(64, 3, "0123456789ABCDEF"),
                0o755,
            ),
        ),
    ),
    Fault(
        "uid-0-twin",
        "CRED-05",
        (
            Write("/etc/passwd", "toor:x:0:0::/root:/bin/bash\n", append=True),
            Write("/etc/shadow", "toor:*:::::::\n", 0o640, 0, 42, append=True),
        ),
    ),
    Fault("build-user", "CRED-06", _account("packer", 1000)),
    Fault("orphan-home", "CRED-06", (Folder("/home/jenny", 0o755, 0, 0),)),
    Fault("orphan-subuid", "CRED-06", (Write("/etc/subuid", "packer:100000:65536\n"),)),
    Fault("builder-as-system-account", "CRED-06", _account("vagrant", 900)),
    Fault(
        "nopasswd",
        "CRED-07",
        (Write("/etc/sudoers.d/90-build", "packer ALL=(ALL) NOPASSWD:ALL\n", 0o440),),
    ),
    Fault(
        "nopasswd-group",
        "CRED-07",
        (Swap("/etc/sudoers", "root", "%sudo   ALL=(ALL:ALL)   NOPASSWD : ALL\nroot"),),
    ),
    Fault(
        "no-authenticate",
        "CRED-07",
        (Write("/etc/sudoers.d/relaxed", "Defaults:deploy !authenticate\n", 0o440),),
    ),
    Fault("doas-nopass", "CRED-07", (Write("/etc/doas.conf", "permit nopass keepenv :wheel\n"),)),
    Fault(
        "polkit-yes",
        "CRED-07",
        (
            Write(
                "/etc/polkit-1/rules.d/49-nopw.rules",
                "polkit.addRule(function(a, s) {\n  return polkit.Result.YES;\n});\n",
            ),
        ),
    ),
    Fault("targetpw", "CRED-08", (Write("/etc/sudoers.d/suse", "Defaults targetpw\n", 0o440),)),
    Fault("uid-twins", "USR-01", (*_account("one", 950), *_account("two", 950))),
    Fault("name-twins", "USR-01", (*_account("same", 950), *_account("same", 951))),
    Fault("system-shell", "USR-02", _account("backup2", 780)),
    Fault("docker-member", "USR-03", (Write("/etc/group", "docker:x:998:shop\n", append=True),)),
    Fault("sudo-member", "USR-03", (Write("/etc/group", "wheel:x:997:root,svc\n", append=True),)),
    Fault("rhosts", "USR-04", (Write("/root/.rhosts", "buildhost root\n", 0o600),)),
    Fault(
        "authorized-key-user",
        "CRED-03",
        (
            *_account("ops", 1001),
            Write("/home/ops/.ssh/authorized_keys", public_key(), 0o600),
        ),
    ),
    Fault(
        "authorized-key-root",
        "CRED-03",
        (Write("/root/.ssh/authorized_keys", "# mine\n" + public_key("ssh-rsa", 4), 0o600),),
    ),
    Fault(
        "authorized-key-elsewhere",
        "CRED-03",
        (
            Write("/etc/ssh/sshd_config.d/01-keys.conf", "AuthorizedKeysFile /etc/ssh/keys/%u\n"),
            Write("/etc/ssh/keys/root", public_key("ecdsa-sha2-nistp256", 5)),
        ),
    ),
    Fault(
        "authorized-key-match-block",
        "CRED-03",
        (
            Write(
                "/etc/ssh/sshd_config",
                "\nMatch User root\n  AuthorizedKeysFile /opt/vendor/pub\n",
                append=True,
            ),
            Write("/opt/vendor/pub", public_key()),
        ),
    ),
    Fault(
        "authorized-key-skel",
        "CRED-03",
        (Write("/etc/skel/.ssh/authorized_keys2", public_key(seed=8), 0o600),),
    ),
    Fault(
        "dropbear-initramfs-key",
        "CRED-03",
        (Write("/etc/dropbear/initramfs/authorized_keys", public_key(), 0o600),),
    ),
    Fault("host-keys", "SSH-04", (Write("/etc/ssh/ssh_host_ed25519_key", "x" * 400, 0o600),)),
    Fault(
        "host-key-elsewhere",
        "SSH-04",
        (
            Write("/etc/ssh/sshd_config.d/02.conf", "HostKey /var/lib/keys/host\n"),
            Write("/var/lib/keys/host", "x" * 400, 0o600),
        ),
    ),
    Fault("host-key-truncated", "SSH-04", (Write("/etc/ssh/ssh_host_rsa_key", "", 0o600),)),
    Fault(
        "known-hosts",
        "KEY-03",
        (
            Write(
                "/root/.ssh/known_hosts",
                f"|1|{word(28)}|{word(28, 2)} ssh-ed25519 AAAA{word(60)}\n",
            ),
        ),
    ),
    Fault(
        "ssh-client-config",
        "KEY-03",
        (Write("/root/.ssh/config", "Host build\n  HostName build.corp.example\n", 0o600),),
    ),
    _early("ssh-user-ca", "SSH-08", "TrustedUserCAKeys /etc/ssh/vendor-ca.pub\n"),
    _early("ssh-keys-command", "SSH-08", "AuthorizedKeysCommand /opt/vendor/keys %u\n"),
    Fault("ssh-rc", "SSH-08", (Write("/root/.ssh/rc", "/opt/vendor/hello &\n"),)),
    _sshd("ssh-password", "SSH-01", "PasswordAuthentication no", "PasswordAuthentication yes"),
    _early("ssh-password-dropin", "SSH-01", "passwordauthentication=YES\n"),
    _late(
        "ssh-password-match", "SSH-01", "Match Address 10.0.0.0/8\n\tPasswordAuthentication yes\n"
    ),
    Fault(
        "ssh-password-option",
        "SSH-01",
        (Write("/etc/default/ssh", 'SSHD_OPTS="-o PasswordAuthentication=yes"\n'),),
    ),
    Fault(
        "ssh-keyboard",
        "SSH-06",
        (Swap("/etc/ssh/sshd_config", "KbdInteractiveAuthentication no", ""),),
    ),
    _early("ssh-keyboard-old-name", "SSH-06", "ChallengeResponseAuthentication yes\n"),
    _sshd("ssh-root", "SSH-02", "PermitRootLogin no", "PermitRootLogin yes"),
    _late("ssh-root-match", "SSH-02", "Match all\nPermitRootLogin yes\n"),
    _sshd("ssh-root-by-key", "SSH-14", "PermitRootLogin no", "PermitRootLogin prohibit-password"),
    _sshd("ssh-empty-passwords", "SSH-07", "PermitEmptyPasswords no", "PermitEmptyPasswords yes"),
    _sshd("ssh-alive-long", "SSH-03", "ClientAliveInterval 180", "ClientAliveInterval 10m"),
    _sshd("ssh-alive-off", "SSH-03", "ClientAliveInterval 180\n", ""),
    _sshd("ssh-forwarding", "SSH-09", "AllowTcpForwarding no", "AllowTcpForwarding yes"),
    _late("ssh-forwarding-match", "SSH-09", 'Match Group "ops"\n  AllowTcpForwarding remote\n'),
    _sshd("ssh-tunnel", "SSH-15", "PermitTunnel no", "PermitTunnel point-to-point"),
    _sshd("ssh-gateway-ports", "SSH-15", "GatewayPorts no", "GatewayPorts clientspecified"),
    _sshd("ssh-hostbased", "SSH-10", "HostbasedAuthentication no", "HostbasedAuthentication yes"),
    _early("ssh-environment", "SSH-11", "PermitUserEnvironment yes\n"),
    _sshd("ssh-loose-modes", "SSH-12", "StrictModes yes", "StrictModes no"),
    Fault("readable-shadow", "MODE-04", (Change("/etc/shadow", 0o644),)),
    Fault("passwd-writable", "MODE-05", (Change("/etc/passwd", 0o664),)),
    Fault("root-home-open", "MODE-05", (Change("/root", 0o777),)),
    Fault(
        "preload-by-link",
        "LOAD-01",
        (
            Link("/etc/ld.so.preload", "/opt/x/preload"),
            Write("/opt/x/preload", "/opt/x/lib.so\n"),
        ),
    ),
)
