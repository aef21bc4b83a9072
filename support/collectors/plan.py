"""What a bundle would hold and how large it would be, before anything is collected.

Owns the estimate: what each collector expects, and how well a few blocks of it pack. Refuses to
write, and to read more than those blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import zstandard

from support.collectors.collector import Collector, Sample
from support.collectors.limits import Limits
from support.collectors.running import TOLD, reason
from support.collectors.selection import by_priority
from support.scene import Scene

_LEVEL = 3  # as the bundle is packed
_PACKED = 0.2  # of what nobody looked at: small text files
_BEGIN = 16 << 10  # bytes of a text until which a packer only learns
_OWN = 40 << 10  # bytes: the manifest, the report and what the analysers found


@dataclass(frozen=True, slots=True)
class Planned:
    """One collector's share: `raw` bytes before redaction, `packed` bytes of the finished file.

    `why` it would give nothing; empty: it is collected.
    """

    code: str
    title: str
    reads: str
    raw: int
    packed: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """In the order in which they would run."""

    collectors: tuple[Planned, ...]
    raw: int
    packed: int


def plan(collectors: Sequence[Collector], scene: Scene, limits: Limits) -> Plan:
    """What would be collected within these limits; the account itself is left as it is."""
    account = replace(limits, names=set())
    found = []
    for each in by_priority(collectors):
        planned = _planned(each, scene, account)
        account.given += planned.raw
        found.append(planned)
    raw = sum(each.raw for each in found)
    return Plan(tuple(found), raw, sum(each.packed for each in found) + _OWN)


def _planned(collector: Collector, scene: Scene, account: Limits) -> Planned:
    why = account.refusal(collector)
    if not why and scene.rescue and not collector.rescue:
        why = "it says nothing of a disk that did not boot"
    raw = packed = 0
    if not why:
        try:
            raw, packed = _expected(collector, scene)
        except TOLD as error:
            why = f"nobody knows how much: {reason(error)}"
    most = min(collector.cap, max(0, account.bytes(collector.priority)))
    if raw > most:
        raw, packed = most, packed * most // raw
    return Planned(collector.code, collector.title, collector.reads, raw, packed, why)


def _expected(collector: Collector, scene: Scene) -> tuple[int, int]:
    if collector.sample is None:
        raw = collector.guess(scene)
        return raw, int(raw * _PACKED)
    return _sampled(collector.sample(scene))


def _sampled(samples: Iterable[Sample]) -> tuple[int, int]:
    packer = zstandard.ZstdCompressor(level=_LEVEL)
    raw = looked = 0
    packed = 0.0
    for each in samples:
        raw += each.size
        if each.text:
            looked += each.size
            packed += each.size * _ratio(packer, each.text)
    # What was not looked at is taken to be like the rest.
    return raw, int(packed * raw / looked if looked else raw * _PACKED)


def _ratio(packer: zstandard.ZstdCompressor, text: bytes) -> float:
    """How much of it is left. What is packed first is not counted: of a long file it is little."""
    whole = len(packer.compress(text))
    if len(text) < 4 * _BEGIN:
        return whole / len(text)
    begin = len(packer.compress(text[:_BEGIN]))
    return (whole - begin) / (len(text) - _BEGIN)
