"""`python -m bench.support`: a support bundle of the reference appliance, beside sos.

Owns the order of the runs and the bars of the issue. Both work in one booted machine, with the
same journal, the same logs, one after the other, each on temporary disks of its own that are
counted. Needs root; `sos` stands in the test root.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyrage

from bench.health.table import Bar, Report, write
from bench.redaction.speed_mix import SECRETS, Mix
from bench.support import appliance, peers
from bench.support.measured import Cost, measure, small_disks
from tests.machine import ready
from tests.machine.checkout import REPOSITORY, SOURCE
from tests.machine.machine import TOOL, Machine, boot
from tests.machine.wheelhouse import tool_environment

MB = 1e6
STATE = "/var/lib/caretaker"
NOTE = (
    "memory is the most that the sum of proportional set sizes ever was, looked at 20 times a "
    "second; disk is the most that stood on the file systems it writes to, the archive included"
)
OURS = (TOOL + "/bin/caretaker", "support-bundle")
LARGE = 500_000_000  # bytes of logs
HANG = '\n[collect.hang]\ncommand = ["/usr/bin/sleep", "600"]\n'


@dataclass
class Bench:
    """One machine, the vendor's key, and what was found out."""

    machine: Machine
    identity: pyrage.x25519.Identity
    scratch: Path
    runs: int

    def bundle(self, *more: str) -> tuple[Cost, Path]:
        """What it cost, and the finished file, brought out of the machine."""
        cost = measure(self.machine, [*OURS, "--json", *more], watched=(STATE,))
        if cost.status:
            raise SystemExit(f"no bundle was made: {cost.said}")
        # The last line; before it stands progress. Of what was said, Cost has the end only.
        told = json.loads(self.machine.read("/run/measured.out").splitlines()[-1])
        return cost, self.fetch(told["file"])

    def fetch(self, path: str) -> Path:
        target = self.scratch / Path(path).name
        inside = Path(f"/proc/{self.machine.leader}/root") / path.lstrip("/")
        target.write_bytes(inside.read_bytes())
        self.machine.run(["rm", path])
        return target


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.support", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of ours; the median is told")
    parser.add_argument("--quick", action="store_true", help="small logs, not to be quoted")
    parser.add_argument("--no-large", action="store_true", help="without the 500 MB of logs")
    parser.add_argument("--hung-peer", action="store_true", help="sos with a hung `ip`: 5 min")
    chosen = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("only root may boot a machine")
    part = 10 if chosen.quick else 1
    for package in ("agent", "support"):  # as pip does where the tool is installed
        compileall.compile_dir(REPOSITORY / package, quiet=2)
    binds = {TOOL: tool_environment(SOURCE)}
    with (
        tempfile.TemporaryDirectory(prefix="caretaker-bench-support-") as scratch,
        boot(ready.build(), label="support", binds_ro=binds) as machine,
    ):
        bench = Bench(machine, pyrage.x25519.Identity.generate(), Path(scratch), chosen.runs)
        prepare(bench, part)
        reports = [compare(bench)]
        write("support", reports)  # what comes after takes minutes, and may break
        reports.append(hung(bench, peer=chosen.hung_peer))
        if not chosen.no_large:
            reports.append(large(bench, LARGE // part))
    write("support", reports)
    return 0 if all(bar.met for report in reports for bar in report.bars) else 1


def prepare(bench: Bench, part: int) -> None:
    small_disks(bench.machine, STATE, "/tmp", "/var/tmp", peers.TEMPORARY)
    bench.machine.put("/etc/caretaker/keys/support.age", f"{bench.identity.to_public()}\n")
    appliance.fill(bench.machine, journal=appliance.JOURNAL // part, log=appliance.LOG // part)
    peers.prepare(bench.machine)


def compare(bench: Bench) -> Report:
    made = [bench.bundle() for _ in range(bench.runs)]
    ours = [cost for cost, _ in made]
    seconds = statistics.median(cost.seconds for cost in ours)
    cpu = statistics.median(cost.cpu for cost in ours)
    memory = max(cost.memory for cost in ours)
    final = made[-1][1]
    plain = _decrypted(bench, final)
    raw, leaks = _content(plain)
    plan = measure(bench.machine, [*OURS, "--plan", "--json"], watched=())
    rows = [_row("caretaker, redacted, encrypted, signed", made[-1][0], final.stat().st_size,
                 raw, leaks, seconds, cpu, memory)]  # fmt: skip
    for clean in (False, True):
        cost = measure(bench.machine, peers.report(clean=clean), watched=(peers.TEMPORARY,))
        file = bench.fetch(peers.archive(bench.machine))
        raw_peer, leaks_peer = _content(file)
        title = "sos --clean" if clean else "sos"
        rows.append(_row(title, cost, file.stat().st_size, raw_peer, leaks_peer))
        bench.machine.sh(f"rm -rf {peers.TEMPORARY}/*")
    size = final.stat().st_size
    estimate = json.loads(plan.said[plan.said.index("{") :])["estimate"]
    return Report(
        f"the reference appliance: {appliance.journal_size(bench.machine) / MB:.0f} MB journal, "
        "20 MB application log",
        ("who", "wall s", "CPU s", "memory MB", "archive MB", "text MB", "disk MB", "secrets left"),
        rows,
        [
            Bar("bundle, wall", seconds, 4, "s"),
            Bar("bundle, processor", cpu, 4, "CPU-s"),
            Bar("bundle, memory of the whole tree", memory / MB, 100, "MB"),
            Bar("temporary disk / archive", made[-1][0].disk / size, 1.1),
            Bar("secrets left", float(leaks), 0),
            Bar("--plan", plan.seconds, 0.5, "s"),
            Bar("--plan, error of its estimate", abs(estimate / size - 1) * 100, 20, "%"),
        ],
        [NOTE],
    )  # fmt: skip


def hung(bench: Bench, *, peer: bool) -> Report:
    manifest = bench.machine.read("/etc/caretaker/appliance.toml")
    calm, _ = bench.bundle("--since", "1m")
    bench.machine.put("/etc/caretaker/appliance.toml", manifest + HANG)
    bench.machine.run(["cp", "-a", "/usr/bin/ip", "/run/ip.kept"])
    bench.machine.sh("printf '#!/bin/sh\\nexec sleep 600\\n' >/run/ip; chmod 755 /run/ip;"
                     " mount --bind /run/ip $(readlink -f /usr/bin/ip)")  # fmt: skip
    stuck, _ = bench.bundle("--since", "1m")
    added = stuck.seconds - calm.seconds
    rows = [["caretaker", f"{calm.seconds:.1f}", f"{stuck.seconds:.1f}"]]
    if peer:
        cost = measure(bench.machine, [*peers.report(clean=False), "--cmd-timeout=5",
                       "--plugin-timeout=20"], watched=(peers.TEMPORARY,))  # fmt: skip
        rows.append(["sos --cmd-timeout=5 --plugin-timeout=20", "", f"{cost.seconds:.1f}"])
    bench.machine.sh("umount $(readlink -f /usr/bin/ip)")
    bench.machine.put("/etc/caretaker/appliance.toml", manifest)
    return Report(
        "a collector that never ends, and an `ip` that hangs",
        ("who", "without, s", "with, s"),
        rows,
        # Two of them hang at most: the declared one, and what calls `ip`.
        [Bar("added by each hung collector", added / 2, 10.5, "s")],
    )


def large(bench: Bench, size: int) -> Report:
    writer = Mix(3)
    piece = 50_000_000
    for number in range(max(1, size // piece)):
        bench.machine.put(f"/var/log/{appliance.APP}/big-{number}.log",
                          writer.text(min(piece, size)))  # fmt: skip
    cost, file = bench.bundle("--max-size", "1G", "--max-time", "10m", "--only", "logs-application")
    raw, leaks = _content(_decrypted(bench, file))
    return Report(
        f"{size / MB:.0f} MB of logs",
        ("who", "wall s", "CPU s", "memory MB", "archive MB", "text MB", "disk MB", "secrets left"),
        [_row("caretaker", cost, file.stat().st_size, raw, leaks)],
        [
            Bar("processor", cost.cpu, 45, "CPU-s"),
            Bar("memory of the whole tree", cost.memory / MB, 100, "MB"),
            Bar("temporary disk / archive", cost.disk / file.stat().st_size, 1.1),
            Bar("text that arrived / logs", raw / size, 0.95, least=True),
        ],
    )


def _row(
    who: str, cost: Cost, size: int, raw: int, leaks: int,
    seconds: float | None = None, cpu: float | None = None, memory: int | None = None,
) -> list[str]:  # fmt: skip
    figures = (
        cost.seconds if seconds is None else seconds,
        cost.cpu if cpu is None else cpu,
        (cost.memory if memory is None else memory) / MB,
        size / MB,
        raw / MB,
        cost.disk / MB,
    )
    return [who, *(f"{figure:.1f}" for figure in figures), str(leaks)]


def _decrypted(bench: Bench, file: Path) -> Path:
    plain = file.with_suffix("")
    with file.open("rb") as source, plain.open("wb") as target:
        pyrage.decrypt_io(source, target, [bench.identity])
    return plain


def _content(archive: Path) -> tuple[int, int]:
    """Bytes in its files, and how often one of the planted secrets stands in them."""
    argv = ["tar", "--zstd" if ".zst" in archive.name else "-a", "-xOf", str(archive)]
    text = subprocess.run(argv, check=True, capture_output=True).stdout
    return len(text), sum(text.count(secret.encode()) for secret in SECRETS)


if __name__ == "__main__":
    sys.exit(main())
