"""What is written down of changes to who may do what: the kernel's audit log.

Owns one file of rules and auditd's settings. Refuses to halt the machine when the log is full: a
customer's service goes on, and the journal says so.
"""

from __future__ import annotations

from packer.harden.mode import at_most
from packer.harden.units import enabled
from packer.harden.values import PADDED, values
from packer.harden.want import cis, control
from packer.harden.whole_file import whole_file

_DAEMON = {
    "max_log_file": "16",
    "num_logs": "5",
    "max_log_file_action": "ROTATE",
    "space_left_action": "SYSLOG",
    "admin_space_left_action": "SUSPEND",
    "disk_full_action": "SUSPEND",
    "disk_error_action": "SUSPEND",
    "log_group": "root",
}
_WATCHED = (
    ("/etc/sudoers", "scope"),
    ("/etc/sudoers.d", "scope"),
    ("/var/log/sudo.log", "sudo_log_file"),
    *(
        (f"/etc/{name}", "identity")
        for name in ("group", "passwd", "gshadow", "shadow", "nsswitch.conf", "pam.conf", "pam.d")
    ),
    ("/etc/security/opasswd", "identity"),
    *(
        (f"/etc/{name}", "system-locale")
        for name in ("issue", "issue.net", "hosts", "hostname", "networks", "systemd/network")
    ),
    ("/etc/localtime", "time-change"),
    ("/etc/ssh/sshd_config", "sshd"),
    ("/etc/ssh/sshd_config.d", "sshd"),
    ("/etc/apparmor", "MAC-policy"),
    ("/etc/apparmor.d", "MAC-policy"),
    ("/etc/caretaker", "caretaker"),
    ("/etc/nftables.conf", "firewall"),
    ("/var/run/utmp", "session"),
    ("/var/log/wtmp", "session"),
    ("/var/log/btmp", "session"),
    ("/var/log/lastlog", "logins"),
    ("/var/run/faillock", "logins"),
)
_PEOPLE = "-F auid>=1000 -F auid!=unset"
_CALLS = (
    ("adjtimex,settimeofday", "", "time-change"),
    ("clock_settime", "-F a0=0x0", "time-change"),
    ("sethostname,setdomainname", "", "system-locale"),
    ("execve", "-C euid!=uid -F auid!=unset", "user_emulation"),
    ("openat,openat2,open_by_handle_at,truncate,ftruncate",
     f"-F exit=-EACCES {_PEOPLE}", "access"),
    ("openat,openat2,open_by_handle_at,truncate,ftruncate",
     f"-F exit=-EPERM {_PEOPLE}", "access"),
    ("fchmod,fchmodat", _PEOPLE, "perm_mod"),
    ("fchown,fchownat", _PEOPLE, "perm_mod"),
    ("setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr", _PEOPLE, "perm_mod"),
    ("mount", _PEOPLE, "mounts"),
    ("unlinkat,renameat,renameat2", _PEOPLE, "delete"),
    ("init_module,finit_module,delete_module", _PEOPLE, "kernel_modules"),
)  # fmt: skip
# arm64 has no such calls; their rules fail there alone, and "-c" goes on with the rest.
_OLD_CALLS = (
    ("open,creat", f"-F exit=-EACCES {_PEOPLE}", "access"),
    ("open,creat", f"-F exit=-EPERM {_PEOPLE}", "access"),
    ("chmod", _PEOPLE, "perm_mod"),
    ("chown,lchown", _PEOPLE, "perm_mod"),
    ("unlink,rename", _PEOPLE, "delete"),
    ("create_module,query_module", _PEOPLE, "kernel_modules"),
)
_PROGRAMS = ("/usr/bin/chcon", "/usr/bin/setfacl", "/usr/bin/chacl", "/usr/sbin/usermod",
             "/usr/bin/kmod", "/usr/bin/sudo", "/usr/bin/su")  # fmt: skip


def _rules() -> str:
    lines = ["-c"]
    lines += [f"-w {path} -p wa -k {key}" for path, key in _WATCHED]
    for calls, more, key in (*_CALLS, *_OLD_CALLS):
        for arch in ("b64", "b32"):
            words = f"-a always,exit -F arch={arch} -S {calls} {more} -F key={key}"
            lines.append(" ".join(words.split()))
    lines += [
        f"-a always,exit -F path={path} -F perm=x {_PEOPLE} -F key=privileged" for path in _PROGRAMS
    ]
    return "\n".join(lines) + "\n"


AUDIT = (
    control(
        "H-AUD-01", "Changes to users, rights, time, modules and the firewall are written down",
        cis("6.2.3.1", "6.2.3.2", "6.2.3.3", "6.2.3.4", "6.2.3.5", "6.2.3.7", "6.2.3.8",
            "6.2.3.9", "6.2.3.10", "6.2.3.11", "6.2.3.12", "6.2.3.13", "6.2.3.14", "6.2.3.19"),
        "medium",
        (whole_file("/etc/audit/rules.d/50-caretaker-harden.rules", _rules(), mode=0o640),),
        faults=("audit-rules",),
    ),
    control(
        "H-AUD-02", "The audit log runs from boot on, turns, and never fills the disk",
        cis("6.2.1.1", "6.2.1.2", "6.2.2.1", "6.2.2.2", "6.2.4.1", "6.2.4.2"), "medium",
        (
            values("/etc/audit/auditd.conf", _DAEMON, PADDED, package="/etc/audit", mode=0o640),
            at_most("/etc/audit", 0o750), at_most("/var/log/audit", 0o750),
            enabled("auditd.service"),
        ),
        faults=("audit-daemon", "audit-halts"),
    ),
)  # fmt: skip
