"""What the tests of certificates share: a machine below a temporary root, and its moments."""

from dataclasses import replace
from pathlib import Path

from agent.host.clock import Clock
from agent.layout import Layout
from agent.manifest.model import Certificate
from agent.tls.memory import recall
from agent.tls.moment import Moment, newest_of
from agent.tls.wanted import Wanted

NAMES = ["shop.example", "10.0.0.7", "::1"]
DAY = 86400.0
HOUR = 3600.0


def now() -> float:
    return Clock().wall()


def wanted(root: Path, at: float, *, names: list[str] | None = None, days: int = 397,
           synchronised: bool = False, boot: str = "one", monotonic: float = 9000.0,
           booting: bool = False, witness: float = 0.0) -> Wanted:  # fmt: skip
    """A certificate `main`, looked at when the wall clock says `at`."""
    layout = Layout(root, "shop")
    memory = recall(layout)
    moment = Moment(at, synchronised, newest_of(memory.newest), witness, boot, monotonic, booting)
    spec = Certificate(days=days)
    return Wanted(layout, "main", spec, names or NAMES, moment, memory=memory, declared=spec.names)


def again(before: Wanted, *, later: float = 0.0) -> Wanted:
    """The same, looked at once more, time having passed on both clocks."""
    moment = replace(
        before.moment,
        now=before.moment.now + later,
        monotonic=before.moment.monotonic + later,
        newest=newest_of(recall(before.layout).newest),
    )
    return replace(before, moment=moment, memory=recall(before.layout))
