"""Places of the system's own: no manifest may give them away.

Owns the rule. Pure.
"""

from __future__ import annotations

from pathlib import PurePath

_TREES = ("bin", "boot", "dev", "lib", "lib64", "proc", "root", "sbin", "sys", "usr")
_TOPS = (*_TREES, "etc", "home", "media", "mnt", "opt", "run", "srv", "tmp", "var")
# With all that is in them: who may write there is root, or may become it.
_CLOSED = (
    *("/etc/caretaker", "/opt/caretaker", "/var/lib/caretaker", "/var/log/caretaker"),
    *("/run/caretaker", "/run/caretaker-setup", "/run/caretaker-remedies", "/run/systemd"),
    *("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/fstab", "/etc/crontab"),
    *("/etc/sudoers", "/etc/sudoers.d", "/etc/pam.d", "/etc/security", "/etc/polkit-1"),
    *("/etc/ssh", "/etc/ssl", "/etc/systemd", "/etc/udev", "/etc/dbus-1", "/etc/init.d"),
    *("/etc/apt", "/etc/dpkg", "/etc/cron.d", "/etc/cron.daily", "/etc/cron.hourly"),
    *("/etc/cron.weekly", "/etc/cron.monthly", "/etc/profile", "/etc/profile.d"),
    *("/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/ld.so.cache"),
    *("/etc/tmpfiles.d", "/etc/sysusers.d", "/etc/sysctl.d", "/etc/modprobe.d"),
    *("/var/lib/apt", "/var/lib/dpkg", "/var/lib/rpm", "/var/lib/systemd", "/var/spool/cron"),
    *("/var/log/journal", "/run/log/journal"),
)


def is_systems(path: PurePath) -> bool:
    """Whether an absolute path is one that every Unix has, lies where packages install, or is
    Caretaker's own."""
    parts = path.parts[1:]
    if not parts or parts[0] in _TREES:
        return True
    if any(path.is_relative_to(each) for each in _CLOSED):
        return True
    return (len(parts) == 1 and parts[0] in _TOPS) or (len(parts) == 2 and parts[0] == "var")


def is_kept(path: PurePath, app: str) -> bool:
    """Whether it holds what setup keeps for the application: releases, or whole copies of data."""
    data = f"/var/lib/{app}"
    whole = (f"/opt/{app}", f"{data}/generations", f"{data}/deployments", f"{data}/active")
    return path == PurePath(data) or any(path.is_relative_to(each) for each in whole)
