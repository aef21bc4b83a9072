"""The remedies, in the order in which they run: each owner adds a line.

Kept out of the package itself, so that who needs one module of it, as the daemon does, does not
load them all.
"""

from agent.remedies import (
    clock,
    credentials,
    disk,
    locks,
    packages,
    paths,
    readonly,
    services,
    state,
    tls,
)
from agent.remedies.remedy import Remedy

REMEDIES: tuple[Remedy, ...] = (
    # First, since all others need room to note what they do.
    disk.REMEDY,
    state.REMEDY,
    paths.REMEDY,
    packages.REMEDY,
    clock.REMEDY,
    readonly.REMEDY,
    tls.REMEDY,
    locks.REMEDY,
    credentials.REMEDY,
    services.REMEDY,
)
