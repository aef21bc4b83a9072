"""Remedies: what mends itself, within limits. In the order in which they run."""

from agent.remedies import credentials, disk, locks, paths, tls
from agent.remedies.remedy import Remedy

REMEDIES: tuple[Remedy, ...] = (
    paths.REMEDY,
    tls.REMEDY,
    locks.REMEDY,
    disk.REMEDY,
    credentials.REMEDY,
)
