"""A step of a build: a name for programs, a title for people, what it does.

Owns the record. Refuses to know its place in the order (`course.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from packer.golden.build import Build


@dataclass(frozen=True, slots=True)
class BuildStep:
    """`act` returns words for people on what was made, empty where it was not wanted: skipped.

    It raises CaretakerError, HostFailure or OSError, and then nothing after it runs.
    """

    name: str
    title: str
    act: Callable[[Build], str]
