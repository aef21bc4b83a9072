"""`file`: a file is there, fresh enough and of a sane size.

Owns one lstat. A symbolic link in the last place is never followed: it is there while what it
points to may be gone, or be another file than the vendor meant, so it fails with its own word.
Links on the way ({data} goes through one) are followed as by any program. Refuses to open the file.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.words import amount, span
from agent.manifest.checks import FileCheck

# Clocks of two machines that share a mount may differ a little.
_FUTURE = 60.0  # seconds


def look(check: FileCheck, context: Context) -> Finding:
    try:
        facts = Path(check.path).lstat()
    except OSError as error:
        return _not_there(check, error)
    if check.absent:
        return failed("file-present", f"{check.path} is there and should not be")
    if stat.S_ISLNK(facts.st_mode):
        return failed("file-link", f"{check.path} is a symbolic link; name the file itself")
    if (check.at_least or check.at_most) and not stat.S_ISREG(facts.st_mode):
        return failed("file-kind", f"{check.path} is no regular file, so its size means nothing")
    return _judge(check, facts, context.host.clock.wall() - facts.st_mtime)


def _not_there(check: FileCheck, error: OSError) -> Finding:
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):
        why = (error.strerror or "no reason given").lower()
        return failed("file-unreadable", f"{check.path} can't be looked at: {why}")
    if check.absent:
        return passed(f"{check.path} is not there, as it should be")
    return failed("file-missing", f"{check.path} is not there")


def _judge(check: FileCheck, facts: os.stat_result, age: float) -> Finding:
    size = facts.st_size
    if size < check.at_least:
        summary = f"{check.path} has {amount(size)}; at least {amount(check.at_least)} are expected"
        return failed("file-small", summary, observed=size, unit="bytes")
    if 0 < check.at_most < size:
        summary = f"{check.path} has {amount(size)}; at most {amount(check.at_most)} are expected"
        return failed("file-large", summary, observed=size, unit="bytes")
    if 0 < check.newer_than < age:
        summary = (
            f"{check.path} is {span(age)} old; it should never be older than {check.newer_than}"
        )
        return failed("file-old", summary, observed=age, unit="s")
    if check.newer_than and age < -_FUTURE:
        # It would count as fresh for as long as it lies ahead, and nobody would write it anew.
        summary = f"{check.path} was written {span(age)} in the future; did the clock step back?"
        return warned("file-future", summary, observed=age, unit="s")
    shown = f"{check.path} is there, {amount(size)}, {span(max(0.0, age))} old"
    return passed(shown, observed=max(0.0, age), unit="s", size=size)


TYPE = CheckType(
    code="file",
    params=FileCheck,
    look=look,
    codes=(
        "file-missing",
        "file-present",
        "file-link",
        "file-kind",
        "file-unreadable",
        "file-small",
        "file-large",
        "file-old",
        "file-future",
    ),
    hang="the file system does not answer; is it a network mount whose server is gone?",
    cost="one lstat",
)
