"""For each analyser what it must object to, and what it must find fine: files as they are."""

from __future__ import annotations

from typing import Any

from tests.unit.support_evidence import CLOCK, NOW

GB = 1 << 30
DAY = 86400.0
Files = dict[str, Any]


def kernel(*lines: str) -> str:
    return "".join(f"2026-11-21T17:40:0{n}+00:00 kernel: {line}\n" for n, line in enumerate(lines))


def unit(name: str, *lines: str) -> Files:
    text = "".join(f"2026-11-21T17:4{n}:02+00:00 {line}\n" for n, line in enumerate(lines))
    return {f"journal/{name}.log": text}


def filesystem(**more: Any) -> Files:
    usual = {"mount": "/data", "source": "/dev/vdb", "kind": "ext4", "size": 40 * GB,
             "available": 20 * GB, "used_percent": 50.0, "inodes_used_percent": 10.0,
             "read_only": False, "holds": ["data"]}  # fmt: skip
    return {"disks/filesystems.json": [{**usual, **more}]}


def certificate(**more: Any) -> Files:
    usual = {"name": "web", "file": "/etc/forge/tls/web/current/cert.pem", "by": "caretaker",
             "names": ["host-1.example.org"], "begins": NOW - 10 * DAY, "ends": NOW + 80 * DAY,
             "days_left": 80.0, "key": {"kind": "ec", "bits": 256},
             "key_matches": True}  # fmt: skip
    return {**CLOCK, "certificates/certificates.json": [{**usual, **more}]}


def filling(an_hour: float) -> Files:
    """Samples of a day in which the disk fills by so many bytes an hour."""
    return {
        "samples/samples.jsonl": [
            {"at": NOW - DAY + 300 * n, "disk_total_bytes": 40.0 * GB,
             "disk_free_bytes": 12.0 * GB - an_hour * n / 12, "cpu_used_percent": 12.0}
            for n in range(288)
        ]
    }  # fmt: skip


def show(**more: Any) -> Files:
    usual = {"Id": "forge-web.service", "service": "web", "ActiveState": "active",
             "SubState": "running", "LoadState": "loaded", "Result": "success",
             "NRestarts": 0}  # fmt: skip
    return {"systemd/services.json": [{**usual, **more}]}


def entry(act: str, outcome: str, why: str = "", target: str = "") -> Files:
    return {
        "ledger/ledger.jsonl": [
            {"at": NOW - 600, "by": "root", "boot": "b", "actor": "timer", "act": act,
             "target": target, "outcome": outcome, "why": why}
        ]
    }  # fmt: skip


def memory(**more: Any) -> Files:
    usual: Files = {
        "meminfo": {"MemTotal": 8.0 * GB, "MemAvailable": 5.0 * GB, "SwapTotal": 1.0 * GB,
                    "SwapFree": 1.0 * GB},
        "pressure": {"memory": {"some": {"avg10": 0.0, "avg300": 0.1, "total": 10.0},
                                "full": {"avg300": 0.0}}},
        "load": [0.3, 0.4, 0.5], "cpus": 2,
    }  # fmt: skip
    return {"system/memory.json": {**usual, **more}}


def change(**more: Any) -> Files:
    usual = {"kind": "upgrade", "title": "upgrade forge 1.4.1 to 1.4.2", "phase": "done",
             "number": 4, "before": 3, "version": "1.4.2", "before_version": "1.4.1",
             "fresh": True, "begun": NOW - 7200, "ended": NOW - 7000,
             "outcome": {"changed": True, "deployment": 4, "downtime": 9.0}}  # fmt: skip
    return {**CLOCK, "changes/change.json": {**usual, **more}}


# code → files that are fine.
FINE: dict[str, Files] = {
    "disk-space": filesystem(),
    "read-only": filesystem(),
    "oom": {"journal/kernel.log": kernel("Linux version 6.1.0-28-amd64")},
    "kernel-errors": {"journal/kernel.log": kernel("EXT4-fs (vda1): mounted filesystem")},
    "certificates": certificate(),
    "clock": {"time/clock.json": {"wall": NOW, "synchronised": True, "offset_seconds": 0.002,
                                  "newest_file": NOW - 60, "source": "chronyd"}},
    "database": {**CLOCK, "database/status.json": {
        "version": "15.8", "connections": 12, "connections_max": 100, "oldest_transaction": 0.4,
        "fenced": False, "lag": None}},
    "name-resolution": {"network/resolv.conf": "# made by hand\nnameserver 10.0.0.2\n"},
    "ports": {"network/sockets.json": [
        {"protocol": "tcp", "address": "0.0.0.0", "port": 8080, "program": "web", "pid": 7,
         "service": "web"}], **show()},
    "locks": unit("forge-web.service", "web[1]: serving"),
    "permissions": unit("ssh.service", "sshd[9]: user-1: Permission denied (publickey)."),
    "open-files": {"system/limits.json": {
        "files": {"open": 2000, "max": 900_000},
        "processes": [{"pid": 7, "name": "web", "service": "web", "open_files": 90,
                       "limits": {"Max open files": [1024, 524_288, "files"]}}]}},
    "changes": change(),
    "services": {**show(), "health/verdict.json": {"report": {"services": [
        {"name": "web", "running": True, "state": "running"}]}}},
    "failed-units": {"systemd/units.json": [
        {"unit": "forge-web.service", "load": "loaded", "active": "active", "sub": "running"}]},
    "restart-loops": show(NRestarts=1),
    "health": {"health/verdict.json": {"age": 0.5, "report": {"ready": "pass", "checks": [
        {"name": "web", "status": "pass", "code": "ok", "summary": "answers 200"}]}}},
    "remedies": {"caretaker/remedies.json": {"boot": "b", "targets": {"disk": {"/": {
        "acts": [1.0], "safe": ""}}}}, **entry("remedy disk", "done", "freed 2 GiB", "/")},
    "disk-trend": filling(0.0),
    "memory": memory(),
    "load": memory(),
    "network": {"network/links.json": [
        {"name": "lo", "up": True}, {"name": "ens5", "up": True, "received": 9e9, "sent": 2e9,
                                     "receive_errors": 0, "send_errors": 0}]},
    "crashes": {"crashes/dumps.json": [], **CLOCK},
    "reboots": {"journal/kernel.log": kernel("EXT4-fs (vda1): mounted filesystem")},
    "journal-losses": {"journal/kernel.log": kernel(
        "kauditd_printk_skb: 10 callbacks suppressed")},
    "backups": {**CLOCK, "backups/backups.json": {"place": "/mnt", "kind": "archive", "backups": [
        {"id": "20261121-020000-aaaaaa", "created": NOW - 57_600, "sound": True}]}},
    "housekeeping": {**CLOCK, "caretaker/tasks.json": {"tasks": {"journal": {
        "anchor": NOW - 9000, "began": NOW - 9000, "outcome": "done", "summary": "freed 1 MB"}}}},
    "package-manager": {"packages/problems.json": {
        "manager": "dpkg", "held": ["nginx"], "unfinished": [], "half_installed": []}},
    "updates": {**CLOCK, "packages/pending.json": {
        "at": NOW - 3600, "known": NOW - 7200, "pending": 1, "security": 0,
        "updates": [{"name": "vim", "before": "1", "after": "2", "fix": ""}]}},
    "reboot-pending": {"packages/problems.json": {"reboot_required": False}},
    "support-end": {**CLOCK, "system/environment.json": {"os": {
        "PRETTY_NAME": "Debian GNU/Linux 13 (trixie)", "ID": "debian", "VERSION_ID": "13"}}},
    "taint": {"kernel/kernel.json": {"release": "6.1.0", "taint": 4096,
                                     "tainted_by": ["out-of-tree module"]}},
    "manifest": {"manifest.json": {"header": {"version": "1.2"}},
                 "configuration/appliance.toml": '[appliance]\nname = "forge"\n'},
    "bundle": {"manifest.json": {"collectors": [{"code": "disks", "how": "done"}],
                                 "consent": {"redaction": "full"}, "partial": ""}},
}  # fmt: skip

# (code, answer, words in the summary, files).
BAD: list[tuple[str, str, str, Files]] = [
    ("disk-space", "fail", "/data is 97 % full, 1.0 GiB left",
     filesystem(used_percent=97.2, available=1.0 * GB)),
    ("disk-space", "warn", "/data is 88 % full", filesystem(used_percent=88.0)),
    ("disk-space", "fail", "has used 99 % of its inodes", filesystem(inodes_used_percent=99.0)),
    ("disk-space", "fail", "did not answer", filesystem(error="timed out")),
    ("read-only", "fail", "/data is read-only, and holds data", filesystem(read_only=True)),
    ("read-only", "fail", "made a file system read-only",
     {"journal/kernel.log": kernel("EXT4-fs (vdb): Remounting filesystem read-only")}),
    ("oom", "fail", "ran out of memory", {**CLOCK, "journal/kernel.log": kernel(
        "Out of memory: Killed process 812 (java) total-vm:9437184kB, anon-rss:7340032kB")}),
    ("oom", "fail", "reached its own limit", {"kernel/dmesg.txt":
        "[ 912.1] Memory cgroup out of memory: Killed process 99 (node) total-vm:1kB\n"}),
    ("kernel-errors", "fail", "A disk gave errors", {"journal/kernel.log": kernel(
        "blk_update_request: I/O error, dev vdb, sector 5120 op 0x0:(READ) flags 0x0")}),
    ("kernel-errors", "fail", "file system is damaged", {"journal/kernel.log": kernel(
        "EXT4-fs error (device vdb): ext4_lookup:1785: inode #2: comm ls: deleted inode")}),
    ("kernel-errors", "fail", "Tasks hung", {"journal/kernel.log": kernel(
        "INFO: task postgres:812 blocked for more than 120 seconds.")}),
    ("kernel-errors", "fail", "kernel itself failed", {"journal/kernel.log": kernel(
        "BUG: unable to handle page fault for address: ffffffffc0a00000")}),
    ("certificates", "fail", "ended 3 days ago",
     certificate(ends=NOW - 3 * DAY, days_left=-3.0)),
    ("certificates", "warn", "ends in 9 days",
     certificate(begins=NOW - 80 * DAY, ends=NOW + 9 * DAY)),
    ("certificates", "fail", "belongs to another", certificate(key_matches=False)),
    ("certificates", "fail", "not valid yet", certificate(begins=NOW + DAY)),
    ("certificates", "warn", "is weak: rsa 1024", certificate(key="rsa 1024")),
    ("certificates", "warn", "is weak: RSA of 1024 bits",
     certificate(weak="RSA of 1024 bits")),
    ("certificates", "fail", "is not for api.example.org",
     certificate(wanted=["host-1.example.org", "api.example.org", "{hostname}"])),
    ("certificates", "warn", "not for this machine's name", {
        **certificate(), "system/environment.json": {"hostname": "host-2.example.org"}}),
    ("clock", "fail", "30 min off",
     {"time/clock.json": {"wall": NOW, "synchronised": True, "offset_seconds": 1800.0}}),
    ("clock", "warn", "no time service runs",
     {"time/clock.json": {"wall": NOW, "synchronised": False, "source": ""}}),
    ("clock", "fail", "it is wrong",
     {"time/clock.json": {"wall": NOW - 90 * DAY, "newest_file": NOW}}),
    ("clock", "warn", "set in a jump", {**CLOCK, **unit("chrony.service",
        "chronyd[1]: System clock was stepped by 3600.000123 seconds")}),
    ("database", "fail", "could not be asked: connection refused", {
        "database/status.json": {"problem": "connection refused", "code": "database-failed"}}),
    ("database", "fail", "99 of 100 connections", {
        "database/status.json": {"connections": 99, "connections_max": 100}}),
    ("database", "warn", "open for 2 h", {"database/status.json": {"oldest_transaction": 7200.0}}),
    ("database", "warn", "no fixes since 2024-11-21", {
        **CLOCK, "database/status.json": {"version": "12.22"}}),
    ("database", "fail", "is damaged", {"database/stores.json": [
        {"store": "main", "path": "/data/app.db", "sound": False, "why": "row 7 missing"}]}),
    ("database", "warn", "wait for a lock", {"database/activity.json": [
        {"pid": 5, "blocked_by": [4], "seconds": 90.0, "query": "UPDATE t SET a = ?"}]}),
    ("database", "fail", "used up", {**CLOCK, "logs/app/app.log":
        "2026-11-21 17:50:00 FATAL: sorry, too many clients already\n"}),
    ("database", "fail", "could not reach", {**CLOCK, **unit("forge-web.service",
        'psycopg: connection to server at "10.0.0.5", port 5432 failed: Connection refused',
        "dial tcp 10.0.0.5:5432: connect: connection refused")}),
    ("database", "warn", "longer than a second", unit("postgresql.service",
        *["LOG:  duration: 5123.123 ms  statement: SELECT 1"] * 10)),
    ("name-resolution", "fail", "No name server", {"network/resolv.conf": "search example.org\n"}),
    ("name-resolution", "fail", "could not be resolved", {**CLOCK, **unit("forge-web.service",
        "curl: (6) Could not resolve host: api.example.org",
        "socket.gaierror: [Errno -3] Temporary failure in name resolution")}),
    ("ports", "fail", "found its port taken", {**CLOCK, **unit("forge-web.service",
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)")}),
    ("ports", "fail", "Port 8080 of service web is held by python3", {
        "network/sockets.json": [{"protocol": "tcp", "address": "0.0.0.0", "port": 8080,
                                  "program": "python3", "pid": 9, "service": "web"}],
        **show(ActiveState="failed")}),
    ("ports", "fail", "held by nginx (process 9) of nginx.service", {
        "network/sockets.json": [{"protocol": "tcp", "address": "0.0.0.0", "port": 8080,
                                  "program": "nginx", "pid": 9, "service": "web",
                                  "unit": "nginx.service"}], **show()}),
    ("locks", "fail", "found a lock", {**CLOCK, **unit("postgresql.service",
        'FATAL:  lock file "postmaster.pid" already exists')}),
    ("locks", "warn", "SQLite", unit("forge-web.service", *["database is locked"] * 3)),
    ("permissions", "warn", "refused a file", unit("forge-web.service",
        "PermissionError: [Errno 13] Permission denied: '/var/lib/forge/x'")),
    ("permissions", "warn", "AppArmor or SELinux", {"journal/kernel.log": kernel(
        'audit: type=1400 apparmor="DENIED" operation="open" profile="x"')}),
    ("open-files", "fail", "too many files open", {**CLOCK, **unit("forge-web.service",
        "accept4(): Too many open files")}),
    ("open-files", "warn", "web has 1000 of 1024 files open", {"system/limits.json": {
        "processes": [{"pid": 7, "name": "web", "service": "web", "open_files": 1000,
                       "limits": {"Max open files": [1024, 4096, "files"]}}]}}),
    ("changes", "fail", "went back", change(outcome={"changed": False, "why": "checks failed"})),
    ("changes", "fail", "under way in phase gating", change(phase="gating", begun=NOW - 9000)),
    ("changes", "warn", "under way in phase preparing",
     change(phase="preparing", begun=NOW - 60, outcome=None)),
    ("changes", "fail", "A migration failed", {**CLOCK, "logs/app/m.log":
        "2026-11-21T17:30:00Z migration 0007-add-index failed: relation exists\n"}),
    ("services", "fail", "Service web does not run", show(ActiveState="failed")),
    ("services", "fail", "Service web does not run (exit-code, status 98)", {
        **show(ActiveState="failed", Result="exit-code", ExecMainStatus=98),
        **unit("forge-web.service", "ERROR: no such table: users")}),
    ("failed-units", "fail", "caretaker.service has failed", {
        "systemd/units.json": [{"unit": "caretaker.service", "active": "failed"}]}),
    ("failed-units", "warn", "cups.service has failed", {
        "systemd/units.json": [{"unit": "cups.service", "active": "failed"}]}),
    ("restart-loops", "fail", "restarted 42 times", show(NRestarts=42)),
    ("restart-loops", "fail", "gave a unit up", {**CLOCK, **unit("forge-web.service",
        "systemd[1]: forge-web.service: Start request repeated too quickly.")}),
    ("health", "fail", "Check web fails since 2026-11-21 17:00:00 UTC (60 min)", {
        **CLOCK,
        "health/verdict.json": {"age": 1.0, "report": {"checks": [
            {"name": "web", "status": "fail", "code": "http-status", "severity": "critical",
             "summary": "answers 503"}]}},
        "health/changes.jsonl": [{"at": NOW - 3600, "subject": "web", "was": "pass",
                                  "became": "fail", "code": "http-status", "summary": "503"}]}),
    ("health", "fail", "said nothing for 10 min", {"health/verdict.json": {
        "age": 600.0, "report": {"checks": []}}}),
    ("health", "fail", "does not answer; web failed last", {"health/changes.jsonl": [
        {"at": NOW - 3600, "subject": "web", "was": "pass", "became": "fail", "code": "x",
         "summary": "refused"}]}),
    ("remedies", "fail", "Remedy services gave up on web", {"caretaker/remedies.json": {
        "targets": {"services": {"web": {"safe": "3 restarts did not help", "since": NOW}}}}}),
    ("remedies", "warn", "could not mend", entry("remedy disk", "failed", "nothing to give", "/")),
    ("disk-trend", "fail", "will be full in about 9 h", filling(0.365 * GB)),
    ("memory", "fail", "Only 204.8 MiB of 8.0 GiB", memory(meminfo={
        "MemTotal": 8.0 * GB, "MemAvailable": 0.2 * GB})),
    ("memory", "warn", "swap are in use", memory(meminfo={
        "MemTotal": 8.0 * GB, "MemAvailable": 4.0 * GB, "SwapTotal": 1.0 * GB, "SwapFree": 0.0})),
    ("memory", "fail", "waited for memory 40 %", memory(pressure={"memory": {
        "some": {"avg300": 40.0}, "full": {"avg300": 25.0}}})),
    ("memory", "warn", "forge-web.service uses", {**memory(), "system/cgroups.json": [
        {"path": "/system.slice/forge-web.service", "current": 990.0, "max": 1000.0}]}),
    ("load", "warn", "The load is 9.0", memory(load=[8.0, 9.0, 9.0])),
    ("load", "warn", "fully used in 100 %", {"samples/samples.jsonl": [
        {"at": NOW - 60 * n, "cpu_used_percent": 99.0} for n in range(60)]}),
    ("network", "fail", "No network link is up", {"network/links.json": [
        {"name": "lo", "up": True}, {"name": "ens5", "up": False}]}),
    ("network", "fail", "packets were dropped", {**CLOCK, "journal/kernel.log": kernel(
        "nf_conntrack: nf_conntrack: table full, dropping packet")}),
    ("network", "warn", "tracks 9000 of 10000", {"network/counters.json": {
        "conntrack": {"count": 9000, "max": 10_000}}}),
    ("crashes", "warn", "A program crashed", {"journal/kernel.log": kernel(
        "web[812]: segfault at 0 ip 000055d0 sp 00007ffd error 4 in web[55d0+1000]")}),
    ("crashes", "warn", "1 core dump", {**CLOCK, "crashes/dumps.json": [
        {"name": "core.web", "program": "web", "modified": NOW - 60, "signal": 11}]}),
    ("reboots", "warn", "without being shut down", unit("systemd-journald.service",
        "systemd-journald[1]: File /var/log/journal/x/system.journal corrupted or uncleanly shut"
        " down, renaming and replacing.")),
    ("journal-losses", "warn", "dropped lines", unit("systemd-journald.service",
        "systemd-journald[1]: Suppressed 5120 messages from forge-web.service")),
    ("journal-losses", "warn", "dropped lines", {"journal/kernel.log": kernel(
        "net_ratelimit: 7 callbacks suppressed")}),
    ("backups", "fail", "9 days old", {**CLOCK, "backups/backups.json": {"backups": [
        {"id": "b1", "created": NOW - 9 * DAY, "sound": True}]}}),
    ("backups", "warn", "no backup", {**CLOCK, "backups/backups.json": {"backups": []}}),
    ("backups", "fail", "does not answer", {"backups/backups.json": {"problem": "not mounted"}}),
    ("backups", "fail", "last backup failed", entry("backup", "failed", "no space left")),
    ("housekeeping", "fail", "Task backup failed", {**CLOCK, "caretaker/tasks.json": {"tasks": {
        "backup": {"began": NOW - 60, "outcome": "failed", "why": "no space"}}}}),
    ("housekeeping", "warn", "ran last 12 days ago", {**CLOCK, "caretaker/tasks.json": {"tasks": {
        "journal": {"began": NOW - 12 * DAY, "outcome": "done"}}}}),
    ("package-manager", "warn", "cut short: libc6 not configured", {"packages/problems.json": {
        "unfinished": ["libc6"]}}),
    ("package-manager", "fail", "1 package half installed", {"packages/problems.json": {
        "half_installed": ["libc6"]}}),
    ("package-manager", "fail", "package manager failed", {**CLOCK, **unit("apt-daily.service",
        "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'")}),
    ("updates", "fail", "1 security update wait; the oldest has waited for 40 days", {
        **CLOCK, "packages/pending.json": {"at": NOW, "known": NOW, "updates": [
            {"name": "openssl", "fix": "3.0.2", "seen": NOW - 40 * DAY}]}}),
    ("updates", "warn", "1 security update wait (openssl)", {"packages/simulate.txt":
        "Inst openssl [3.0.1] (3.0.2 Debian-Security:12/stable-security [amd64])\n"}),
    ("updates", "warn", "lists are 20 days old", {**CLOCK, "packages/pending.json": {
        "at": NOW, "known": NOW - 20 * DAY, "updates": []}}),
    ("reboot-pending", "warn", "must be restarted for linux-image", {"packages/problems.json": {
        "reboot_required": True, "reboot_packages": ["linux-image-amd64"]}}),
    ("support-end", "fail", "has had no fixes for", {**CLOCK, "system/environment.json": {"os": {
        "PRETTY_NAME": "Debian 11", "ID": "debian", "VERSION_ID": "11"}}}),
    ("support-end", "warn", "only long-term fixes", {**CLOCK, "system/environment.json": {"os": {
        "PRETTY_NAME": "Debian 12", "ID": "debian", "VERSION_ID": "12"}}}),
    ("support-end", "fail", "Version 1.2 of the application has been out of support for 21 days", {
        **CLOCK, "changes/migrations.json": {"version": "1.2", "supported_until": "2026-11-01"}}),
    ("support-end", "warn", "will be out of support in 9 days", {
        **CLOCK, "changes/migrations.json": {"version": "1.2", "supported_until": "2026-12-01"}}),
    ("taint", "warn", "machine check", {"kernel/kernel.json": {
        "taint": 16, "tainted_by": ["machine check"]}}),
    ("manifest", "fail", "can't be read: Expected", {"configuration/appliance.toml": "[x]\na\n"}),
    ("manifest", "fail", "makes no sense", {
        "manifest.json": {"header": {"version": ""}}, "configuration/appliance.toml": "x = 1\n"}),
    ("manifest", "fail", "There is no manifest", {"manifest.json": {"header": {"version": ""}}}),
    ("bundle", "fail", "Redaction was switched off", {"manifest.json": {
        "collectors": [], "consent": {"redaction": "off"}}}),
    ("bundle", "warn", "1 collector failed: network", {"manifest.json": {
        "collectors": [{"code": "network", "how": "timeout", "why": "10 s"}]}}),
]  # fmt: skip
