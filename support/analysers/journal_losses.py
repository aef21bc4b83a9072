"""Lines that the journal itself lost, so that their absence proves nothing."""

from __future__ import annotations

from support.analysers.troubles import Trouble, analyser

ANALYSER = analyser(
    "journal-losses",
    "Lost log lines",
    "The journal says of no line that it was lost",
    Trouble(
        "journal-losses.suppressed",
        # src/journal/journald-rate-limit.c of systemd; kernel/printk. Not of kauditd_printk_skb:
        # at every boot with audit=1 it prints some of what it keeps whole for auditd.
        rb"Suppressed \d+ messages from|Missed \d+ kernel messages"
        rb"|(?:[^b]|[^k]b|[^s]kb): \d+ callbacks suppressed",
        "The journal or the kernel dropped lines, since there were too many at once",
        "who floods it is named there; RateLimitBurst= in journald.conf sets how many may come",
        answer="warn",
        files=("journal/*.log",),
    ),
    Trouble(
        "journal-losses.damage",
        rb"Journal file .{1,200} (?:corrupted|is truncated)|Failed to write entry .{0,200}"
        rb"|Failed to open (?:system|runtime) journal",
        "The journal could not be written, or was damaged",
        "is the disk full or read-only? journalctl --verify",
        answer="warn",
        files=("journal/*.log",),
    ),
)
