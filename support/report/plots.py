"""Which plots there are, and from which samples: processors, memory, disk, network.

Owns the choice. Refuses to draw what was never sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from support.analysers.samples import Sample, distance
from support.report.markup import Markup, tag
from support.report.plot import Mark, Plot, Series, drawn

_SHORTEST = 900.0  # seconds that are drawn
_LATE = 0.25  # of the window without a sample at its beginning
Facts = dict[str, float]


def plots(samples: Sequence[Sample], marks: Sequence[Mark], *, begin: float, end: float) -> Markup:
    """The section; it says so where nothing was sampled in the window."""
    title = tag("h2", "What the machine had", id="plots")
    inside = [each for each in samples if begin <= each.at <= end]
    if not inside:
        words = "No samples were collected for this window."
        return tag("section", title, tag("p", words, cls="soft"))
    step = distance(inside)
    # Of a machine that has not run for long, the time before it is no news.
    first = min(inside[0].at - (end - inside[0].at) / 20, end - _SHORTEST)
    late = first > begin + _LATE * (end - begin)
    begin = max(begin, first) if late else begin
    figures = [
        drawn(plot, marks) for plot in _chosen(inside, begin, end, step) if _any(plot.series)
    ]
    note = (
        "Lines are averages, the shade around them is the range. Grey: no samples, the agent did"
        " not run. Numbers above stand for moments of the timeline."
    )
    if late:
        note += " There are no samples of the time before what is drawn."
    return tag("section", title, tag("p", note, cls="soft small"), *figures)


def _chosen(samples: Sequence[Sample], begin: float, end: float, step: float) -> list[Plot]:
    def of(name: str, take: Callable[[Facts], float]) -> Series:
        return Series(name, _points(samples, take))

    memory, disk = _newest(samples, "memory_total_bytes"), _newest(samples, "disk_total_bytes")
    return [
        Plot("Processors", "percent", [of("in use", lambda f: f["cpu_used_percent"])],
             begin, end, step),
        Plot("Load", "number", [of("load of a minute", lambda f: f["load_1m"])], begin, end, step),
        Plot("Memory", "bytes", [
            of("in use", lambda f: f["memory_total_bytes"] - f["memory_available_bytes"]),
            of("swap", lambda f: f["swap_used_bytes"]),
        ], begin, end, step, memory),
        Plot("Disk of the data", "bytes", [
            of("in use", lambda f: f["disk_total_bytes"] - f["disk_free_bytes"]),
        ], begin, end, step, disk),
        Plot("Disks, read and written", "rate", [
            of("read", lambda f: f["disk_read_bytes_per_second"]),
            of("written", lambda f: f["disk_written_bytes_per_second"]),
        ], begin, end, step),
        Plot("Network", "rate", [
            of("received", lambda f: f["network_received_bytes_per_second"]),
            of("sent", lambda f: f["network_sent_bytes_per_second"]),
        ], begin, end, step),
    ]  # fmt: skip


def _points(samples: Sequence[Sample], take: Callable[[Facts], float]) -> list[tuple[float, float]]:
    found = []
    for sample in samples:
        try:
            found.append((sample.at, max(0.0, take(sample.facts))))
        except KeyError:
            continue
    return found


def _newest(samples: Sequence[Sample], name: str) -> float | None:
    return next((s.facts[name] for s in reversed(samples) if name in s.facts), None)


def _any(series: Sequence[Series]) -> bool:
    return any(each.points for each in series)
