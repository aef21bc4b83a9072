"""The names of Caretaker's own tasks: for the manifest's checks, which every daemon makes.

Owns no more than the names, since the tasks themselves would cost the daemon megabytes. A test
holds them to `agent.housekeeping.tasks`.
"""

OWN = (
    *("journal", "purge", "logs", "leftovers", "releases", "generations", "certificates"),
    *("expiry", "database", "patches", "ledger", "samples", "backup", "trim", "look-round"),
    *("certification", "system-updates"),
)
