"""Faults about the machine that was built on: cloud's remains, identity, traces of people."""

from __future__ import annotations

import stat

from bench.certify.made_up import digits, elf, word
from bench.certify.planting import Fault, Folder, Link, Write


def _file(name: str, rule: str, path: str, content: str | bytes = "x\n" * 60) -> Fault:
    return Fault(name, rule, (Write(path, content, 0o600),))


CLOUD = (
    Fault(
        "cloud-init-instance",
        "CI-02",
        (
            Write("/var/lib/cloud/instances/i-0abc/user-data.txt", "#cloud-config\n", 0o600),
            Link("/var/lib/cloud/instance", "/var/lib/cloud/instances/i-0abc"),
        ),
    ),
    _file("cloud-init-seed", "CI-02", "/var/lib/cloud/seed/nocloud/user-data", "#cloud-config\n"),
    _file(
        "cloud-init-sshd",
        "CI-02",
        "/etc/ssh/sshd_config.d/50-cloud-init.conf",
        "PasswordAuthentication no\n",
    ),
    _file("installer-log", "CI-02", "/var/log/installer/cdebconf/questions.dat"),
    _file("waagent-provisioned", "CI-02", "/var/lib/waagent/provisioned", digits(32)),
    _file("kickstart", "CI-02", "/root/anaconda-ks.cfg", "rootpw --lock\n"),
    _file(
        "cloud-config-password",
        "CI-03",
        "/etc/cloud/cloud.cfg.d/99-build.cfg",
        "chpasswd:\n  list: |\n    root:secret\n",
    ),
    _file(
        "cloud-config-pwauth", "CI-03", "/etc/cloud/cloud.cfg.d/80-login.cfg", "ssh_pwauth: True\n"
    ),
    _file(
        "cloud-config-key",
        "CI-03",
        "/etc/cloud/cloud.cfg.d/70-user.cfg",
        "users:\n  - name: x\n    ssh_authorized_keys:\n      - ssh-rsa AAAA\n",
    ),
)
IDENTITY = (
    _file("machine-id", "ID-01", "/etc/machine-id", digits(32) + "\n"),
    _file("machine-id-without-newline", "ID-01", "/etc/machine-id", digits(32, 2)),
    _file("dbus-machine-id", "ID-04", "/var/lib/dbus/machine-id", digits(32) + "\n"),
    _file(
        "iscsi-name",
        "ID-04",
        "/etc/iscsi/initiatorname.iscsi",
        "InitiatorName=iqn.1993-08.org.debian:01:" + digits(12) + "\n",
    ),
    _file("nvme-host", "ID-04", "/etc/nvme/hostnqn", "nqn.2014-08.org.nvmexpress:uuid:x\n"),
    _file("pro-token", "ID-04", "/var/lib/ubuntu-advantage/private/machine-token.json", '{"x": 1}'),
    _file("random-seed", "ID-02", "/var/lib/systemd/random-seed", b"\x07" * 512),
    _file("credential-secret", "ID-02", "/var/lib/systemd/credential.secret", b"\x07" * 4096),
    _file("loader-seed", "ID-02", "/boot/efi/loader/random-seed", b"\x07" * 32),
    _file("host-name", "ID-03", "/etc/hostname", "build-7f3a.corp.example\n"),
    _file("hosts-line", "ID-03", "/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 packer-deb12\n"),
    _file("mail-name", "ID-03", "/etc/mailname", "builder.corp.example\n"),
    _file("dhcp-lease", "ID-05", "/var/lib/dhcp/dhclient.eth0.leases", "lease { }\n"),
    _file("persistent-net", "ID-05", "/etc/udev/rules.d/70-persistent-net.rules", "SUBSYSTEM==x\n"),
    _file(
        "netplan-mac",
        "ID-05",
        "/etc/netplan/01-eth.yaml",
        "network:\n  ethernets:\n    e:\n      match: {macaddress: '52:54:00:12:34:56'}\n",
    ),
    Fault(
        "build-name-server",
        "ID-05",
        (Write("/etc/resolv.conf", "search corp.example\nnameserver 10.0.2.3\n"),),
    ),
)
TRACES = (
    _file("bash-history", "HIST-01", "/root/.bash_history", "apt-get install x\n" * 90),
    _file("python-history", "HIST-01", "/root/.python_history", "import os\n"),
    _file("history-of-a-service", "HIST-01", "/var/lib/postgresql/.psql_history", "alter user x\n"),
    _file("fish-history", "HIST-01", "/root/.local/share/fish/fish_history", "- cmd: ls\n"),
    _file("mysql-history", "HIST-01", "/root/.mysql_history", "SET PASSWORD\n"),
    _file("viminfo", "HIST-02", "/root/.viminfo", "# viminfo\n"),
    _file("lesshst", "HIST-02", "/root/.lesshst", ".less-history-file:\n"),
    _file("home-cache", "HIST-02", "/root/.cache/pip/http/a/b", "x"),
    _file("rotated-log", "LOG-01", "/var/log/syslog.1"),
    _file("dated-log", "LOG-01", "/var/log/nginx/access.log-20260101"),
    _file("full-log", "LOG-02", "/var/log/dpkg.log", "2026-11-21 install x\n" * 30),
    _file("log-in-subfolder", "LOG-02", "/var/log/apt/history.log", "Start-Date: 2026\n" * 30),
    _file("root-mail", "LOG-02", "/var/mail/root", "From cron\n"),
    _file("journal", "LOG-03", f"/var/log/journal/{digits(32)}/system.journal", b"LPKSHHRH" * 90),
    _file("wtmp", "LOG-04", "/var/log/wtmp", b"\x07\0\0\0pts/0" + b"\0" * 300 + b"10.0.2.2"),
    _file("tmp-script", "TMP-01", "/tmp/script_4711.sh", "#!/bin/sh\n"),
    Fault("var-tmp-folder", "TMP-01", (Folder("/var/tmp/systemd-private-1", 0o700),)),
    _file("crash-report", "TMP-01", "/var/crash/_usr_bin_x.0.crash", "ProblemType: Crash\n"),
    _file("apt-lists", "TMP-02", "/var/lib/apt/lists/deb.example_dists_bookworm_InRelease"),
    _file("apt-archive", "TMP-02", "/var/cache/apt/archives/x_1_amd64.deb", "!<arch>\n"),
    _file("passwd-backup", "TMP-03", "/etc/passwd-", "packer:x:1000:1000::/home/packer:/bin/sh\n"),
    _file("dpkg-backup", "TMP-03", "/etc/ssh/ssh_config.dpkg-old"),
    _file("ucf-backup", "TMP-03", "/etc/default/grub.ucf-old"),
    _file("core-dump", "LEFT-02", "/opt/shop/core.4242", elf(core=True)),
    Fault("device-elsewhere", "MODE-06", (Write("/opt/shop/disk", b"", 0o660, kind=stat.S_IFBLK),)),
)
OFF = (
    _file("git-repository", "LEFT-01", "/opt/shop/.git/HEAD", "ref: refs/heads/main\n"),
    _file("svn-repository", "LEFT-01", "/srv/app/.svn/wc.db", "SQLite format 3"),
    _file("vim-swap", "LEFT-03", "/etc/shop/.shop.conf.swp", "b0VIM 9.0"),
    _file("editor-backup", "LEFT-03", "/etc/nginx/nginx.conf~"),
    _file("old-configuration", "LEFT-03", "/etc/shop/shop.conf.orig"),
    _file("sql-dump", "LEFT-04", "/root/customers.sql", "INSERT INTO users VALUES ('a');\n"),
    _file("backup-archive", "LEFT-04", "/var/lib/shop/backup-2026.tar.gz", word(400)),
    _file("ansible-folder", "LEFT-05", "/root/.ansible/tmp/x.py", "#!/usr/bin/python3\n"),
    _file("terraform-state", "LEFT-05", "/opt/infra/terraform.tfstate", '{"version": 4}'),
    Fault("unstripped-program", "BIN-01", (Write("/opt/shop/bin/worker", elf(debug=True), 0o755),)),
)
FAULTS = (*CLOUD, *IDENTITY, *TRACES, *OFF)
