"""`command`: the vendor's own program says how things stand.

Owns what its end means. Its time limit is `host.run`'s, which ends the whole family of processes.
Refuses shells, and trusts no line of the output beyond one for people.
"""

from __future__ import annotations

from typing import Any

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.host.spawn import Completed
from agent.manifest.checks import CommandCheck


def look(check: CommandCheck, context: Context) -> Finding:
    done = context.host.run(check.command, timeout=check.timeout, env=check.environment)
    program = check.command[0]
    if done.timed_out:
        summary = f"{program} did not end within {check.timeout}, so it was ended"
        return failed("timeout", summary, observed=done.seconds, unit="s")
    if done.missing:
        return failed("command-missing", f"{program} is not there")
    said = _first_line(done)
    facts: dict[str, Any] = {"status": done.status, "truncated": done.truncated}
    if done.status in check.warn_status and done.status != 0:
        summary = said or f"{program} ended with status {done.status}"
        return warned("command-warned", summary, observed=done.status, unit="status", **facts)
    if done.status != 0:
        summary = f"{program} {_end(done)}{': ' if said else ''}{said}"
        return failed("command-failed", summary, observed=done.status, unit="status", **facts)
    if check.contains and check.contains not in done.stdout:
        note = " (only its first 1 MiB was looked at)" if done.truncated else ""
        summary = f"{program} ended well, but its output lacks the text expected{note}"
        return failed("command-text", summary, **facts)
    return passed(said or f"{program} ended well", observed=done.seconds, unit="s", **facts)


def _first_line(done: Completed) -> str:
    """Standard output's first; a program that fails often has only standard error's last."""
    lines = done.stdout.strip().splitlines()
    if lines:
        return lines[0].strip()
    lines = done.stderr.strip().splitlines()
    return lines[-1].strip() if lines and done.status != 0 else ""


def _end(done: Completed) -> str:
    if done.status < 0:
        return f"was ended by signal {-done.status}"
    return f"ended with status {done.status}"


TYPE = CheckType(
    code="command",
    params=CommandCheck,
    look=look,
    codes=("timeout", "command-missing", "command-warned", "command-failed", "command-text"),
    hang="its program could not be ended in time (see ps, state D)",
    cost="one process",
)
