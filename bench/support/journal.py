"""`python -m bench.support.journal`: what reading a journal of 48 MB costs, in three ways.

Owns the comparison that `agent/host/journal_read.py` rests on. Needs root.
"""

import json
import sys

from bench.health.table import Bar, Report, write
from bench.support import appliance
from bench.support.journal_ways import RUNS
from tests.machine import rootfs
from tests.machine.checkout import SOURCE
from tests.machine.machine import TOOL, boot
from tests.machine.wheelhouse import tool_environment

WAYS = {
    "by_field": "systemd-python, field by field (ours)",
    "whole_entries": "systemd-python, whole entries",
    "by_journalctl": "journalctl",
}


def main() -> int:
    binds = {TOOL: tool_environment(SOURCE)}
    with boot(rootfs.build("bookworm"), label="journal", binds_ro=binds) as machine:
        appliance.fill(machine, log=1 << 20)
        size = appliance.journal_size(machine)
        ask = [f"{TOOL}/bin/python", "-m", "bench.support.journal_ways"]
        found = json.loads(machine.run(ask, timeout=120, env={"PYTHONPATH": SOURCE}).out)
    ours, whole, other = (found[way]["seconds"] for way in WAYS)
    report = Report(
        f"Reading a journal of {size / 1e6:.0f} MB",
        ("way", "CPU s", "MB of text"),
        [
            [title, f"{found[way]['seconds']:.2f}", f"{found[way]['bytes'] / 1e6:.1f}"]
            for way, title in WAYS.items()
        ],
        [
            Bar("reading it, ours", ours, 1.0, "CPU s"),
            Bar("whole entries cost", whole / ours, 2.0, "times", least=True),
            Bar("journalctl costs", other / ours, 1.1, "times", least=True),
        ],
        [f"processor seconds, medians of {RUNS}; {found['whole_entries']['bytes']} B of messages"],
        found,
    )
    write("support-journal", [report])
    return 0 if all(bar.met for bar in report.bars) else 1


if __name__ == "__main__":
    sys.exit(main())
