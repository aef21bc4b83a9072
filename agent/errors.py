"""Errors people meet: one base class, families by who must act, and the closed list of codes.

Owns the exit codes of the design (section 11). Refuses to print: only a process edge
(`agent/__main__.py`, `setup/__main__.py`) turns an error into words and an exit status.
"""

from __future__ import annotations

from typing import ClassVar


class CaretakerError(Exception):
    """Something a person can act on: what failed, on what, why, and the next command.

    `code` stands in `CODES` (and so in docs/reference/errors.md); `hint` is a command or an
    act that the operator can carry out as written.
    """

    exit_status: ClassVar[int] = 70

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class UsageError(CaretakerError):
    """The command line was wrong; the person at the keyboard must act."""

    exit_status = 2


class ManifestError(CaretakerError):
    """The vendor's manifest, or the customer's settings, say something impossible."""

    exit_status = 3


class MachineError(CaretakerError):
    """The machine did not do what was asked of it: a file, a process, a port, a disk."""

    exit_status = 4


class BusyError(CaretakerError):
    """Somebody else holds what this needs; the same command works a little later."""

    exit_status = 5


class UnhealthyError(CaretakerError):
    """Everything was done and the application is still not healthy."""

    exit_status = 6


class RefusedError(CaretakerError):
    """Verification or authorisation said no; nothing was touched."""

    exit_status = 7


class RolledBackError(CaretakerError):
    """It was tried, did not work, and what was there before runs again."""

    exit_status = 8


class InternalError(CaretakerError):
    """A defect of Caretaker itself; the traceback is in the log."""

    exit_status = 70


# Every code that an error may carry. A test holds that each has a paragraph in
# docs/reference/errors.md and that no other code is raised.
CODES = (
    "usage",
    "not-set-up",
    "embedded-only",
    "manifest-missing",
    "manifest-syntax",
    "manifest-unknown-key",
    "manifest-value",
    "manifest-reference",
    "settings-value",
    "answers-invalid",
    "secret-missing",
    "placeholder-unknown",
    "file-unsafe",
    "file-unreadable",
    "file-unwritable",
    "state-corrupt",
    "command-missing",
    "command-failed",
    "command-timeout",
    "port-taken",
    "daemon-unreachable",
    "daemon-failed",
    "service-unknown",
    "service-failed",
    "task-failed",
    "certificate-invalid",
    "authority-failed",
    "image-unknown",
    "journal-unavailable",
    "system-unsupported",
    "preflight-failed",
    "step-failed",
    "lock-held",
    "unhealthy",
    "refused",
    "bundle-invalid",
    "bundle-refused",
    "release-invalid",
    "release-unknown",
    "key-invalid",
    "change-failed",
    "migration-failed",
    "rolled-back",
    "data-loss",
    "disk-short",
    "backup-failed",
    "backup-unknown",
    "database-unsuitable",
    "database-failed",
    "patching-failed",
    "collector-unknown",
    "redaction-failed",
    "redaction-leak",
    "pattern-invalid",
    "pseudonym-unknown",
    "support-failed",
    "support-invalid",
    "build-failed",
    "image-invalid",
    "image-refused",
    "certify-failed",
    "signature-invalid",
    "sbom-invalid",
    "listing-invalid",
    "internal",
)
