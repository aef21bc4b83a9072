"""Becoming another program: the one exec of the product.

Owns flushing what was said before, so that no line is lost or said twice. Refuses to fork.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def become(argv: Sequence[str]) -> NoReturn:
    """Replace this process by the program, keeping its environment. OSError if there is none."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(argv[0], list(argv))  # noqa: S606  (no shell is what we want)
