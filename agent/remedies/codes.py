"""Which findings call which remedy, in the order in which remedies run.

Owns the codes. In a file of its own, since the daemon holds them against its checks and must not
load what mends. A remedy that runs only when a person asks is in here too.
"""

from __future__ import annotations

CODES: dict[str, tuple[str, ...]] = {
    "disk": (
        "disk-low",
        "disk-full",
        "inodes-low",
    ),
    "state": ("state-corrupt",),
    "paths": (
        "path-missing",
        "path-owner",
        "path-mode",
        "path-kind",
        "path-link",
        "path-stricter",
        "path-unknown",
        "unit-failed",
        "file-missing",
        "file-unreadable",
    ),
    "packages": (
        "packages-interrupted",
        "packages-half-installed",
    ),
    "clock": ("clock-unsynchronised",),
    "readonly": ("disk-read-only",),
    "tls": (
        "certificate-missing",
        "certificate-unreadable",
        "certificate-empty",
        "certificate-invalid",
        "certificate-mismatch",
        "certificate-key-missing",
        "certificate-key-invalid",
        "certificate-early",
        "certificate-expired",
        "certificate-expiring",
        "certificate-provisional",
        "certificate-fallback",
        "certificate-untold",
        "certificate-weak",
        "certificate-names",
        "certificate-rights",
    ),
    "locks": (
        "lock-stale",
        "lock-garbled",
        "lock-doubtful",
        "lock-unreadable",
        "lock-held",
        "unit-failed",
        "unit-restarting",
        "process-missing",
    ),
    "credentials": (
        "credential-half-changed",
        "credential-of-image",
    ),
    "services": (
        "unit-failed",
        "unit-inactive",
        "unit-restarting",
        "unit-restarted",
        "process-missing",
        "process-few",
        "process-stopped",
        "port-closed",
        "port-elsewhere",
        "service-looping",
        "service-left-stopped",
        "service-down",
        "service-unhealthy",
        "service-unable",
    ),
}
