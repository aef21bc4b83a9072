"""`memory`: programs can still get memory.

Owns two thresholds on the part that is not available. Swap is not counted: a machine that lives
off it is slow before it is full, and `load` and the application's own checks say so.
"""

from __future__ import annotations

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.words import amount
from agent.manifest.checks import MemoryCheck


def look(check: MemoryCheck, context: Context) -> Finding:
    memory = context.host.facts.memory()
    if memory.total <= 0:
        return failed("memory-unknown", "the machine does not say how much memory it has")
    used = 100 * (1 - memory.available / memory.total)
    left = f"{amount(memory.available)} of {amount(memory.total)} memory available"
    if used >= check.fail_used:
        return failed("memory-low", f"only {left}", observed=used, unit="percent")
    if used >= check.warn_used:
        return warned("memory-low", f"only {left}", observed=used, unit="percent")
    return passed(left, observed=used, unit="percent")


TYPE = CheckType(
    code="memory",
    params=MemoryCheck,
    look=look,
    codes=("memory-low", "memory-unknown"),
    hang="/proc does not answer",
    cost="reads /proc/meminfo",
)
