"""What the files of a bundle are called.

Owns the one spelling: application, machine, time, case, and what is to be known at a glance: that
it is not redacted, or not whole.
"""

from __future__ import annotations

import re
import time

from support.bundle.record import Header

ENDING = ".support.tar.zst"
SEALED = ".age"
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


def stem(header: Header) -> str:
    """`shop-host-k3f9-20261121T080000Z`: what the working file is called too."""
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(header.made))
    words = [header.app or "machine", header.machine, at, header.case]
    return "-".join(_UNFIT.sub("_", word).strip("._-")[:64] for word in words if word)


def final(header: Header, *, redacted: bool, whole: bool, encrypted: bool) -> str:
    marks = ("" if redacted else "-UNREDACTED") + ("" if whole else "-partial")
    return stem(header) + marks + ENDING + (SEALED if encrypted else "")
