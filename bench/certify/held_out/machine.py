"""Other traces of the machine that was built on."""

from __future__ import annotations

import stat

from bench.certify.made_up import digits, elf, word
from bench.certify.planting import Change, Fault, Folder, Link, Write


def _file(name: str, rule: str, path: str, content: str | bytes = "x\n" * 60) -> Fault:
    return Fault(name, rule, (Write(path, content, 0o600),))


FAULTS = (
    _file("32-bit program", "ARCH-01", "/usr/bin/env", b"\x7fELF\x01\x01" + b"\0" * 60),
    _file("data of the instance", "CI-02", "/var/lib/cloud/data/previous-instance-id", "i-0123\n"),
    _file("boot hooks", "CI-02", "/var/lib/cloud/scripts/per-instance/x.sh", "#!/bin/sh\n"),
    _file("netplan of cloud-init", "CI-02", "/etc/netplan/50-cloud-init.yaml", "network: {}\n"),
    _file("log of cloud-init", "CI-02", "/var/log/cloud-init-output.log"),
    _file(
        "plain password",
        "CI-03",
        "/etc/cloud/cloud.cfg.d/50_x.cfg",
        "users:\n  - name: op\n    lock_passwd: false\n    plain_text_passwd: 'x'\n",
    ),
    _file("default password", "CI-03", "/etc/cloud/cloud.cfg.d/pw.cfg", "password: hunter2\n"),
    _file(
        "import of keys",
        "CI-03",
        "/var/lib/build/user-data",
        "#cloud-config\nssh_import_id: [gh:x]\n",
    ),
    _file(
        "machine id, dashed", "ID-01", "/etc/machine-id", "0a1b2c3d-0000-1111-2222-333344445555\n"
    ),
    _file("zeros", "ID-01", "/etc/machine-id", "0" * 32 + "\n"),
    Fault(
        "link of D-Bus to a copy",
        "ID-04",
        (
            Link("/var/lib/dbus/machine-id", "/srv/mid"),
            Write("/srv/mid", digits(32)),
        ),
    ),
    _file("salt", "ID-04", "/etc/salt/minion_id", "build.example\n"),
    _file("host id", "ID-04", "/etc/hostid", b"\1\2\3\4"),
    _file("old seed", "ID-02", "/var/lib/urandom/random-seed", b"\3" * 512),
    _file("seed in the ESP", "ID-02", "/efi/loader/random-seed", b"\3" * 32),
    _file("EC2's name", "ID-03", "/etc/hostname", "ip-10-0-0-12\n"),
    _file(
        "name in hosts", "ID-03", "/etc/hosts", "127.0.0.1 localhost\n127.0.1.1\tvm-7.lan vm-7\n"
    ),
    _file(
        "NetworkManager's lease",
        "ID-05",
        "/var/lib/NetworkManager/internal-x-eth0.lease",
        "ADDRESS=\n",
    ),
    _file(
        "link file",
        "ID-05",
        "/etc/systemd/network/10-eth.link",
        "[Match]\nMACAddress=52:54:00:AA:BB:CC\n",
    ),
    _file(
        "ifcfg",
        "ID-05",
        "/etc/network/interfaces.d/eth0",
        "iface eth0 inet dhcp\n hwaddress ether 52:54:00:aa:bb:cc\n",
    ),
    _file("zsh", "HIST-01", "/root/.zsh_history", ": 1:0;ls\n"),
    _file("ash", "HIST-01", "/root/.ash_history", "ls\n"),
    _file("node", "HIST-01", "/root/.node_repl_history", "x\n"),
    _file(
        "PowerShell",
        "HIST-01",
        "/root/.local/share/powershell/PSReadLine/ConsoleHost_history.txt",
        "ls\n",
    ),
    _file("history in an orphan home", "HIST-01", "/home/gone/.bash_history", "ls\n"),
    _file("sqlite", "HIST-01", "/root/.sqlite_history", ".tables\n"),
    _file("nano", "HIST-02", "/root/.local/share/nano/search_history", "x\n"),
    _file("wget", "HIST-02", "/root/.wget-hsts", "# HSTS\n"),
    _file("vscode", "HIST-02", "/root/.vscode-server/bin/x", "x\n"),
    _file("compressed log", "LOG-01", "/var/log/apt/term.log.3.gz", b"\x1f\x8b" + b"x" * 90),
    _file("old log", "LOG-01", "/var/log/kern.log.old"),
    _file("syslog without an ending", "LOG-02", "/var/log/syslog"),
    _file("auth", "LOG-02", "/var/log/auth.log"),
    _file("database's log", "LOG-02", "/var/log/postgresql/postgresql-15-main.log"),
    _file(
        "journal of a user", "LOG-03", "/var/log/journal/a/user-1000@x.journal", b"LPKSHHRH" * 20
    ),
    _file("failed logins", "LOG-04", "/var/log/btmp", b"\6\0\0\0ssh" + b"\0" * 370),
    _file("new lastlog", "LOG-04", "/var/lib/lastlog/lastlog2.db", b"SQLite format 3"),
    _file("hidden in tmp", "TMP-01", "/tmp/.X11-unix/x", "x"),
    _file("shared memory", "TMP-01", "/dev/shm/x", "x"),
    _file("apt's cache", "TMP-02", "/var/cache/apt/pkgcache.bin"),
    _file("backup of the day", "TMP-03", "/var/backups/dpkg.status.0"),
    _file("other choice of a package", "TMP-03", "/etc/issue.dpkg-dist"),
    _file(
        "memory of systemd's core", "TMP-01", "/var/lib/systemd/coredump/core.x.zst", b"(\xb5/\xfd"
    ),
    _file("core of a daemon", "LEFT-02", "/var/lib/postgresql/core", elf(core=True)),
    Fault("character device", "MODE-06", (Write("/srv/mem", "", 0o600, kind=stat.S_IFCHR),)),
    _file("mercurial", "LEFT-01", "/srv/app/.hg/requires", "revlogv1\n"),
    _file("git of etckeeper", "LEFT-01", "/etc/.git/config", "[core]\n"),
    _file("emacs", "LEFT-03", "/etc/shop/#shop.conf#"),
    _file("copy with a date", "LEFT-03", "/etc/ssh/ssh_config.bak"),
    _file("php backup", "LEFT-03", "/var/www/html/config.php.old"),
    _file("redis dump", "LEFT-04", "/var/lib/redis/dump.rdb", b"REDIS0011" + b"x" * 40),
    _file("packed dump", "LEFT-04", "/opt/shop/prod.sql.gz", b"\x1f\x8b" + b"x" * 40),
    _file("vagrant", "LEFT-05", "/home/x/.vbox_version", "7.0"),
    _file("packer script", "LEFT-05", "/root/packer-provisioner.json", "{}"),
    Fault(
        "library with debug information", "BIN-01", (Write("/opt/shop/lib/x.so", elf(debug=True)),)
    ),
    Fault("su of one's own", "MODE-01", (Write("/usr/local/sbin/su", elf(), 0o4755),)),
    Fault("set-gid script", "MODE-01", (Write("/opt/shop/bin/run", "#!/bin/sh\n", 0o2755),)),
    Fault("set-uid on python", "MODE-01", (Write("/usr/bin/python3.11", elf(), 0o4755),)),
    Fault("open log folder", "MODE-02", (Folder("/var/log/shop", 0o777),)),
    Fault("open program", "MODE-02", (Change("/opt/shop/bin/serve", 0o757),)),
    Fault("folder of nobody", "MODE-03", (Folder("/var/lib/shop/data", 0o755, 1000, 1000),)),
    Fault(
        "link of cron for a person",
        "MODE-05",
        (
            Write("/etc/passwd", "eve:x:1000:1000::/srv:/bin/sh\n", append=True),
            Write("/etc/cron.d/eve", "0 1 * * * root /srv/x\n", 0o644, 1000, 1000),
        ),
    ),
    Fault("crontab that all read and write", "MODE-05", (Write("/etc/crontab", word(9), 0o666),)),
)
