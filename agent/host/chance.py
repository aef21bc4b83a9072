"""Bytes that nobody can foresee, from the kernel. Owns the one call."""

from __future__ import annotations

import os


def some(count: int) -> bytes:
    return os.urandom(count)
