"""The clock of the probe child: the same one as in `clock`, without that module's imports.

Owns one function. Refuses wall time, and every import but the built-in `time`: the probe child is
forked before anything else is loaded, and what is loaded here is held in memory twice.
"""

import time


def ticks() -> float:
    """Seconds that only grow, the same in every process of this boot.

    CLOCK_BOOTTIME and not CLOCK_MONOTONIC: it goes on while a VM is suspended (EC2 hibernation,
    Google's suspend), so a verdict from before the sleep is stale at the first probe after it.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)
