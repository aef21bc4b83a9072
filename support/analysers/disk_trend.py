"""The data's disk, by how it filled: when it will be full."""

from __future__ import annotations

from collections.abc import Iterator

from agent.health.forecast import DAY, HOUR, Point, forecast
from support.analysers.analyser import Analyser, Evidence, Judgement, Seen
from support.analysers.samples import FILE, samples
from support.analysers.telling import failed, passed, unknown, warned
from support.analysers.window import amount, spell

_KINDS = (
    ("disk_free_bytes", "disk_total_bytes", "The disk of the data"),
    ("disk_inodes_free", "disk_inodes", "The inodes of the data's disk"),
)
_SOON, _FAR = 12 * HOUR, 14 * DAY


def judge(evidence: Evidence) -> Iterator[Judgement]:
    found = samples(evidence)
    if len(found) < 5:
        yield unknown("Too few samples to tell how the disk fills", advice="df -h")
        return
    told = [each for kind in _KINDS if (each := _of(evidence, *kind)) is not None]
    yield from told
    if not told:
        yield passed("The disk of the data is not filling up")


def _of(evidence: Evidence, free: str, total: str, name: str) -> Judgement | None:
    found = samples(evidence)
    points = [
        Point(each.at, each.facts[free], each.facts[total])
        for each in found
        if free in each.facts and total in each.facts
    ]
    ahead = forecast(points, now=found[-1].at)
    if ahead is None or ahead.seconds > _FAR:
        return None
    rate = ahead.rate * HOUR
    speed = f"{amount(rate)} an hour" if "bytes" in free else f"{rate:.0f} files an hour"
    words = f"{name} will be full in about {spell(ahead.seconds)}: it fills by {speed}"
    seen = Seen(FILE, 0, f"seen over {spell(ahead.span)}, {len(points)} samples")
    advice = "sudo caretaker remedies run disk; what grows: disks/largest.json here, or du -xh /"
    return (failed if ahead.seconds < _SOON else warned)(words, [seen], advice)


ANALYSER = Analyser(code="disk-trend", title="When disks fill", judge=judge, reads=(FILE,))
