"""Remedies: what mends itself, within limits. In the order in which they run."""

from agent.remedies import disk, paths, tls
from agent.remedies.remedy import Remedy

REMEDIES: tuple[Remedy, ...] = (paths.REMEDY, tls.REMEDY, disk.REMEDY)
