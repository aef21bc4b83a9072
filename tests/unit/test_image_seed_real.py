"""The seed's disk as cloud-init sees it: a FAT labelled CIDATA, read back by another program."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from agent.host.machine import Host
from packer.virtual import seed
from packer.virtual.login import make_key

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not all(map(shutil.which, ("mkfs.vfat", "mcopy", "mtype", "blkid"))),
        reason="needs dosfstools and mtools",
    ),
]


def test_the_disk_carries_the_label_and_both_texts(tmp_path: Path) -> None:
    image = tmp_path / "seed.img"
    told = seed.Seed("i-1", "box", ("ssh-ed25519 AAAA me",))
    seed.write(Host(), told, image)
    label = subprocess.run(
        ["blkid", "-p", "-s", "LABEL", "-s", "TYPE", "-o", "export", str(image)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert {"LABEL=CIDATA", "TYPE=vfat"} <= set(label.stdout.split())
    for name, content in (("meta-data", told.meta_data()), ("user-data", told.user_data())):
        read = subprocess.run(["mtype", "-i", str(image), f"::{name}"], capture_output=True)
        assert read.stdout == content


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs openssh-client")
def test_each_start_has_a_key_of_its_own(tmp_path: Path) -> None:
    one, other = (make_key(Host(), tmp_path / name) for name in ("one", "other"))
    assert one.startswith("ssh-ed25519 ")
    assert one != other
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
