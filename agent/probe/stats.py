"""What the probe child has seen, for `caretaker status` and the metrics.

Owns the record. Decides nothing: how long without a probe is too long, the manifest says.
"""

from __future__ import annotations

from agent.probe.channel import Report


class ProbeStats:
    """Counts since the child's start, ages in seconds (None: never). Treat it as frozen."""

    __slots__ = (
        "answered",
        "connections",
        "evicted",
        "expired",
        "probe_age",
        "remote_probe_age",
        "server_state",
        "stale",
        "tls_error",
    )

    def __init__(self, report: Report, now: float) -> None:
        (
            self.answered,  # by family of paths, see answers.FAMILIES
            asked,
            asked_remotely,
            self.server_state,  # the last X-Haproxy-Server-State: how HAProxy sees this node
            self.connections,  # waiting for anything at this moment
            self.evicted,  # sent away for want of room
            self.expired,  # sent away for silence
            self.stale,
            self.tls_error,  # why the last certificate did not load; empty: it did
        ) = report
        self.probe_age = now - asked if asked else None
        # Not counting this machine itself: a person's curl must not pass for a balancer.
        self.remote_probe_age = now - asked_remotely if asked_remotely else None
