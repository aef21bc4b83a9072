"""May whoever runs setup do what it does?

Owns the check of rights.
"""

from __future__ import annotations

from agent.findings import Finding, failed, passed
from agent.preflight.check import PreflightCheck
from agent.preflight.subject import Subject


def _rights(subject: Subject) -> Finding:
    if subject.user == 0:
        return passed("setup runs as root")
    if subject.embedded:
        return passed(f"setup runs as user {subject.user}, which is enough below its own root")
    return failed("not-root", f"setup runs as user {subject.user}", user=subject.user)


RIGHTS = PreflightCheck(
    code="rights",
    title="Rights",
    why="Users, units and files below /etc and /opt belong to root.",
    fix="sudo setup.sh, or run it with --root DIR as yourself",
    look=_rights,
)
