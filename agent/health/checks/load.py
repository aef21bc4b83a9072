"""`load`: work does not pile up.

Owns two thresholds on the five-minute load average a processor. Linux counts processes that wait
for a disk too, so a high load with idle processors means a disk or a mount that does not answer.
"""

from __future__ import annotations

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.manifest.checks import LoadCheck


def look(check: LoadCheck, context: Context) -> Finding:
    _, five_minutes, _ = context.host.facts.load()
    cpus = max(1, context.host.facts.cpus())
    each = five_minutes / cpus
    processors = "1 processor" if cpus == 1 else f"{cpus} processors"
    summary = f"load {five_minutes:.2f} on {processors}"
    if 0 < check.fail_per_cpu <= each:
        summary += f"; {check.fail_per_cpu:g} a processor is too much"
        return failed("load-high", summary, observed=each, unit="load a processor")
    if each >= check.warn_per_cpu:
        summary += f"; {check.warn_per_cpu:g} a processor is a lot"
        return warned("load-high", summary, observed=each, unit="load a processor")
    return passed(summary, observed=each, unit="load a processor")


TYPE = CheckType(
    code="load",
    params=LoadCheck,
    look=look,
    codes=("load-high",),
    hang="/proc does not answer",
    cost="one system call",
)
