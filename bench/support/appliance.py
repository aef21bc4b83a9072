"""The reference appliance: real systemd, a journal of 48 MB on its disk, an application log of 20.

Owns filling a booted machine with them: several units that really wrote to the journal, log files
in /var/log/forge (one of them packed), the application's configuration with a password that must
not leave, and a manifest. Refuses to measure.

    with boot(root, binds_ro={TOOL: tool}) as machine:
        fill(machine)
"""

import gzip

from bench.redaction.speed_mix import ACCESS, JSON, LOGFMT, PASSWORD, SECRET, SSHD, Mix
from tests.machine.machine import Machine

APP = "forge"
JOURNAL, LOG = 48 << 20, 20 << 20
# What each writes, and its part of a hundred: together the mix of `speed_mix`.
UNITS = {
    "forge-web.service": ((ACCESS, LOGFMT, SECRET), 60),
    "forge-worker.service": ((LOGFMT, JSON, SECRET), 33),
    "ssh-gate.service": ((SSHD,), 7),
}
_BATCH = 1 << 20  # bytes of text at a time
_MANIFEST = f"""\
format = 1

[appliance]
name = "{APP}"
version = "4.2.0"
title = "Forge"

[services.web]
unit = "forge-web.service"

[services.worker]
unit = "forge-worker.service"

[services.gate]
unit = "ssh-gate.service"

[checks.disk]
type = "disk"
path = "/"
"""
_UNIT = """\
[Unit]
Description=Lines of {unit}
[Service]
Type=oneshot
ExecStart=/bin/cat /run/bench-lines/{unit}
LogRateLimitIntervalSec=0
"""


def fill(machine: Machine, *, journal: int = JOURNAL, log: int = LOG) -> None:
    """Make a booted machine the reference appliance. Takes about ten seconds."""
    _files(machine, log)
    _journal(machine, journal)


def journal_size(machine: Machine) -> int:
    """Bytes of the journal's files."""
    sizes = machine.sh("find /var/log/journal -name '*.journal' -printf '%s\\n'").out.split()
    return sum(map(int, sizes))


def _files(machine: Machine, log: int) -> None:
    writer = Mix(1)
    machine.put("/etc/caretaker/appliance.toml", _MANIFEST)
    settings = f"[database]\nhost = db.corp.example.net\nuser = forge\npassword = {PASSWORD}\n"
    machine.put(f"/etc/{APP}/{APP}.ini", settings, mode=0o640)
    machine.put(f"/var/log/{APP}/app.log", writer.text(log * 7 // 10))
    machine.put(f"/var/log/{APP}/app.log.1", writer.text(log * 2 // 10))
    machine.put(f"/var/log/{APP}/app.log.2.gz", gzip.compress(writer.text(log // 10), mtime=0))


def _journal(machine: Machine, size: int) -> None:
    limits = "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nSystemMaxUse=4G\n"
    machine.put("/etc/systemd/journald.conf.d/90-bench.conf", limits)
    machine.run(["mkdir", "-p", "/var/log/journal"])
    machine.systemctl("restart", "systemd-journald")
    machine.run(["journalctl", "--flush"])
    for unit in UNITS:
        machine.put(f"/run/systemd/system/{unit}", _UNIT.format(unit=unit))
    machine.systemctl("daemon-reload")
    writer = Mix(2)
    while journal_size(machine) < size - (1 << 20):  # journald takes 8 MiB at a time
        for unit, (kinds, part) in UNITS.items():
            machine.put(f"/run/bench-lines/{unit}", writer.text(_BATCH * part // 100, *kinds))
            machine.systemctl("start", unit)
        machine.run(["journalctl", "--sync"], timeout=120)
    machine.sh("rm -rf /run/bench-lines")
