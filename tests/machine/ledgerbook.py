"""Ledgerbook on machines: its releases, built and signed as a vendor would, and a disk with one.

Owns the vendor's folder (keys, assembled versions, bundles, all made with the real commands) and
setting a version up from an image. Refuses to say what must hold afterwards: tests do.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.machine import checkout
from tests.machine import vendor as vendors
from tests.machine.appliance import IMAGE, OFFLINE
from tests.machine.machine import Machine, Ran

EXAMPLE = checkout.REPOSITORY / "examples/ledgerbook"
VERSIONS = ("1.0", "1.1", "2.0")
PORT = 8090
BOOKS = f"http://127.0.0.1:{PORT}"
DATA = "/var/lib/ledgerbook/active/state"
BUNDLES = "/bundles"  # in the machine: the vendor's folder
# Asked every second, so that a proof takes seconds; the daemon drains for one.
_QUICK = '\n[daemon]\ndrain = "1s"\n'
_EVERY = ('type = "http"\n', 'type = "http"\nevery = "1s"\ntimeout = "900ms"\n')
_SOON = ('healthy = 3\nwithin = "1m"', 'healthy = 2\nwithin = "15s"')


class Vendor(vendors.Vendor):
    """Ledgerbook's."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        super().__init__(folder)
        self._wheels = wheels

    def assemble(self, version: str, name: str = "") -> Path:
        """A version's folder, ready to be built or changed."""
        folder = self.folder / (name or version)
        if (self.folder / version).is_dir():  # Its libraries take seconds to unpack.
            shutil.copytree(self._clean(version), folder)
        else:
            argv = [sys.executable, str(EXAMPLE / "assemble"), version, str(folder)]
            subprocess.run([*argv, "--from", str(self._wheels)], check=True, timeout=120)
            shutil.copytree(folder, self._clean(version))
        path = folder / "appliance.toml"
        path.write_text(path.read_text().replace(*_EVERY).replace(*_SOON) + _QUICK)
        return self.give_root(folder)

    def _clean(self, version: str) -> Path:
        """The version as the example assembles it."""
        return self.folder / f"clean-{version}"


def set_up(machine: Machine) -> Ran:
    """Run setup as an image does: with what is on the disk, and nobody there to answer."""
    argv = [f"{IMAGE}/checkout/setup/setup.sh", f"{IMAGE}/ledgerbook", *OFFLINE]
    return machine.run(argv, timeout=110)


def upgrade(machine: Machine, bundle: str, *more: str, check: bool = True) -> Ran:
    return machine.run(
        ["caretaker", "upgrade", bundle, "--yes", *more], timeout=150, check=check
    )  # fmt: skip


def book(machine: Machine, memo: str, *, account: str = "rent", on: str = "2025-03-04") -> int:
    """The number of the new entry."""
    entry = json.dumps({"on": on, "account": account, "cents": -90000, "memo": memo})
    ask = ["curl", "-sSf", "--max-time", "5", "-d", entry, f"{BOOKS}/entries"]
    return int(json.loads(machine.run(ask).out)["entry"])


def books(machine: Machine) -> list[dict[str, object]]:
    return list(json.loads(machine.run(["curl", "-sSf", f"{BOOKS}/entries"]).out))


def version(machine: Machine) -> str:
    """The version that answers."""
    return str(json.loads(machine.run(["curl", "-sSf", f"{BOOKS}/status"]).out)["version"])


def story(machine: Machine) -> list[str]:
    """The acts of changes in the ledger, oldest first: `upgrade`, `upgrade flip` and so on."""
    told = machine.run(["caretaker", "ledger", "--json"]).out.splitlines()
    acts = [json.loads(line) for line in told]
    return [f"{each['act']}: {each['outcome']}" for each in acts
            if re.match(r"(upgrade|rollback|restore|move)\b", each["act"])]  # fmt: skip
