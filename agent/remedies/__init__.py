"""Remedies: what mends itself, within limits. In the order in which they run."""

from agent.remedies import disk, tls
from agent.remedies.remedy import Remedy

REMEDIES: tuple[Remedy, ...] = (tls.REMEDY, disk.REMEDY)
