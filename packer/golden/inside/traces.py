"""Every trace of the build, in the order in which they go. Data."""

from __future__ import annotations

from packer.golden.inside.trace import Trace

_ACCESS = (
    Trace("etc/ssh/ssh_host_*", "remove", "each instance makes its own host keys"),
    Trace("root/.ssh", "remove", "whoever built it does not log in"),
    Trace("home/*", "remove", "the build's user is gone, and nobody else has a home yet"),
    Trace("etc/sudoers.d/90-cloud-init-users", "remove", "the build's user could become root"),
    Trace("etc/ssh/sshd_config.d/50-cloud-init.conf", "remove", "cloud-init's answer to the seed"),
    Trace("etc/*-", "remove", "copies of passwd, group and shadow, with the build's user"),
    Trace("var/backups/*", "remove", "copies of passwd, dpkg and apt"),
    Trace("var/lib/systemd/linger/*", "remove", "names the build's user"),
    Trace("var/lib/sudo/*", "hollow", "when the build's user became root last"),
    Trace("var/spool/cron/crontabs/*", "remove", "jobs of users that were here"),
    Trace("var/mail/*", "remove", "mail of users that were here"),
)

_IDENTITY = (
    Trace("etc/machine-id", "empty", "systemd makes one where it is empty (machine-id(5))"),
    Trace("var/lib/dbus/machine-id", "remove", "a copy of the same"),
    Trace("var/lib/systemd/random-seed", "remove", "no two machines begin with the same chance"),
    Trace("var/lib/systemd/credential.secret", "remove", "encrypts this machine's credentials"),
    Trace("boot/efi/loader/random-seed", "remove", "the boot loader's"),
    Trace("var/lib/systemd/catalog/database.lock", "remove", "a lock"),
    Trace("var/lib/systemd/timesync/clock", "remove", "when the build's clock was set"),
    Trace("var/lib/systemd/timers/stamp-*", "remove", "timers have not run on a new machine"),
    Trace("var/lib/systemd/rfkill/*", "remove", "devices of the build's machine"),
    Trace("var/lib/systemd/pstore/*", "remove", "a crash of the build's machine"),
    Trace("var/lib/systemd/coredump/*", "remove", "memory of the build's machine"),
    Trace("var/lib/private/systemd/*", "remove", "dynamic users' state"),
    Trace("etc/udev/rules.d/70-persistent-net.rules", "remove", "the build's network card"),
    Trace("etc/netplan/50-cloud-init.yaml", "remove", "the build's network"),
    Trace("etc/systemd/network/10-cloud-init-*", "remove", "the build's network"),
    Trace("var/lib/dhcp/*", "remove", "the build's addresses"),
    Trace("var/lib/NetworkManager/*", "remove", "the build's network"),
    Trace("etc/resolv.conf.bak", "remove", "the build's name servers"),
    Trace("etc/adjtime", "remove", "the build's hardware clock"),
)

_CLOUD = (
    Trace("var/lib/cloud", "remove", "cloud-init takes the first boot for a later one else"),
    Trace("var/lib/waagent/*", "remove", "Azure's agent, of the build's machine"),
    Trace("run/cloud-init", "remove", "what it found at the build"),
)

_CARETAKER = (
    Trace("var/lib/caretaker/*", "remove", "ledger, keys of pseudonyms and of ACME, state"),
    Trace("etc/caretaker/settings.toml", "remove", "a customer's answers"),
    Trace("etc/caretaker/answers.*", "remove", "a customer's answers"),
    Trace("run/caretaker*", "remove", "a run of the build's machine"),
    Trace("opt/caretaker/wheelhouse", "remove", "the environment stands already"),
)

_CACHES = (
    Trace("var/lib/apt/lists", "hollow", "lists of packages are old by the first boot"),
    Trace("var/cache/apt", "hollow", "packages and their index"),
    Trace("var/cache/debconf/*-old", "remove", "a copy"),
    Trace("var/lib/dpkg/*-old", "remove", "a copy"),
    Trace("var/lib/ucf/*.[0-9]", "remove", "a copy"),
    Trace("var/cache/ldconfig/aux-cache", "remove", "inodes of the build's file system"),
    Trace("var/cache/private", "hollow", "dynamic users' caches"),
    Trace("root/.cache", "remove", "of programs that ran at the build"),
    Trace("root/.launchpadlib", "remove", "of programs that ran at the build"),
    Trace("root/.config", "remove", "of programs that ran at the build"),
    Trace("root/.gnupg", "remove", "keys of whoever built it"),
    Trace("tmp", "hollow", "what the build put there"),
    Trace("var/tmp", "hollow", "what the build put there"),
    Trace("var/crash", "hollow", "crashes of the build"),
    Trace("lost+found", "hollow", "what a check of the disk found"),
)

_HISTORIES = tuple(
    Trace(f"{home}/{name}", "remove", "what somebody typed")
    for home in ("root", "etc/skel")
    for name in (".*_history", ".*history", ".lesshst", ".wget-hsts", ".viminfo", ".sudo_as*")
)

# Last: everything above may have said something.
_LOGS = (
    Trace("var/log/journal", "hollow", "the build's journal"),
    Trace("var/log/**/*.gz", "remove", "logs of the build"),
    Trace("var/log/**/*.[0-9]", "remove", "logs of the build"),
    Trace("var/log/**/*-[0-9]*", "remove", "logs of the build"),
    # DigitalOcean's check takes its name for that of a rotated log, empty or not.
    Trace("var/log/cloud-init*.log", "remove", "the build's first boot"),
    # Whoever writes them makes no new one, so they stay away until tmpfiles.d makes them at boot.
    Trace("var/log/wtmp", "remove", "the build's log-ins"),
    Trace("var/log/btmp", "remove", "the build's log-ins that failed"),
    Trace("var/log/lastlog", "remove", "the build's log-ins"),
    Trace("var/log", "empty", "the build's log-ins and logs; owners and modes stay"),
)

TRACES = (*_ACCESS, *_IDENTITY, *_CLOUD, *_CARETAKER, *_CACHES, *_HISTORIES, *_LOGS)

# They write again at their end, or while we look: stopped before anything is taken away.
STOPPED = (
    "unattended-upgrades.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "auditd.service",
    "systemd-random-seed.service",
    "systemd-update-utmp.service",
    "systemd-timesyncd.service",
    "rsyslog.service",
    "fstrim.timer",
)
