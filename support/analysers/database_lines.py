"""What programs and databases say when something is wrong between them."""

from __future__ import annotations

from support.analysers.telling import TALK
from support.analysers.troubles import Trouble

TROUBLES = (
    Trouble(
        "database.refused",
        # libpq, JDBC, MySQL's client, Redis's and the ports of both.
        rb"(?i)could not connect to server|connection to server (?:at|on) .{1,200} failed"
        rb"|Can't connect to (?:local )?MySQL server|:(?:5432|3306|6379|27017)\b.{0,60}refused"
        rb"|refused.{0,80}:(?:5432|3306|6379|27017)\b|the database system is (?:starting up"
        rb"|shutting down|in recovery mode)",
        "A program could not reach its database",
        "sudo caretaker database; is its server up? systemctl status postgresql",
        at_least=2,
    ),
    Trouble(
        "database.connections",
        rb"(?i)too many (?:clients|connections)|remaining connection slots are reserved"
        rb"|QueuePool limit|connection pool (?:exhausted|timed out)|Connection is not available,"
        rb" request timed out",
        "The database, or a pool of connections to it, was used up",
        "who holds them: database/activity.json here; a service that leaks them:"
        " sudo caretaker restart SERVICE",
    ),
    Trouble(
        "database.login",
        rb"(?i)password authentication failed for user|Access denied for user"
        rb"|no pg_hba\.conf entry for",
        "The database refused a login",
        "was a password changed by hand? sudo caretaker credentials",
        at_least=2,
    ),
    Trouble(
        "database.slow",
        rb"duration: \d{4,}\.\d+ ms|canceling statement due to statement timeout"
        rb"|(?i:slow query)",
        "Statements of the database took longer than a second",
        "which tables: database/tables.json here; was anything vacuumed and analysed lately?",
        answer="warn",
        at_least=10,
    ),
    Trouble(
        "database.deadlock",
        rb"(?i)deadlock (?:detected|found)",
        "Transactions of the database blocked each other",
        "the vendor should see the two statements in the log",
        answer="warn",
    ),
    Trouble(
        "database.damage",
        rb"invalid page in block|could not read block \d+|checksum verification failed"
        rb"|database disk image is malformed|PANIC:  |missing chunk number",
        "The database met damage in its files",
        "look at the disk first (kernel errors above); then: sudo caretaker backup verify --full",
        ends=False,
    ),
    Trouble(
        "database.certificate",
        rb"(?i)could not accept SSL connection: .{0,80}(?:certificate|expired)"
        rb"|SSL error: certificate verify failed"
        rb"|server certificate for .{1,200} does not match host name"
        rb"|root certificate file .{1,200} does not exist",
        "The database's certificate was not believed",
        "sudo caretaker tls; and for a server of the customer's own: sudo caretaker database",
    ),
    Trouble(
        "database.version",
        rb"(?i)database files are incompatible with server|was initialized by PostgreSQL version",
        "The database's files are of another version of PostgreSQL",
        "were packages upgraded by hand? put the old version back; sudo caretaker releases",
        ends=False,
    ),
    Trouble(
        "database.wraparound",
        rb"must be vacuumed within \d+ transactions|wraparound data loss",
        "The database needs a VACUUM, or it will stop to protect its data",
        "in the application's database, as its owner: psql -c VACUUM",
        ends=False,
        files=TALK,
    ),
)
