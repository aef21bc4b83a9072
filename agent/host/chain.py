"""Where a walk through a tree stands: the open folders from its top down.

Owns going down and up by descriptor, at any depth: of folders far above only what they are is
kept, and they are opened again through `..`, which must lead to the very same one. So nobody's
link or rename takes the walk out of the tree. Refuses to read or change what it finds.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

_KEPT = 64  # folders that stay open
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class _Step:
    name: str
    file: int  # -1: closed for now
    facts: os.stat_result


class Chain:
    """The open folder `here`, and those above it. The top's descriptor stays the caller's."""

    def __init__(self, top: int) -> None:
        self._steps = [_Step("", top, os.fstat(top))]

    @property
    def here(self) -> int:
        return self._steps[-1].file

    @property
    def top(self) -> int:
        return self._steps[0].file

    @property
    def facts(self) -> os.stat_result:
        """As they were when it was entered."""
        return self._steps[-1].facts

    @property
    def depth(self) -> int:
        return len(self._steps) - 1

    def path(self, name: str = "") -> str:
        """Below the top."""
        return "/".join([*(step.name for step in self._steps[1:]), *([name] if name else [])])

    def enter(self, name: str) -> None:
        """OSError where there is no such folder, or a link."""
        file = os.open(name, FOLDER, dir_fd=self.here)
        self._steps.append(_Step(name, file, os.fstat(file)))
        far = self._steps[max(0, len(self._steps) - 1 - _KEPT)]
        if far.file >= 0 and far is not self._steps[0]:
            os.close(far.file)
            far.file = -1

    def leave(self) -> None:
        """Up again. OSError where the folder was moved away meanwhile."""
        left = self._steps.pop()
        above = self._steps[-1]
        try:
            if above.file < 0:
                above.file = _above(left.file, above.facts)
        finally:
            os.close(left.file)

    def close(self) -> None:
        for step in self._steps[1:]:
            if step.file >= 0:
                os.close(step.file)
        del self._steps[1:]


def _above(file: int, expected: os.stat_result) -> int:
    found = os.open("..", FOLDER, dir_fd=file)
    if not os.path.samestat(os.fstat(found), expected):
        os.close(found)
        raise OSError(errno.ESTALE, "it was moved away meanwhile")
    return found
