"""`python -m bench.image SUITE …`: the golden image's figures, each suite with options of its own.

build    packages to signatures, step by step; again with the base disk kept
certify  every rule on a disk, as nobody; --debugfs: our reader of ext4 beside debugfs (IMAGE)
sbom     the list of parts: time, size, validity (IMAGE)
cosign   what cosign says of our signatures (its .deb, or its program)
boot     kernel to /healthz 200, by every firmware, beside the same base without the appliance
arm64    the base disk for arm64, made and booted on any machine: all of it emulated
scored   OpenSCAP and Lynis, each failure with its reason
lisa     Microsoft's image tests over SSH, each failure with its reason
twice    two builds of the base disk, byte by byte; --images: of the golden image, by path
"""

import importlib
import sys

from agent.host import tether

SUITES = {
    "build": "bench.image.build",
    "boot": "bench.image.boot",
    "arm64": "bench.image.arm64",
    "scored": "bench.image.scored",
    "lisa": "bench.image.lisa",
    "twice": "bench.image.twice",
    "certify": "bench.image.certify_speed",
    "sbom": "bench.image.sbom",
    "cosign": "bench.image.cosign",
}


def main() -> int:
    words = sys.argv[1:]
    if not words or words[0] not in SUITES:
        print(__doc__, file=sys.stderr)
        return 2
    tether.unwind()  # SIGTERM takes machines and their folders away too, as Ctrl-C does
    status: int = importlib.import_module(SUITES[words[0]]).main(words[1:])
    return status


if __name__ == "__main__":
    sys.exit(main())
