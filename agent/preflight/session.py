"""What setup inherits from whoever started it.

Owns the checks of umask and locale.
"""

from __future__ import annotations

from agent.findings import Finding, passed, warned
from agent.preflight.check import PreflightCheck
from agent.preflight.subject import Subject


def _umask(subject: Subject) -> Finding:
    # Reading it with umask(2) would set it; the kernel tells since 4.7 (proc_pid_status(5)).
    for line in subject.text("/proc/self/status").splitlines():
        if line.startswith("Umask:"):
            mask = int(line.split()[1], 8)
            break
    else:
        return passed("the umask is not known")
    if mask & 0o055 and not subject.embedded:
        text = f"umask {mask:04o}: the daemon's user could not read files made now"
        return warned("umask-strict", text)
    if not mask & 0o002:
        return warned("umask-open", f"umask {mask:04o}: anybody could write files made now")
    return passed(f"umask {mask:04o}")


UMASK = PreflightCheck(
    code="umask",
    title="umask",
    why="Programs that set no mode themselves make files nobody, or everybody, may use.",
    fix="umask 022, then run setup.sh again",
    look=_umask,
)


def _locale(subject: Subject) -> Finding:
    environment = subject.environment
    name = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG", "")
    if name in ("", "C", "POSIX"):
        # Python (PEP 538) and the services' units use UTF-8 all the same.
        return passed("the locale is C")
    if name.lower().replace("-", "").endswith("utf8") or "utf8" in name.lower().replace("-", ""):
        return passed(f"the locale is {name}")
    return warned("locale-bytes", f"the locale {name} is not UTF-8", name=name)


LOCALE = PreflightCheck(
    code="locale",
    title="Locale",
    why="Databases take their encoding from it when they are made, and keep it for ever.",
    fix="export LC_ALL=C.UTF-8, then run setup.sh again",
    look=_locale,
)
