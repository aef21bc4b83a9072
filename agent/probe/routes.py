"""Paths of the probe plane, in every dialect it speaks.

Owns the table from path to what is asked. `/health/detailed`, `/metrics` and `/status` are not
here on purpose: details belong to the local API.
"""

from __future__ import annotations

READY, LIVE, CHECK, LIVE_CHECK, GROUP = "ready", "live", "check", "live_check", "group"
AZURE, HAPROXY, AGENT, NONE = "azure", "haproxy", "agent", "none"

_FIXED = {
    # The root is what HAProxy, AWS and Google probe unless told otherwise.
    "/": READY,
    "/healthz": READY,
    "/readyz": READY,
    "/health": READY,
    "/health/ready": READY,
    "/livez": LIVE,
    "/health/live": LIVE,
    "/health/azure": AZURE,
    "/health/haproxy": HAPROXY,
    "/health/detailed": NONE,
}
_PREFIXES = (
    ("/readyz/", CHECK),
    ("/healthz/", CHECK),
    ("/livez/", LIVE_CHECK),
    ("/health/", GROUP),
)


def route(path: str) -> tuple[str, str]:
    """What is asked, and of which check or group; (NONE, "") for a path of nobody."""
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
    fixed = _FIXED.get(path)
    if fixed is not None:
        return fixed, ""
    for prefix, family in _PREFIXES:
        if path.startswith(prefix):
            name = path[len(prefix) :]
            return (NONE, "") if not name or "/" in name else (family, name)
    return NONE, ""
