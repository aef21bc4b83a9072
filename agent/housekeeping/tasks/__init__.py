"""Caretaker's own tasks, in the order shown to people and run by the disk remedy."""

from agent.housekeeping.task import Task
from agent.housekeeping.tasks.backup import TASK as BACKUP
from agent.housekeeping.tasks.certificates import TASK as CERTIFICATES
from agent.housekeeping.tasks.certification import TASK as CERTIFICATION
from agent.housekeeping.tasks.database import TASK as DATABASE
from agent.housekeeping.tasks.expiry import TASK as EXPIRY
from agent.housekeeping.tasks.journal import TASK as JOURNAL
from agent.housekeeping.tasks.ledger import TASK as LEDGER
from agent.housekeeping.tasks.leftovers import TASK as LEFTOVERS
from agent.housekeeping.tasks.logs import TASK as LOGS
from agent.housekeeping.tasks.look_round import TASK as LOOK_ROUND
from agent.housekeeping.tasks.patches import TASK as PATCHES
from agent.housekeeping.tasks.purge import TASK as PURGE
from agent.housekeeping.tasks.releases import GENERATIONS, RELEASES
from agent.housekeeping.tasks.samples import TASK as SAMPLES
from agent.housekeeping.tasks.system_updates import TASK as SYSTEM_UPDATES
from agent.housekeeping.tasks.trim import TASK as TRIM

# Those that make room come first, the safest of them at the head.
TASKS: tuple[Task, ...] = (
    *(JOURNAL, PURGE, LOGS, LEFTOVERS, RELEASES, GENERATIONS),
    *(CERTIFICATES, EXPIRY, DATABASE, PATCHES, LEDGER, SAMPLES, BACKUP, TRIM, LOOK_ROUND),
    *(CERTIFICATION, SYSTEM_UPDATES),
)
