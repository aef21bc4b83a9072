"""Becoming another program, for good.

Owns exec(3) with the descriptors and the terminal we have. Refuses a shell.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NoReturn


def become(argv: Sequence[str]) -> NoReturn:
    """Replace this process by a program found on PATH. Raises OSError."""
    os.execvp(argv[0], list(argv))  # noqa: S606  (an argument list; there is no shell)
