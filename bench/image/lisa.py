"""`python -m bench.image lisa`: what Microsoft's image tests say of the booted image, over SSH.

--image DISK    the golden image, booted in QEMU, without a network
--lisa VENV     where LISA is: python3 -m venv VENV && VENV/bin/pip install 'mslisa[azure]'
--keep FOLDER   where its own report and logs go

The suite is `azure_image_standard`, which Azure's certification runs. Cases that LISA keeps for
Azure's own machines are let run here too. Every failed case is printed with its reason in
`REASONS`, or UNEXPLAINED.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from xml.etree import ElementTree

from agent.host.machine import Host
from bench.health.table import Bar, Report, write
from packer.virtual.boot import PROBE
from packer.virtual.firmware import firmware_of
from packer.virtual.machine import Virtual, starting
from packer.virtual.seed import USER, Seed
from packer.virtual.shape import Shape

AREA = "azure_image_standard"
JUDGED = 15  # cases of the suite that concern a Debian; no verdicts are no success
_BOOT = 300.0
_RUN = 1500.0
_NONE = "UNEXPLAINED"


@dataclass(frozen=True)
class Reason:
    """Why a case may fail here, and the whole of what it then says, as a pattern."""

    case: str
    said: str
    why: str


REASONS = (
    Reason(
        "verify_waagent_version",
        r".*cannot find \[waagent\].*",
        "Azure's agent is installed by whoever builds for Azure; one image for all has cloud-init "
        "alone. `caretaker certify` warns of it (AGT-01).",
    ),
    Reason(
        "verify_repository_installed",
        r".*Hit should be present in `apt-get update` output.*",
        "The machine has no network here, on purpose; the sources are Debian's own.",
    ),
    Reason(
        "verify_boot_error_fail_warnings",
        r".*Expected <\['[^']*calibrate_delay_direct\(\) failed[^']*'\]> to be empty.*",
        "An emulated processor's clock, on a busy machine; a cloud's has none to calibrate.",
    ),
)
# Cases that are not asked: what they look at is not there in QEMU.
NOT_ASKED = {
    "verify_os_update": "wants Debian's mirror; the machine has no network",
    "verify_resource_disk_readme_file": "a disk that only Azure attaches",
    "verify_resource_disk_file_system": "a disk that only Azure attaches",
}


@dataclass(frozen=True)
class Case:
    name: str
    result: str
    said: str

    @property
    def why(self) -> str:
        known = (each for each in REASONS if each.case == self.name)
        return next((each.why for each in known if re.fullmatch(each.said, self.said)), "")


def main(words: list[str]) -> int:
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m bench.image lisa", description=__doc__, formatter_class=shown
    )
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--lisa", type=Path, required=True)
    parser.add_argument("--keep", type=Path)
    said = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="caretaker-lisa-", dir="/var/tmp") as scratch:
        work = Path(scratch)
        shape = Shape(said.image, firmware_of("bios"), (PROBE,), memory=2048)
        with starting(Host(), shape, Seed("i-lisa", "lisa")) as machine:
            machine.wait_ssh(timeout=_BOOT)
            if machine.ssh(["test", "-e", "/etc/caretaker/appliance.toml"]).ok:
                machine.wait_http("/healthz", port=PROBE, timeout=_BOOT)
            try:
                cases = asked(said.lisa, machine, work)
            finally:
                if said.keep is not None:
                    shutil.copytree(work, said.keep, dirs_exist_ok=True)
    return write("image-lisa", [_report(cases)])


def asked(venv: Path, machine: Virtual, work: Path) -> list[Case]:
    """Every case's result. SystemExit where LISA is not there or did not come to its end."""
    suite = next(venv.glob(f"lib/python3*/site-packages/lisa/microsoft/**/{AREA}.py"), None)
    if suite is None:
        raise SystemExit(f"no LISA with its test suites in {venv}; see --help")
    (work / "let_in.py").write_text(_LET_IN)
    # JSON is YAML.
    (work / "runbook.yml").write_text(json.dumps(_runbook(machine, suite, work), indent=1))
    done = subprocess.run(
        [venv / "bin/lisa", "--runbook", work / "runbook.yml", "--log_path", work / "log",
         "--working_path", work / "working", "--id", "run"],
        cwd=work, capture_output=True, text=True, timeout=_RUN, check=False,
    )  # fmt: skip
    results = work / "log/run/results.xml"
    if not results.is_file() or not results.stat().st_size:
        raise SystemExit(f"LISA gave no results:\n{(done.stdout + done.stderr)[-3000:]}")
    return read_junit(results.read_text())


def _runbook(machine: Virtual, suite: Path, work: Path) -> dict[str, object]:
    node = {
        "type": "remote", "username": USER, "private_key_file": str(machine.files.key),
        "address": "127.0.0.1", "port": machine.login.port,
        "public_address": "127.0.0.1", "public_port": machine.login.port,
    }  # fmt: skip
    without = [{"criteria": {"name": name}, "select_action": "exclude"} for name in NOT_ASKED]
    return {
        "name": "golden",
        "extension": [
            {"name": "suite", "path": str(suite.resolve())},
            {"name": "let_in", "path": str(work / "let_in.py")},
        ],
        "platform": [{"type": "ready"}],
        "environment": {"environments": [{"nodes": [node]}]},
        "testcase": [{"criteria": {"area": AREA}}, *without],
        "notifier": [{"type": "junit", "path": "results.xml"}],
    }


def read_junit(text: str) -> list[Case]:
    found = []
    for each in ElementTree.fromstring(text).iter("testcase"):
        result, said = "passed", ""
        for tag, word in (("failure", "failed"), ("skipped", "skipped")):
            if (told := each.find(tag)) is not None:
                result, said = word, " ".join(told.get("message", "").split())
        # LISA adds the run's own number to a name.
        name = each.get("name", "").partition(" ")[0]
        found.append(Case(name, result, said))
    return sorted(found, key=lambda case: (case.result, case.name))


def _report(cases: list[Case]) -> Report:
    report = Report(f"LISA's {AREA}, on the booted image", ("case", "result", "why"))
    for case in cases:
        why = shorten(case.said, 100)
        if case.result == "failed":
            why = case.why or f"{_NONE}: {shorten(case.said, 400)}"
        report.rows.append([case.name, case.result, why.replace("|", "\\|")])
    report.rows += [[name, "not asked", why] for name, why in NOT_ASKED.items()]
    counts = Counter(case.result for case in cases)
    unexplained = sum(case.result == "failed" and not case.why for case in cases)
    report.notes.append(", ".join(f"{counts[word]} {word}" for word in sorted(counts)))
    report.bars = [
        Bar("failed cases without a reason", unexplained, 0),
        Bar(
            "cases that came to a verdict", counts["passed"] + counts["failed"], JUDGED, least=True
        ),
    ]
    report.figures = {case.name: case.result for case in cases}
    return report


# LISA's own cases say on which platforms they run; over SSH none of them minds.
_LET_IN = """from lisa.testsuite import get_cases_metadata

for case in get_cases_metadata().values():
    platforms = case.requirement.platform_type
    if platforms:
        platforms.update(["ready"])
"""
