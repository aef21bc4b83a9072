"""`python -m bench.patching.victim ROOT`: one upgrade of the packages below ROOT, to be killed.

Owns the product's own course with real apt and dpkg in a change of root. Health and services are
left out: there is no agent below that root, and they are not what is struck here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.errors import CaretakerError
from agent.host import spawn, uncut
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.patching.apt import Apt
from agent.patching.course import Course
from agent.patching.request import OsRequest
from agent.progress import Silent
from agent.remedies.scene import open_scene

MANIFEST = '[appliance]\nname = "shop"\nversion = "1.0"\n'


@dataclass(frozen=True)
class Inside(Host):
    """This machine with another root: programs run below it too."""

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str = "",
    ) -> spawn.Completed:
        words = ["chroot", str(self.root), *argv]
        return spawn.run(words, timeout=timeout, stdin=stdin, env=env)


class Bare(Course):
    def _healthy_before(self) -> None:
        return

    def _restart(self) -> None:
        return

    def _healthy_after(self, *, changed: bool) -> None:
        return


def main(root: Path) -> int:
    (root / "kill/driver").write_text(str(os.getpid()))

    def below(argv: Sequence[str], **options: Any) -> uncut.Ran:
        return uncut.run(["chroot", str(root), *argv], **options)

    host = Inside(root=root)
    scene = open_scene(parse(MANIFEST), Layout(root, "shop"), host=host)
    request = OsRequest(id="1", actor="bench", refresh=False)
    course = Bare(scene, Apt(host), request, Silent(), run=below)
    try:
        course.go()
    except CaretakerError as error:
        sys.stderr.write(f"{error.code}: {error.message}\n")
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
