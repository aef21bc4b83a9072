"""How far times of files and of processes can be told apart, and which can be right at all."""

from __future__ import annotations

# Seconds. Start times are counted in ticks from boot and file times by the wall clock, which is
# slewed meanwhile; and a file is written some time after its process started, never before.
MARGIN = 5.0
# No file is older than this on an instance whose clock was ever right.
CLOCK_FLOOR = 1735689600.0  # 2025-01-01
