"""Core dumps of this process and its children: none.

Owns the one limit. A dump would hold secrets (core(5)). Refuses every other limit.
"""

from __future__ import annotations

import resource


def switch_off() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
