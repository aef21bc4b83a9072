"""Boots since the system was upgraded, and whether one of them was healthy.

Owns the counter and the mark. Refuses to boot another kernel or to reboot: it says what it saw.
"""

from __future__ import annotations

from msgspec.structs import replace

from agent.host.machine import Host
from agent.layout import Layout
from agent.ledger import Ledger
from agent.manifest.model import Manifest
from agent.patching.health import Health, wait_healthy
from agent.patching.reboot import running_kernel
from agent.patching.record import BootsRecord
from agent.state import StateFile

ACT = "os-boot"


def boots_file(layout: Layout) -> StateFile[BootsRecord]:
    return StateFile(layout.boots, BootsRecord)


def begin_counting(host: Host, layout: Layout, packages: int) -> None:
    """From now on boots are counted: written before the first package changes. FileFailure."""
    record = BootsRecord(
        since=host.clock.wall(),
        boot=host.clock.boot_id(),
        kernel=running_kernel(host),
        packages=packages,
    )
    boots_file(layout).save(record)


def counted(record: BootsRecord, boot: str) -> BootsRecord:
    """With this boot counted, once."""
    if boot in (record.boot, record.last):
        return record
    return replace(record, count=record.count + 1, last=boot)


def after_boot(host: Host, layout: Layout, manifest: Manifest) -> Health | None:
    """Count this boot, wait for health, mark it good; None where there is nothing to prove.

    The count is on disk before the wait: a boot that ends in a crash counts too. FileFailure.
    """
    state = boots_file(layout)
    record = state.load()
    if record is None or record.good_at or host.clock.boot_id() == record.boot:
        return None
    record = counted(record, host.clock.boot_id())
    state.save(record)
    ledger = Ledger(layout.ledger, host.clock)
    begun = host.clock.monotonic()
    health = wait_healthy(host, layout, manifest)
    kernel = running_kernel(host)
    kernels = (
        f"kernel {kernel}" if kernel == record.kernel else f"kernel {record.kernel} → {kernel}"
    )
    if health.good:
        state.save(replace(record, good_at=host.clock.wall()))
    ledger.write(
        ACT,
        target=f"boot {record.count} since the upgrade",
        outcome="done" if health.good else "failed",
        why=f"healthy; {kernels}" if health.good else f"not healthy: {health.why}; {kernels}",
        seconds=host.clock.monotonic() - begun,
    )
    return health
