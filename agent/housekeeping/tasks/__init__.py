"""Caretaker's own tasks, in the order shown to people and run by the disk remedy."""

from agent.housekeeping.task import Task
from agent.housekeeping.tasks.purge import TASK as PURGE

TASKS: tuple[Task, ...] = (PURGE,)
