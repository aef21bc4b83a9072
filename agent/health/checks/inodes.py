"""`inodes`: a file system can still hold another file.

Owns two thresholds. A file system without a fixed number (btrfs, some network ones) says 0 and
always passes; there `disk` tells all.
"""

from __future__ import annotations

from pathlib import Path

from agent.findings import Finding, failed, passed, warned
from agent.health.checks.disk import unreadable
from agent.health.context import CheckType, Context
from agent.health.filling import full_soon, words
from agent.health.forecast import DAY
from agent.manifest.checks import InodesCheck


def look(check: InodesCheck, context: Context) -> Finding:
    try:
        found = context.host.facts.file_system(Path(check.path))
    except OSError as error:
        return unreadable(check.path, error, "inodes")
    if found.inodes <= 0:
        return passed(f"the file system of {check.path} has no fixed number of inodes")
    free, within = found.inodes_free, float(check.full_within)
    soon = full_soon(context, free=free, size=found.inodes, within=within, inodes=True)
    used = 100 * (1 - found.inodes_free / found.inodes)
    left = f"{found.inodes_free} of {found.inodes} inodes free at {check.path}"
    if used >= check.fail_used or found.inodes_free <= 0:
        summary = f"only {left}; look for folders with very many small files"
        return failed("inodes-low", summary, observed=used, unit="percent")
    if used >= check.warn_used:
        summary = f"only {left}; look for folders with very many small files"
        return warned("inodes-low", summary, observed=used, unit="percent")
    if soon:
        summary = f"{left}, but {words(soon, f'{soon.rate * DAY:.0f} files')}"
        facts = {"full_in": round(soon.seconds), "confidence": round(soon.confidence, 2)}
        return warned("inodes-filling", summary, observed=used, unit="percent", **facts)
    return passed(left, observed=used, unit="percent")


TYPE = CheckType(
    code="inodes",
    params=InodesCheck,
    look=look,
    codes=("inodes-low", "inodes-filling", "inodes-missing", "inodes-unreadable"),
    hang="the file system does not answer; is it a network mount whose server is gone?",
    cost="one statvfs; a millisecond of arithmetic once a minute",
)
