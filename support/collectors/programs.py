"""Programs that a collector asks: their output as files of the bundle.

Owns how a program that is missing or silent looks in a bundle, and that one which did not answer
is not asked again: it would cost its time limit each time. Refuses shells, as the spawner does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent.host.spawn import Completed
from support.collectors.collector import Source
from support.collectors.document import made
from support.scene import Scene

PATIENCE = 3.0  # seconds for a program that usually takes milliseconds
MISSING, SILENT = 127, 124  # as a shell and timeout(1) say it


@dataclass(slots=True)
class Programs:
    """What one collector asks of programs while it runs."""

    scene: Scene
    _silent: set[str] = field(default_factory=set)

    def run(self, argv: Sequence[str], *, timeout: float = PATIENCE) -> Completed:
        """How it ended; at once for a program that did not answer before."""
        if argv[0] in self._silent:
            return Completed(tuple(argv), SILENT, "", "", 0.0, timed_out=True)
        done = self.scene.host.run(argv, timeout=timeout)
        if done.timed_out:
            self._silent.add(argv[0])
        return done

    def out(self, argv: Sequence[str], *, timeout: float = PATIENCE) -> str:
        """What it printed; empty where it failed."""
        done = self.run(argv, timeout=timeout)
        return done.stdout if done.ok else ""

    def text(
        self, name: str, *commands: Sequence[str], timeout: float = PATIENCE, cap: int = 0
    ) -> Source:
        """A file with what the programs print; each after a line with its words, if several.

        The exit code is that of the first one that failed. `cap` keeps the newest bytes.
        """
        codes: list[int] = []

        def make() -> bytes:
            parts = []
            for argv in commands:
                done = self.run(argv, timeout=timeout)
                codes.append(exit_code(done))
                head = f"== {' '.join(argv)}\n" if len(commands) > 1 else ""
                parts.append(head + said(done))
            content = "\n".join(parts).encode("utf-8", "replace")
            return _newest(content, cap) if cap else content

        origin = "; ".join(" ".join(argv) for argv in commands)
        source = made(name, origin, make)
        return replace(source, exit_code=lambda: next((c for c in codes if c), 0))


def exit_code(done: Completed) -> int:
    if done.missing:
        return MISSING
    return SILENT if done.timed_out else done.status


def said(done: Completed) -> str:
    """What stands in the bundle for a program's output."""
    if done.missing:
        return f"not installed: {done.argv[0]}\n"
    if done.timed_out:
        return f"{done.stdout}no answer: {done.argv[0]}\n"
    errors = done.stderr.strip()
    return f"{done.stdout}{errors}\n" if errors and not done.ok else done.stdout


def _newest(content: bytes, cap: int) -> bytes:
    if len(content) <= cap:
        return content
    kept = content[-cap:]
    return kept[kept.find(b"\n") + 1 :]
