"""`python -m bench.image scored`: what OpenSCAP and Lynis say of a hardened system.

--tree ROOT.tar|FOLDER   the base, unpacked, hardened by `caretaker harden`, booted in a container
                         (the fast loop: a kernel that is not the image's own fails what asks it)
--image DISK             the golden image, booted in QEMU, asked over SSH
--profile NAME           cis_level1_server (default), cis_level2_server, anssi_bp28_enhanced …

Every failed rule is printed with the reason in packer/harden/refusals.py, or UNEXPLAINED.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.health.table import Bar, Report, write
from bench.image import scan_kit
from bench.image.score import Audit, Benchmark, Found, Wanted, read_lynis, read_xccdf
from packer.harden.refusals import reason

LEAST = 95.0  # percent of applicable rules
INDEX = 85
SCANNERS = ("openscap", "lynis")
_NONE = "UNEXPLAINED"
_KIT = "/scan"
# What a container can't show: /tmp is nspawn's, the kernel and its modules the host's.
_NOT_IN_CONTAINERS = frozenset(
    (
        *("mount_option_tmp_noexec", "all_apparmor_profiles_in_enforce_complain_mode"),
        *("service_timesyncd_enabled", "ntp_single_service_active", "grub2_enable_apparmor"),
    )
)


def main(argv: list[str]) -> int:
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m bench.image scored", description=__doc__, formatter_class=shown
    )
    parser.add_argument("--tree", type=Path, help="the base: root.tar, or a folder")
    parser.add_argument("--image", type=Path, help="a disk, to be booted")
    parser.add_argument("--profile", default="cis_level1_server")
    parser.add_argument("--plain", action="store_true", help="the tree as it is, not hardened")
    parser.add_argument("--harden", action="store_true", help="harden the booted image first")
    parser.add_argument("--only", choices=SCANNERS, help="one scanner; in QEMU each takes long")
    parser.add_argument("--keep", type=Path, help="a folder for the scanners' own reports")
    said = parser.parse_args(argv)
    if (said.tree is None) == (said.image is None):
        parser.error("one of --tree and --image")
    wanted = Wanted(said.profile, (said.only,) if said.only else SCANNERS, said.keep)
    with tempfile.TemporaryDirectory(prefix="caretaker-scored-", dir="/var/tmp") as scratch:
        kit = scan_kit.make(Path(scratch) / "kit")
        begun = time.monotonic()
        if said.image is not None:
            from bench.image.scan_booted import scan_booted

            found = scan_booted(said.image, kit, wanted, harden=said.harden)
        else:
            tree = _tree(said.tree, Path(scratch) / "root", plain=said.plain)
            found = _in_container(tree, kit, wanted)
        seconds = time.monotonic() - begun
    report = _report(found, said.profile, booted=said.image is not None)
    report.notes.append(f"{seconds:.0f} s")
    return write("image-scored", [report])


def _tree(given: Path, target: Path, *, plain: bool) -> Path:
    if given.is_dir():
        subprocess.run(["cp", "-a", "--reflink=auto", str(given), str(target)], check=True)
    else:
        target.mkdir()
        argv = ["tar", "-C", str(target), "-xpf", str(given), "--numeric-owner", "--xattrs"]
        subprocess.run(argv, check=True)
        shutil.rmtree(target / "dev")
        (target / "dev").mkdir()
    if not plain:
        harden = [sys.executable, "-m", "agent", "--root", str(target), "harden"]
        subprocess.run(harden, check=True, stdout=subprocess.DEVNULL)
    return target


def _in_container(tree: Path, kit: Path, wanted: Wanted) -> Found:
    from tests.machine.machine import boot

    with boot(tree, binds_ro={_KIT: kit}, degraded=True) as machine:

        def run(argv: list[str]) -> None:
            machine.run(argv, timeout=600)

        return scan(run, machine.read, _KIT, wanted)


@dataclass(frozen=True)
class Scanned:
    """The machine in which `kit` stands; `read` gives what a file of it holds."""

    run: Callable[[list[str]], None]
    read: Callable[[str], str]
    kit: str
    wanted: Wanted


def scan(
    run: Callable[[list[str]], None], read: Callable[[str], str], kit: str, wanted: Wanted
) -> Found:
    """Both at once: each keeps one processor busy, and a machine has two."""
    machine = Scanned(run, read, kit, wanted)
    with ThreadPoolExecutor(len(SCANNERS)) as pool:
        found = pool.submit(_benchmark, machine)
        audit = pool.submit(_audit, machine)
        return found.result(), audit.result()


def _benchmark(machine: Scanned) -> Benchmark | None:
    if "openscap" not in machine.wanted.scanners:
        return None
    results = "/run/scan-results.xml"
    machine.run(["sh", f"{machine.kit}/scan.sh", machine.kit, machine.wanted.profile, results])
    found = read_xccdf(_kept(machine, results))
    print(f"OpenSCAP: {found.percent:.2f} % of {found.applicable}; {found.unexplained}", flush=True)
    return found


def _audit(machine: Scanned) -> Audit | None:
    if "lynis" not in machine.wanted.scanners:
        return None
    report = "/run/scan-lynis.dat"
    machine.run(["sh", f"{machine.kit}/audit.sh", machine.kit, report])
    # The log says where points were lost; the report does not.
    _kept(machine, f"{report}.log")
    audit = read_lynis(_kept(machine, report))
    print(f"Lynis: {audit.index}", flush=True)
    return audit


def _kept(machine: Scanned, path: str) -> str:
    text = machine.read(path)
    if machine.wanted.keep is not None:
        machine.wanted.keep.mkdir(parents=True, exist_ok=True)
        (machine.wanted.keep / Path(path).name).write_text(text)
    return text


def _report(scanned: Found, profile: str, *, booted: bool) -> Report:
    where = "the booted image" if booted else "a container of the base tree"
    report = Report(f"OpenSCAP {profile} and Lynis, on {where}", ("rule", "why it is not followed"))
    found, audit = scanned
    if found is not None:
        _add_benchmark(report, found, booted=booted)
    if audit is not None:
        for test, words in audit.said:
            report.rows.append([f"lynis {test}", reason(f"lynis:{test}") or f"{_NONE}: {words}"])
        report.bars.append(Bar("Lynis hardening index", audit.index, INDEX, least=True))
        report.figures["lynis"] = audit.index
    return report


def _add_benchmark(report: Report, found: Benchmark, *, booted: bool) -> None:
    for rule, why in sorted(found.failed.items()):
        if not booted and rule in _NOT_IN_CONTAINERS:
            why = why or "not to be seen in a container"
        report.rows.append([rule, why or _NONE])
    unexplained = sum(row[1] == _NONE for row in report.rows)
    counts = ", ".join(f"{found.counts[word]} {word}" for word in sorted(found.counts))
    report.notes.append(f"{counts}; {found.applicable} apply")
    report.bars += [
        Bar("rules that apply and pass", found.percent, LEAST, "%", least=True),
        Bar("failed rules without a reason", unexplained, 0),
    ]
    report.figures = {"counts": dict(found.counts), "percent": found.percent}
    report.figures["failed"] = sorted(found.failed)
