"""What the tests of the daemon's parts share: clocks moved by hand, a probe plane that notes."""

from agent.host.clock import Clock
from agent.manifest.checks import Check, FileCheck
from agent.manifest.kinds import Duration
from agent.probe.snapshot import Snapshot
from agent.probe.stats import ProbeStats

BOOT = "boot-1"


class HandClock(Clock):
    """Every clock moved by hand."""

    def __init__(self) -> None:
        self.ticks = 1000.0
        self.epoch = 1_795_000_000.0

    def wall(self) -> float:
        return self.epoch + self.ticks

    def monotonic(self) -> float:
        return self.ticks

    def sleep(self, seconds: float) -> None:
        self.ticks += seconds

    def boot_id(self) -> str:
        return BOOT


class NotingProbe:
    """A probe plane that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Snapshot, float]] = []
        self.echoes = True
        self.age: float | None = None

    def publish(self, snapshot: Snapshot, *, valid_for: float) -> None:
        self.told.append((snapshot, valid_for))

    @property
    def snapshot(self) -> Snapshot:
        return self.told[-1][0]

    @property
    def valid_for(self) -> float:
        return self.told[-1][1]

    def echo(self, timeout: float = 1.0) -> bool:
        return self.echoes

    def stats(self) -> ProbeStats:
        asked = 0.0 if self.age is None else 1.0
        report = ({"ready": 0}, asked, asked, "", 0, 0, 0, False, "")
        return ProbeStats(report, 1.0 + (self.age or 0.0))


def check(*, every: float = 10, timeout: float = 2, fall: int = 2) -> Check:
    return FileCheck(path="/x", every=Duration(every), timeout=Duration(timeout), fall=fall)
