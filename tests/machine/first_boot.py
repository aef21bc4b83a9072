"""An image before its first boot: what a golden image holds, and the seed cloud-init gets.

Owns laying both out in folders of the host, which a test binds into a machine. Refuses to boot.
"""

import shutil
from pathlib import Path

from tests.machine.checkout import REPOSITORY

UNIT = "caretaker-setup.service"
SEED = "/var/lib/cloud/seed/nocloud"
UNITS = "/etc/systemd/system"


def seed(folder: Path, user_data: str, *, instance: str = "i-first-1") -> dict[str, Path]:
    """A NoCloud seed; what to bind read-only."""
    folder.mkdir(exist_ok=True)
    (folder / "meta-data").write_text(f"instance-id: {instance}\nlocal-hostname: first-boot\n")
    (folder / "user-data").write_text(user_data)
    return {SEED: folder}


def units(folder: Path, root: Path) -> dict[str, Path]:
    """The image's unit folder: what the root has, and ours, the first boot's enabled."""
    shutil.copytree(root / UNITS.lstrip("/"), folder, symlinks=True)
    for unit in (REPOSITORY / "systemd").iterdir():
        if unit.is_file():
            shutil.copy(unit, folder)
    wants = folder / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / UNIT).symlink_to(f"../{UNIT}")
    return {UNITS: folder}
