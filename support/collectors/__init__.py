"""Collectors: what is read for a support bundle, each a record and a function.

`COLLECTORS` is every one that needs no manifest, in the order they are run within a priority.
"""

from support.collectors import (
    backups,
    caretaker,
    ceilings,
    certificates,
    changes,
    clock,
    cloud,
    configuration,
    crashes,
    cron,
    database,
    disks,
    dumps,
    environment,
    health,
    kernel,
    ledger,
    memory,
    network,
    packages,
    processes,
    samples,
    security,
    systemd,
)
from support.collectors.collector import Collector

COLLECTORS: tuple[Collector, ...] = (
    health.COLLECTOR,
    ledger.COLLECTOR,
    changes.COLLECTOR,
    configuration.COLLECTOR,
    systemd.COLLECTOR,
    crashes.COLLECTOR,
    memory.COLLECTOR,
    processes.COLLECTOR,
    disks.COLLECTOR,
    network.COLLECTOR,
    certificates.COLLECTOR,
    samples.COLLECTOR,
    ceilings.COLLECTOR,
    clock.COLLECTOR,
    kernel.COLLECTOR,
    database.COLLECTOR,
    caretaker.COLLECTOR,
    environment.COLLECTOR,
    packages.COLLECTOR,
    security.COLLECTOR,
    cron.COLLECTOR,
    cloud.COLLECTOR,
    backups.COLLECTOR,
    dumps.COLLECTOR,
)
