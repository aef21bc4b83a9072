"""A kernel with something in it that its makers do not answer for."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document
from support.analysers.telling import listed, passed, unknown, warned

KERNEL = "kernel/kernel.json"
# Documentation/admin-guide/tainted-kernels.rst: bits that tell of a fault, not of a driver.
_FAULTS = (1 << 4) | (1 << 5) | (1 << 7) | (1 << 9) | (1 << 14)


class _Kernel(msgspec.Struct):
    taint: int | None = None
    tainted_by: list[str] | None = None
    release: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    kernel = document(evidence, KERNEL, _Kernel)
    if kernel is None or kernel.taint is None:
        yield unknown("Whether the kernel is tainted was not collected")
    elif kernel.taint & _FAULTS:
        by = listed(kernel.tainted_by or [str(kernel.taint)])
        words = f"The kernel is marked as faulty since it started: {by}"
        advice = "read what the kernel said; then restart the machine: systemctl reboot"
        yield warned(words, [cite(evidence, KERNEL, '"taint"', words)], advice)
    else:
        by = listed(kernel.tainted_by or [])
        yield passed(f"The kernel is as it was built{f', but for {by}' if by else ''}")


ANALYSER = Analyser(code="taint", title="Tainted kernel", judge=judge, reads=(KERNEL,))
