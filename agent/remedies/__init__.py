"""Remedies: what mends itself, within limits. In the order in which they run."""

from agent.remedies import (
    clock,
    credentials,
    disk,
    locks,
    packages,
    paths,
    readonly,
    services,
    tls,
)
from agent.remedies.remedy import Remedy

REMEDIES: tuple[Remedy, ...] = (
    paths.REMEDY,
    packages.REMEDY,
    clock.REMEDY,
    readonly.REMEDY,
    tls.REMEDY,
    locks.REMEDY,
    disk.REMEDY,
    credentials.REMEDY,
    services.REMEDY,
)
