"""The first Python that runs: the machine's own, then the private environment's.

Owns finding the packages beside this file, whichever tree it stands in. Refuses to think:
`setup/environment` makes the private environment, `setup/__main__.py` sets up the appliance.
"""

from __future__ import annotations

import sys
from pathlib import Path

INSIDE = "--inside"  # said by setup/environment when it hands over
FOR_IMAGE = "--for-image"  # said by whoever builds an image (packer/golden/environment.py)


def main() -> int:
    # Isolated mode (-I) leaves the script's own folder out, so that nothing lying beside it or in
    # PYTHONPATH is imported by accident; this tree alone is added.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    if sys.argv[1:2] == [INSIDE]:
        from setup.__main__ import main as set_up

        return set_up(sys.argv[2:])
    if sys.argv[1:2] == [FOR_IMAGE]:
        from setup.environment.image import main as make_for_image

        return make_for_image(sys.argv[2:])
    from setup.environment.entry import main as prepare

    return prepare(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
