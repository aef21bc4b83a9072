"""Caretaker's own tasks, in the order shown to people and run by the disk remedy."""

from agent.housekeeping.task import Task

TASKS: tuple[Task, ...] = ()
