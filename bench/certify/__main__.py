"""`python -m bench.certify`: planted faults found, and false alarms on clean distributions.

Owns the order of the benches. Trees are the cached roots of the machine tests, in the folder that
CARETAKER_TEST_CACHE names, or what `--tree` names: a folder, a tar or a disk image. Nothing is
written to them.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from bench.certify.found import found
from bench.certify.oracle import of_image, oracle
from bench.certify.quiet import quiet
from bench.health.table import write

NAMES = ("bookworm", "trixie", "jammy", "noble")


def roots() -> list[Path]:
    """The newest cached root of each distribution."""
    cache = Path(os.environ.get("CARETAKER_TEST_CACHE", "/var/cache/caretaker-tests"))
    kept = []
    for name in NAMES:
        there = [path for path in cache.glob(f"root-{name}-*") if path.is_dir()]
        kept += sorted(there, key=lambda path: path.stat().st_mtime)[-1:]
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.certify", description=__doc__)
    parser.add_argument("--tree", action="append", type=Path, help="a clean tree, more than once")
    parser.add_argument("--faults-in", type=Path, help="the tree that faults are planted in")
    parser.add_argument(
        "--img-check",
        type=Path,
        metavar="FILE",
        help="DigitalOcean's 99-img-check.sh, to run beside ours; needs root and a folder as tree",
    )
    parser.add_argument("--image", type=Path, help="ask --img-check of this image, and no more")
    chosen = parser.parse_args()
    if chosen.image is not None and chosen.img_check is not None:
        return write("certify-image", [of_image(chosen.image, chosen.img_check)])
    trees = chosen.tree or roots()
    if not trees:
        parser.error("no clean tree: run the machine tests once, or name one by --tree")
    first = chosen.faults_in or trees[0]
    print(f"... {len(trees)} clean trees", file=sys.stderr, flush=True)
    reports = [quiet(trees)]
    print(f"... faults in {first.name}", file=sys.stderr, flush=True)
    reports.append(found(first))
    if chosen.img_check is not None:
        print("... DigitalOcean's check beside ours", file=sys.stderr, flush=True)
        reports.append(oracle(first, chosen.img_check))
    return write("certify", reports)


if __name__ == "__main__":
    sys.exit(main())
