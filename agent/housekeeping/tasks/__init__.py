"""Caretaker's own tasks, in the order shown to people and run by the disk remedy."""

from agent.housekeeping.task import Task
from agent.housekeeping.tasks.journal import TASK as JOURNAL
from agent.housekeeping.tasks.leftovers import TASK as LEFTOVERS
from agent.housekeeping.tasks.look_round import TASK as LOOK_ROUND
from agent.housekeeping.tasks.purge import TASK as PURGE
from agent.housekeeping.tasks.releases import GENERATIONS, RELEASES

# Those that make room come first, the safest of them at the head.
TASKS: tuple[Task, ...] = (JOURNAL, PURGE, LEFTOVERS, RELEASES, GENERATIONS, LOOK_ROUND)
