"""Which cloud this is, and which instance of it.

Owns reading what cloud-init found out, and the firmware's strings where there is no cloud-init.
Refuses cloud-init's sensitive file and any question over the network.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.host import files
from agent.host.failures import FileFailure

# For everybody to read, with the secrets taken out (cloud-init's docs, "instance metadata").
INSTANCE_DATA = "run/cloud-init/instance-data.json"
DMI = "sys/class/dmi/id"
CAP = 1 << 20  # bytes

AWS, AZURE, GOOGLE = "aws", "azure", "google"
_NAMES = {"aws": AWS, "azure": AZURE, "gce": GOOGLE}  # cloud-init's words
_NOWHERE = ("", "none", "unknown", "unset")

# Each: file, the value or how it begins, cloud. The same strings that cloud-init's ds-identify and
# systemd-detect-virt know; product_uuid would need root and tells no more.
_FIRMWARE = (
    ("sys_vendor", "Amazon EC2", AWS),
    ("bios_vendor", "Amazon EC2", AWS),
    ("bios_version", "4.11.amazon", AWS),
    ("product_name", "Google Compute Engine", GOOGLE),
    ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", AZURE),
)


@dataclass(frozen=True, slots=True)
class Cloud:
    """`name` is `aws`, `azure`, `google`, cloud-init's word for another, or empty for none.

    `source` is `cloud-init`, `firmware` or empty. Only cloud-init knows instance and region.
    """

    name: str = ""
    instance: str = ""
    region: str = ""
    source: str = ""


def find_cloud(machine: Path = Path("/")) -> Cloud:
    """The cloud of the machine whose files stand below `machine`."""
    return _from_cloud_init(machine) or _from_firmware(machine) or Cloud()


def _from_cloud_init(machine: Path) -> Cloud | None:
    try:
        raw = json.loads(files.read_bytes(machine / INSTANCE_DATA, cap=CAP))
    except (FileNotFoundError, FileFailure, ValueError, RecursionError):
        return None
    facts = raw.get("v1") if isinstance(raw, dict) else None
    if not isinstance(facts, dict):
        return None
    name = _word(facts, "cloud_name")
    if name in _NOWHERE:
        name = _word(facts, "platform")
    if name in _NOWHERE:
        return None
    return Cloud(
        name=_NAMES.get(name, name),
        instance=_word(facts, "instance_id"),
        region=_word(facts, "region"),
        source="cloud-init",
    )


def _word(facts: dict[str, Any], key: str) -> str:
    """cloud-init writes each key with underscores, and older ones with hyphens only."""
    value = facts.get(key, facts.get(key.replace("_", "-")))
    return value if isinstance(value, str) else ""


def _from_firmware(machine: Path) -> Cloud | None:
    for name, begins, cloud in _FIRMWARE:
        try:
            text = (machine / DMI / name).read_text(errors="replace").strip()
        except OSError:
            continue
        if text.startswith(begins):
            return Cloud(name=cloud, source="firmware")
    return None
