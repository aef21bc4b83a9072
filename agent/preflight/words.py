"""Numbers as people read them.

Owns the wording of amounts in findings. Refuses precision: a finding is no measurement.
"""

from __future__ import annotations


def size(count: float) -> str:
    """Bytes with at most one digit behind the point: `512 MiB`, `1.9 GiB`."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        factor = {"TiB": 40, "GiB": 30, "MiB": 20, "KiB": 10}[unit]
        if count >= 1 << factor:
            return f"{count / (1 << factor):.1f}".removesuffix(".0") + f" {unit}"
    return f"{count:.0f} B"
