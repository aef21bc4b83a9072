"""Locks that were left over, or are held by somebody else."""

from __future__ import annotations

from support.analysers.telling import TALK
from support.analysers.troubles import Trouble, analyser

ANALYSER = analyser(
    "locks",
    "Stale locks",
    "No program complained of a lock",
    Trouble(
        "locks.left-over",
        # PostgreSQL (miscinit.c), MongoDB, Jetty and Lucene, and usual words of others.
        rb"(?i)lock file \"[^\"]{1,300}\" already exists|stale (?:lock|pid) ?file"
        rb"|pid ?file .{0,200}(?:already exists|found, previous)|LockObtainFailedException"
        rb"|Unable to (?:lock|acquire lock)|is already locked"
        rb"|another instance is (?:already )?running",
        "A program found a lock that somebody holds or left over",
        "sudo caretaker remedies plan locks; it says who holds it; then:"
        " sudo caretaker remedies run locks",
        files=TALK,
    ),
    Trouble(
        "locks.database",
        rb"database is locked|SQLITE_BUSY",
        "A SQLite database was locked when a program wanted to write",
        "does a second program, or a backup of the customer's own, have the file open?",
        answer="warn",
        at_least=3,
        files=TALK,
    ),
    Trouble(
        "locks.package-manager",
        rb"Could not get lock /var/lib/(?:dpkg|apt)|Unable to acquire the dpkg frontend lock",
        "The package manager was locked by another run of it",
        "sudo caretaker os",
        answer="warn",
        files=TALK,
    ),
)
