"""What undoes each control: one planted fault for each name in a control's `faults`."""

from collections.abc import Callable
from pathlib import Path

from tests.unit.harden_site import put

Fault = Callable[[Path], None]
_SSHD = "/etc/ssh/sshd_config"
_SYSCTL = "/etc/sysctl.d/99-zz-caretaker-harden.conf"


def _replaced(path: str, old: str, new: str) -> Fault:
    def act(root: Path) -> None:
        place = root / path.lstrip("/")
        text = place.read_text()
        assert old in text, f"{path} does not hold {old!r}"
        place.write_text(text.replace(old, new))

    return act


def _added(path: str, text: str) -> Fault:
    def act(root: Path) -> None:
        place = root / path.lstrip("/")
        put(root, path, (place.read_text() if place.exists() else "") + text)

    return act


def _gone(path: str) -> Fault:
    return lambda root: (root / path.lstrip("/")).unlink()


def _mode(path: str, mode: int) -> Fault:
    return lambda root: (root / path.lstrip("/")).chmod(mode)


def _disabled(unit: str) -> Fault:
    return _gone(f"/etc/systemd/system/multi-user.target.wants/{unit}")


def _unmasked(unit: str) -> Fault:
    return _gone(f"/etc/systemd/system/{unit}")


FAULTS: dict[str, Fault] = {
    "package-missing": _replaced("/var/lib/dpkg/status", "Package: nftables\n", "Package: x\n"),
    "package-telnet": _added(
        "/var/lib/dpkg/status", "\n\nPackage: telnet\nStatus: install ok installed\n"
    ),
    "ssh-password": _replaced(_SSHD, "PasswordAuthentication no", "PasswordAuthentication yes"),
    "ssh-root-drop-in": _added(
        "/etc/ssh/sshd_config.d/60-vendor.conf", "Match User root\n  PermitRootLogin yes\n"
    ),
    "ssh-forwarding": _replaced(_SSHD, "AllowTcpForwarding no", "AllowTcpForwarding yes"),
    "ssh-forwarding-match": _added(_SSHD, "Match User ann\n  PermitTunnel yes\n"),
    "ssh-alive": _replaced(_SSHD, "ClientAliveInterval 180", "ClientAliveInterval 0"),
    "ssh-cipher": _replaced(_SSHD, "Ciphers chacha20", "Ciphers 3des-cbc,chacha20"),
    "ssh-config-open": _mode(_SSHD, 0o644),
    "ssh-host-key-open": _mode("/etc/ssh/ssh_host_ed25519_key", 0o644),
    "ssh-not-enabled": _disabled("ssh.service"),
    "root-password": _replaced("/etc/shadow", "root:*:", "root:" + "$y$" + "j9T$x:"),
    "service-shell": _replaced("/etc/passwd", "/var/backups:/usr/sbin/nologin", "/v:/bin/sh"),
    "password-ages": _replaced("/etc/login.defs", "PASS_MAX_DAYS 365", "PASS_MAX_DAYS 99999"),
    "inactive": _replaced("/etc/default/useradd", "INACTIVE=45", "INACTIVE=-1"),
    "hash-method": _replaced("/etc/login.defs", "YESCRYPT", "MD5"),
    "home-open": _mode("/home/ann", 0o755),
    "shadow-member": _replaced("/etc/group", "shadow:x:42:", "shadow:x:42:ann"),
    "pam-faillock": _replaced("/etc/pam.d/common-auth", "auth required pam_faillock", "#"),
    "faillock-deny": _replaced("/etc/security/faillock.conf", "deny = 4", "deny = 400"),
    "pam-nullok": _replaced("/etc/pam.d/common-auth", "pam_unix.so", "pam_unix.so nullok"),
    "pwquality-length": _replaced("/etc/security/pwquality.conf", "minlen = 14", "minlen = 4"),
    "su-open": _replaced("/etc/pam.d/su", "auth required pam_wheel", "# pam_wheel"),
    "sudo-log": _replaced("/etc/sudoers.d/00-caretaker-harden", "Defaults logfile", "# logfile"),
    "sudoers-open": _mode("/etc/sudoers", 0o644),
    "sysctl-forward": _replaced(_SYSCTL, "net.ipv4.ip_forward = 0", "net.ipv4.ip_forward = 1"),
    "sysctl-later-file": _added("/etc/sysctl.d/99-zzz.conf", "net/ipv4/ip_forward=1\n"),
    "sysctl-aslr": _added("/etc/sysctl.conf", "kernel.randomize_va_space = 0\n"),
    "sysctl-suid-dumpable": _replaced(_SYSCTL, "fs.suid_dumpable = 0", "fs.suid_dumpable = 1"),
    "module-cramfs": _gone("/etc/modprobe.d/caretaker-file-systems.conf"),
    "module-usb": _replaced("/etc/modprobe.d/caretaker-buses.conf", "usb-storage", "usb"),
    "module-sctp": _replaced("/etc/modprobe.d/caretaker-protocols.conf", "sctp", "none"),
    "mount-tmp": _replaced("/etc/fstab", "tmpfs /tmp ", "tmpfs /temp "),
    "mount-tmp-exec": _replaced("/etc/fstab", "noexec,mode=1777", "exec,mode=1777"),
    "mount-shm": _replaced("/etc/fstab", "tmpfs /dev/shm ", "# "),
    "llmnr": _replaced("/etc/systemd/resolved.conf.d/50-caretaker-harden.conf", "LLMNR=no", ""),
    "avahi": _unmasked("avahi-daemon.service"),
    "firewall-open": _replaced("/etc/nftables.conf", "policy drop", "policy accept"),
    "firewall-port": _replaced("/etc/nftables.conf", "443, 8086", "443, 5432, 8086"),
    "firewall-disabled": _disabled("nftables.service"),
    "apparmor-complain": _replaced(
        "/etc/apparmor.d/caretaker-daemon", "(attach_disconnected)", "(complain)"
    ),
    "apparmor-drop-in": _gone("/etc/systemd/system/caretaker.service.d/20-apparmor.conf"),
    "audit-rules": _replaced("/etc/audit/rules.d/50-caretaker-harden.rules", "-w /etc/shadow", "#"),
    "audit-daemon": _disabled("auditd.service"),
    "audit-halts": _replaced("/etc/audit/auditd.conf", "disk_full_action = SUSPEND",
                             "disk_full_action = HALT"),
    "journal-volatile": _replaced("/etc/systemd/journald.conf", "Storage=persistent",
                                  "Storage=volatile"),
    "journal-drop-in": _added("/etc/systemd/journald.conf.d/zz.conf",
                              "[Journal]\nForwardToSyslog=yes\n"),
    "journal-remote": _unmasked("systemd-journal-remote.socket"),
    "time-service": _disabled("systemd-timesyncd.service"),
    "time-second": _unmasked("chrony.service"),
    "updates-off": _replaced("/etc/apt/apt.conf.d/20auto-upgrades", 'Upgrade "1"', 'Upgrade "0"'),
    "updates-timer": _disabled("apt-daily-upgrade.timer"),
    "cron-open": _mode("/etc/cron.d", 0o755),
    "cron-deny": _added("/etc/cron.deny", "ann\n"),
    "core-limit": _replaced("/etc/security/limits.d/10-caretaker-harden.conf", "* hard core 0", ""),
    "core-shell": _gone("/etc/profile.d/caretaker-core.sh"),
    "core-storage": _gone("/etc/systemd/coredump.conf.d/50-caretaker-harden.conf"),
    "tmout": _replaced("/etc/profile.d/tmout.sh", "900", "0"),
    "umask-profile": _replaced("/etc/profile", "umask 027", "umask 022"),
    "umask-defs": _replaced("/etc/login.defs", "UMASK 027", "UMASK 022"),
    "skel-open": _mode("/etc/skel/.profile", 0o644),
    "banner-system": _added("/etc/issue.net", "Debian GNU/Linux 12\n"),
    "motd-script": _mode("/etc/update-motd.d/10-uname", 0o755),
    "boot-apparmor": _replaced("/boot/grub/grub.cfg", " apparmor=1", " apparmor=0"),
    "boot-defaults": _replaced("/etc/default/grub", " audit=1", ""),
    "boot-menu-open": _mode("/boot/grub/grub.cfg", 0o644),
    "suid-chsh": _mode("/usr/bin/chsh", 0o4755),
    "passwd-writable": _mode("/etc/passwd", 0o666),
    "shadow-open": _mode("/etc/shadow", 0o644),
    "log-open": _mode("/var/log/cloud.log", 0o644),
    "path-writable": _mode("/usr/bin", 0o777),
}  # fmt: skip
