"""Collectors: what is read for a support bundle, each a record and a function.

`COLLECTORS` is every one that needs no manifest, in the order they are run within a priority.
"""

from support.collectors import (
    certificates,
    changes,
    disks,
    health,
    ledger,
    memory,
    network,
    processes,
    samples,
    systemd,
)
from support.collectors.collector import Collector

COLLECTORS: tuple[Collector, ...] = (
    health.COLLECTOR,
    ledger.COLLECTOR,
    changes.COLLECTOR,
    systemd.COLLECTOR,
    memory.COLLECTOR,
    processes.COLLECTOR,
    disks.COLLECTOR,
    network.COLLECTOR,
    certificates.COLLECTOR,
    samples.COLLECTOR,
)
