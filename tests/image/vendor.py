"""What the image under test is made of: SochDB 0.8.1, a vendor's keys, and the bundle of 0.8.3.

Owns the folder that `caretaker image build` gets, and the bundle beside it, both kept between runs
under the digest of what they are made of. Refuses to build the image.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from packer.signing import file_key
from tests.machine import appliance as appliances
from tests.machine.rootfs import cache_folder, locked
from tests.machine.vendor import Vendor

OLD, NEW = "0.8.1", "0.8.3"
APPLICATION = "sochdb"
_RECIPE = b"2"  # raise it when the way of making changes


def folder() -> Path:
    """`APPLICATION/` is the vendor's folder of the old version, `new.bundle` the release."""
    parts = [appliances.EXAMPLE / "appliance.toml", appliances.EXAMPLE / "release.toml"]
    digest = hashlib.sha256(_RECIPE + b"".join(path.read_bytes() for path in parts)).hexdigest()[
        :12
    ]
    place = cache_folder() / f"vendor-{digest}"
    with locked(cache_folder() / "vendor.lock"):
        if not place.exists():
            _make(place.with_suffix(".part"), place)
    return place


def image_key() -> Path:
    """What signs the image. It is worth nothing: it stands in a cache."""
    return folder() / "image.key"


def _make(part: Path, place: Path) -> None:
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    vendor = Vendor(part / "vendor")
    old = appliances.assemble(part / APPLICATION, OLD, quick=False)
    new = appliances.assemble(vendor.folder / NEW, quick=False)
    for each in (old, new):
        vendor.give_root(each)
    vendor.build(new, version=NEW).rename(part / "new.bundle")
    shutil.rmtree(new)
    file_key.make(part / "image.key", "ecdsa-p256-sha256", None)
    part.rename(place)
