"""What a cloud would tell the machine: a NoCloud seed, on a small disk of its own.

A file system labelled CIDATA with `meta-data` and `user-data` (cloud-init, "NoCloud"). A virtio
disk with FAT needs no driver that an image could lack, and no network. Owns the two texts and the
disk. Refuses passwords: whoever logs in has the key that was made for this one machine.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from agent.host import files
from agent.host.machine import Host
from packer.program import program

USER = "watcher"  # who we log in as; nobody of an image has this name
_LABEL = "CIDATA"
_SIZE = 4 << 20  # bytes; FAT12, which every vfat driver reads
_CLUSTERS = "4"  # sectors each
_PATIENCE = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Seed:
    """`instance` is the cloud's name for the machine: another one is another first boot."""

    instance: str
    host_name: str = ""
    keys: tuple[str, ...] = ()
    written: tuple[tuple[str, str], ...] = field(default=())
    """Files that cloud-init writes, 0600: path, content."""

    def meta_data(self) -> bytes:
        facts = {"instance-id": self.instance}
        if self.host_name:
            facts["local-hostname"] = self.host_name
        return _yaml(facts)

    def user_data(self) -> bytes:
        """JSON is YAML: what stands in a value can never become a key."""
        config: dict[str, object] = {}
        if self.keys:
            config["users"] = [
                {
                    "name": USER,
                    "lock_passwd": True,
                    "shell": "/bin/bash",
                    "sudo": "ALL=(ALL) NOPASSWD:ALL",
                    "ssh_authorized_keys": list(self.keys),
                }
            ]
        if self.written:
            config["write_files"] = [
                {"path": path, "permissions": "0600", "content": content}
                for path, content in self.written
            ]
        return b"#cloud-config\n" + _yaml(config)


def _yaml(value: object) -> bytes:
    return json.dumps(value, indent=1).encode() + b"\n"


def write(host: Host, seed: Seed, image: Path) -> None:
    """Make the disk. Raises MachineError, FileFailure."""
    texts = {"meta-data": seed.meta_data(), "user-data": seed.user_data()}
    places = [image.with_name(name) for name in texts]
    for place, content in zip(places, texts.values(), strict=True):
        files.replace(place, content, mode=0o600, durable=False)
    files.replace(image, bytes(_SIZE), mode=0o600, durable=False)
    label = ["mkfs.vfat", "-n", _LABEL, "-s", _CLUSTERS, str(image)]
    program(host, label, timeout=_PATIENCE)
    fill = ["mcopy", "-i", str(image), *map(str, places), "::"]
    program(host, fill, timeout=_PATIENCE)
