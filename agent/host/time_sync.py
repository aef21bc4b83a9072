"""Is the clock kept right by anybody? The kernel's own answer.

Owns reading the clock discipline (adjtimex(2)), which every time service sets: timesyncd,
chronyd, ntpd, a hypervisor's agent. Refuses to change it.
"""

from __future__ import annotations

from dataclasses import dataclass

_UNSYNCHRONISED = 0x40  # STA_UNSYNC
_NANOSECONDS = 0x2000  # STA_NANO: offset is in nanoseconds, not microseconds


@dataclass(frozen=True, slots=True)
class TimeSync:
    """What the kernel believes: seconds the clock is off, and the most it may be off."""

    synchronised: bool
    offset: float
    most: float


def time_sync() -> TimeSync:
    """Raises OSError where the kernel, or a sandbox, does not tell."""
    # ctypes costs a megabyte and eight milliseconds; only those who ask pay.
    import ctypes

    class Timex(ctypes.Structure):
        # struct timex of 64-bit Linux up to the status; the rest is only room for the kernel.
        _fields_ = (
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("frequency", ctypes.c_long),
            ("maximum_error", ctypes.c_long),
            ("estimated_error", ctypes.c_long),
            ("status", ctypes.c_int),
            ("rest", ctypes.c_long * 32),
        )

    facts = Timex()  # modes 0: read only
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(facts)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, "adjtimex refused")
    scale = 1e-9 if facts.status & _NANOSECONDS else 1e-6
    return TimeSync(
        synchronised=not facts.status & _UNSYNCHRONISED,
        offset=facts.offset * scale,
        most=facts.maximum_error * 1e-6,
    )
