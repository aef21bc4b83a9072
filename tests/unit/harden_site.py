"""A small Debian tree to harden, the programs hardening runs, and what breaks each control.

The programs do to files what the real ones would: links of systemctl, lines of pam-auth-update,
modes of dpkg-statoverride. Refuses to judge.
"""

import os
from collections.abc import Callable
from pathlib import Path

from agent.host.spawn import Completed
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from packer.harden.control import Site
from packer.harden.controls.packages import NEEDED
from tests.scripted_host import ScriptedHost, completed, scripted_host

MANIFEST = """
[appliance]
name = "shop"
version = "1.0"
[services.web]
command = ["/bin/web"]
[firewall]
allow = [443]
"""

UNITS = (
    *("ssh.service", "nftables.service", "auditd.service", "apparmor.service"),
    *("systemd-timesyncd.service", "chrony.service", "avahi-daemon.service"),
    *("systemd-journal-remote.socket", "apt-daily.timer", "apt-daily-upgrade.timer"),
)

# Path → (content, mode).
FILES: dict[str, tuple[str, int]] = {
    "/etc/ssh/sshd_config": (
        ("# The server's file\nInclude /etc/ssh/sshd_config.d/*.conf\n\nPort 2222\n"
        "X11Forwarding yes\nAcceptEnv LANG LC_*\nSubsystem sftp /usr/lib/openssh/sftp-server\n"),
        0o644,
    ),
    "/etc/ssh/sshd_config.d/50-cloud-init.conf": ("PasswordAuthentication yes\nPort 22\n", 0o644),
    "/etc/ssh/ssh_host_ed25519_key": ("key\n", 0o600),
    "/usr/sbin/sshd": ("", 0o755),
    "/usr/bin/apt-get": ("", 0o755),
    "/usr/bin/unattended-upgrade": ("", 0o755),
    "/usr/bin/chsh": ("", 0o4755),
    "/usr/bin/sudo": ("", 0o4755),
    "/boot/vmlinuz-6.1.0": ("", 0o644),
    "/boot/grub/grub.cfg": ("set timeout=0\nlinux /boot/vmlinuz-6.1.0 root=/dev/vda3 ro\n", 0o644),
    "/etc/default/grub": ('GRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX="console=ttyS0"\n', 0o644),
    "/etc/default/useradd": ("SHELL=/bin/sh\n# INACTIVE=-1\n", 0o644),
    "/etc/passwd": (
        ("root:x:0:0:root:/root:/bin/bash\nsync:x:4:65534:sync:/bin:/bin/sync\n"
        "backup:x:34:34:backup:/var/backups:/bin/sh\nann:x:1000:1000::/home/ann:/bin/bash\n"),
        0o644,
    ),
    "/etc/shadow": ("root:!*:19000:0:99999:7:::\nann:!:19000:0:99999:7:::\n", 0o640),
    "/etc/group": ("root:x:0:\nshadow:x:42:\nstaff:x:50:ann\n", 0o644),
    "/etc/gshadow": ("root:*::\n", 0o640),
    "/etc/login.defs": (
        ("# ages\nPASS_MAX_DAYS\t99999\nPASS_MIN_DAYS 0\nUMASK\t\t022\n#HOME_MODE 0700\n"
        "ENCRYPT_METHOD SHA512\nUSERGROUPS_ENAB yes\n"),
        0o644,
    ),
    "/etc/profile": ("PATH=/usr/bin\n", 0o644),
    "/etc/bash.bashrc": ("# System-wide\numask 022\n", 0o644),
    "/etc/skel/.profile": ("# theirs\n", 0o644),
    "/root/.bashrc": ("# umask 022\n", 0o644),
    "/etc/pam.d/common-auth": ("auth [success=1 default=ignore] pam_unix.so nullok\n", 0o644),
    "/etc/pam.d/common-account": ("account required pam_permit.so\n", 0o644),
    "/etc/pam.d/common-password": (
        ("password requisite pam_pwquality.so retry=3\n"
        "password [success=1 default=ignore] pam_unix.so obscure yescrypt\n"),
        0o644,
    ),
    "/etc/pam.d/su": ("#\nauth sufficient pam_rootok.so\n@include common-auth\n", 0o644),
    "/usr/share/pam-configs/unix": ("Auth:\n\tpam_unix.so nullok try_first_pass\n", 0o644),
    "/etc/security/faillock.conf": ("# deny = 3\n# even_deny_root\n# root_unlock_time = 900\n",
                                    0o644),
    "/etc/security/pwquality.conf": ("# minlen = 8\n", 0o644),
    "/etc/sudoers": ("root ALL=(ALL:ALL) ALL\n", 0o440),
    "/etc/sysctl.conf": ("#net.ipv4.ip_forward=1\nnet.ipv4.conf.all.rp_filter=2\nvm.swappiness=5\n",
                         0o644),
    "/etc/fstab": ("UUID=1 / ext4 defaults 0 1\n", 0o644),
    "/etc/audit/auditd.conf": ("log_group = adm\nmax_log_file = 8\nnum_logs = 5\n", 0o640),
    "/etc/systemd/journald.conf": ("[Journal]\n#Storage=auto\n#Compress=yes\n", 0o644),
    "/etc/systemd/journald.conf.d/vendor.conf": (
        "[Journal]\nStorage=volatile\nRateLimitBurst=1\n", 0o644),
    "/etc/issue": ("Debian GNU/Linux 12 \\n \\l\n", 0o644),
    "/etc/update-motd.d/10-uname": ("#!/bin/sh\nuname -a\n", 0o755),
    "/etc/cron.d/e2scrub": ("30 3 * * 0 root true\n", 0o644),
    "/etc/cron.deny": ("", 0o644),
    "/var/log/cloud.log": ("booted\n", 0o644),
    "/var/log/wtmp": ("", 0o664),
    "/home/ann/notes": ("mine\n", 0o644),
    "/var/lib/dpkg/status": (
        "\n\n".join(f"Package: {name}\nStatus: install ok installed" for name in NEEDED) + "\n",
        0o644,
    ),
}  # fmt: skip


def make_site(root: Path, *, manifest: str = MANIFEST) -> Site:
    """The tree, and a host whose programs act on it."""
    for path, (content, mode) in FILES.items():
        put(root, path, content, mode)
    for name in UNITS:
        put(root, f"/usr/lib/systemd/system/{name}", "[Unit]\n")
    os.chmod(root / "root", 0o755)
    os.chmod(root / "home/ann", 0o755)
    host = scripted_host(root, booted=False)
    programs: dict[str, Callable[[ScriptedHost, tuple[str, ...]], None]] = {
        "systemctl": _systemctl,
        "pam-auth-update": _pam_auth_update,
        "groupadd": _groupadd,
        "dpkg-statoverride": _statoverride,
    }
    for name, act in programs.items():
        host.programs[(name,)] = _answer(host, act)
    parsed: Manifest = parse(manifest)
    return Site(host, parsed)


def put(root: Path, path: str, content: str, mode: int = 0o644) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)
    place.chmod(mode)


def _answer(
    host: ScriptedHost, act: Callable[[ScriptedHost, tuple[str, ...]], None]
) -> Callable[[tuple[str, ...]], Completed]:
    def run(argv: tuple[str, ...]) -> Completed:
        act(host, argv)
        return completed(argv, "")

    return run


def _systemctl(host: ScriptedHost, argv: tuple[str, ...]) -> None:
    verb, name = argv[-2:]
    own = host.path("/etc/systemd/system")
    wants = own / "multi-user.target.wants" / name
    wants.parent.mkdir(parents=True, exist_ok=True)
    if verb == "enable" and not wants.is_symlink():
        wants.symlink_to(f"/usr/lib/systemd/system/{name}")
    if verb == "disable":
        wants.unlink(missing_ok=True)
    if verb == "mask":
        (own / name).symlink_to("/dev/null")
    if verb == "unmask" and (own / name).is_symlink():
        (own / name).unlink()


def _pam_auth_update(host: ScriptedHost, _: tuple[str, ...]) -> None:
    pam = host.path("/etc/pam.d")
    # As the real one: an option that somebody took out stays out.
    unix = "pam_unix.so" + " nullok" * ("nullok" in (pam / "common-auth").read_text())
    (pam / "common-auth").write_text(
        "auth required pam_faillock.so preauth\n"
        f"auth [success=3 default=ignore] {unix}\n"
        "auth [default=die] pam_faillock.so authfail\n"
        "auth sufficient pam_faillock.so authsucc\n"
    )
    (pam / "common-account").write_text("account required pam_faillock.so\n")
    (pam / "common-password").write_text(
        "password requisite pam_pwquality.so retry=3\n"
        "password requisite pam_pwhistory.so remember=24 enforce_for_root use_authtok\n"
        "password [success=1 default=ignore] pam_unix.so obscure yescrypt\n"
    )


def _groupadd(host: ScriptedHost, argv: tuple[str, ...]) -> None:
    groups = host.path("/etc/group")
    groups.write_text(f"{groups.read_text()}{argv[-1]}:x:999:\n")


def _statoverride(host: ScriptedHost, argv: tuple[str, ...]) -> None:
    host.path(argv[-1]).chmod(int(argv[-2], 8))
