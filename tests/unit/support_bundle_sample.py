"""A bundle to test analysers and reports with: a bad night of one small appliance."""

from __future__ import annotations

import math
from typing import Any

from support.analysers.study import Study
from support.bundle.record import BundleManifest, Collected, Consent, Entry, Header
from support.report.page import render
from tests.unit.support_evidence import CLOCK, NOW, content_of

GB = 1 << 30
BEGIN = NOW - 86400
HOSTILE = '<script>alert(1)</script><img src="http://evil.test/x.png" onerror="x">\u202e&amp;'


def samples() -> list[dict[str, float]]:
    """A sample a minute, with an hour in which nobody sampled, and a disk that fills."""
    found = []
    for minute in range(1440):
        at = BEGIN + 60 * minute
        if 610 <= minute < 675:
            continue
        day = math.sin((minute - 300) / 1440 * 2 * math.pi)
        busy = 28 + 20 * day + 9 * math.sin(minute / 7) + (30 if 570 < minute < 612 else 0)
        leak = min(1.0, max(0, minute - 420) / 190) if minute < 610 else 0.05
        found.append(
            {
                "at": at,
                "cpu_used_percent": max(1.0, min(99.0, busy)),
                "load_1m": max(0.05, busy / 40),
                "memory_total_bytes": 8 * GB,
                "memory_available_bytes": (6.1 - 5.7 * leak) * GB,
                "swap_used_bytes": 0.7 * GB * leak,
                "disk_total_bytes": 40 * GB,
                "disk_free_bytes": (13.0 - 8.6 * minute / 1440) * GB,
                "disk_inodes": 2_621_440,
                "disk_inodes_free": 2_100_000,
                "disk_read_bytes_per_second": 4e5 + 3e5 * math.sin(minute / 11) ** 2,
                "disk_written_bytes_per_second": 1.6e6 + 9e5 * math.sin(minute / 5),
                "network_received_bytes_per_second": 2.2e6 + 1.4e6 * day + 3e5 * math.sin(minute),
                "network_sent_bytes_per_second": 9.1e6 + 6e6 * day + 1e6 * math.sin(minute / 3),
            }
        )
    return found


def change(hours: float, subject: str, was: str, became: str, code: str, text: str) -> Any:
    return {"at": BEGIN + hours * 3600, "subject": subject, "was": was, "became": became,
            "code": code, "summary": text}  # fmt: skip


def act(hours: float, name: str, target: str, outcome: str, why: str) -> Any:
    return {"at": BEGIN + hours * 3600, "by": "root", "boot": "b", "actor": "caretaker",
            "act": name, "target": target, "outcome": outcome, "why": why}  # fmt: skip


FILES: dict[str, Any] = {
    **CLOCK,
    "health/verdict.json": {
        "from": "api",
        "age": 1.2,
        "report": {
            "ready": "fail",
            "reason": "fail",
            "summary": "web: http://127.0.0.1:8080/health answers 503",
            "checks": [
                {"name": "web", "status": "fail", "code": "http-status", "severity": "critical",
                 "summary": "http://127.0.0.1:8080/health answers 503", "since": NOW - 5400},
                {"name": "database", "status": "pass", "code": "ok", "summary": "answers"},
                {"name": "login", "status": "fail", "code": "http-status", "muted_by": "web",
                 "summary": "answers 503"},
            ],
            "safe_mode": [{"remedy": "services", "target": "web", "since": NOW - 4000,
                           "why": "3 restarts did not help"}],
        },
    },
    "health/changes.jsonl": [
        change(10.15, "web", "pass", "fail", "http-unreachable", "connection refused"),
        change(10.16, "ready", "pass", "fail", "fail", "web: connection refused"),
        change(11.3, "web", "fail", "pass", "ok", "answers 200"),
        change(11.3, "ready", "fail", "pass", "ok", "3 checks pass"),
        change(22.5, "web", "pass", "fail", "http-status", "answers 503 " + HOSTILE),
        change(22.51, "ready", "pass", "fail", "fail", "web: answers 503"),
    ],
    "ledger/ledger.jsonl": [
        act(3.0, "backup", "", "done", "2.1 GiB to /mnt/backup"),
        act(9.5, "upgrade", "1.4.2", "done", "from 1.4.1; 9 s without an answer"),
        act(10.3, "remedy services", "web", "done", "it was down: restarted"),
        act(22.6, "remedy services", "web", "failed", "restarted, still answers 503"),
    ],
    "crashes/kernel.jsonl": [
        {"at": BEGIN + 10.14 * 3600, "kind": "oom", "program": "java", "pid": 812,
         "text": "Out of memory: Killed process 812 (java) total-vm:9437184kB"},
    ],
    "journal/kernel.log": (
        "2026-11-21T04:08:24+00:00 kernel: java invoked oom-killer: gfp_mask=0xcc0, order=0\n"
        "2026-11-21T04:08:24+00:00 kernel: Out of memory: Killed process 812 (java)"
        " total-vm:9437184kB, anon-rss:7340032kB, file-rss:0kB, shmem-rss:0kB, UID:990\n"
    ),
    "journal/forge-web.service.log": (
        "2026-11-21T16:29:58+00:00 web[4123]: bind: Address already in use (0.0.0.0:8080)\n"
        f"2026-11-21T16:30:01+00:00 web[4123]: user agent {HOSTILE}\n"
        "2026-11-21T16:30:02+00:00 systemd[1]: forge-web.service: Failed with result 'exit-code'.\n"
    ),
    "disks/filesystems.json": [
        {"mount": "/", "source": "/dev/vda1", "kind": "ext4", "size": 20 * GB,
         "available": 9 * GB, "used_percent": 55.0, "inodes_used_percent": 12.0, "holds": ["root"]},
        {"mount": "/var/lib/forge", "source": "/dev/vdb", "kind": "ext4", "size": 40 * GB,
         "available": 1.7 * GB, "used_percent": 95.8, "inodes_used_percent": 20.0,
         "holds": ["data"]},
    ],
    "disks/largest.json": [
        {"top": "/var/lib/forge", "whole": True, "largest": [
            {"path": "/var/lib/forge/generations/3/uploads", "bytes": 21 * GB, "files": 8123},
            {"path": "/var/lib/forge/generations/3/tmp", "bytes": 11 * GB, "files": 90321}]},
    ],
    "systemd/units.json": [
        {"unit": "forge-web.service", "load": "loaded", "active": "failed", "sub": "failed"},
        {"unit": "forge-db.service", "load": "loaded", "active": "active", "sub": "running"},
    ],
    "systemd/services.json": [
        {"Id": "forge-web.service", "service": "web", "ActiveState": "failed",
         "SubState": "failed", "LoadState": "loaded", "Result": "exit-code",
         "ExecMainStatus": 98, "NRestarts": 7},
        {"Id": "forge-db.service", "service": "db", "ActiveState": "active",
         "SubState": "running", "LoadState": "loaded", "Result": "success", "NRestarts": 0},
    ],
    "certificates/certificates.json": [
        {"name": "web", "file": "/etc/forge/tls/web/current/cert.pem", "by": "customer",
         "names": ["forge.host-7a1c.example"], "begins": NOW - 80 * 86400,
         "ends": NOW + 9 * 86400, "days_left": 9.0, "key": "rsa 2048", "key_matches": True},
    ],
    "system/environment.json": {
        "os": {"PRETTY_NAME": "Debian GNU/Linux 12 (bookworm)"}, "hostname": "host-7a1c",
        "virtualisation": "kvm", "cpu": {"model": "AMD EPYC 7R13", "count": 2},
        "memory": 8 * GB, "up_seconds": 41_000.0, "zone": "Europe/Zurich",
    },
    "kernel/kernel.json": {"release": "6.1.0-28-amd64"},
    "samples/samples.jsonl": samples(),
}  # fmt: skip


def study(files: dict[str, Any] = FILES) -> Study:
    found = Study()
    found.take((name, [content_of(name, content)]) for name, content in files.items())
    return found


def manifest(**more: Any) -> BundleManifest:
    entries = [
        Entry(name=name, collector=name.partition("/")[0], origin=f"/somewhere/{name}",
              size=len(content_of(name, content)), sha256="0" * 64, seconds=0.02,
              redactions={"url-password": 3, "ipv4": 17} if name.endswith(".log") else {})
        for name, content in FILES.items()
    ]  # fmt: skip
    entries.append(
        Entry(name=f"logs/{HOSTILE}", collector="logs", origin="<b>", size=10, sha256="0" * 64,
              seconds=0.1, left_out=5_000_000, exit_code=1, why="the oldest part was left out")
    )  # fmt: skip
    entries.append(
        Entry(name="crashes/core.bin", collector="crashes", origin="/var/crash/core", size=0,
              sha256="", seconds=0.0, withheld=True, why="it is binary")
    )  # fmt: skip
    codes = sorted({each.collector for each in entries})
    fields: dict[str, Any] = {
        "header": Header(app="forge", version="1.4.2", caretaker="0.5", machine="host-7a1c",
                         case="C-1042", made=NOW, since=BEGIN, until=NOW),
        "consent": Consent(who="user-3f", at=NOW, excluded=("crash-dumps",),
                           encrypted_to="age1qx…"),
        "engine": "hyperscan",
        "selftest": {"planted": 12, "found": 12},
        "collectors": (
            *(Collected(code=code, how="done", seconds=0.31, files=2, size=12_345)
              for code in codes),
            Collected(code="network", how="timeout", seconds=10.0, files=1, size=100,
                      why="ip did not answer within 10 s"),
        ),
        "files": tuple(entries),
    }  # fmt: skip
    return BundleManifest(**{**fields, **more})


def report(files: dict[str, Any] = FILES, **more: Any) -> bytes:
    found = study(files)
    return render(
        manifest(**more), found.judgements(), found.timeline(), found.samples(), found.facts()
    )
