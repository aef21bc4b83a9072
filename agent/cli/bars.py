"""Progress at a terminal: a bar that moves.

Owns drawing it and taking it away. Refuses to be where nobody looks: `progress` chooses.
"""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress

from agent.cli.progress import amount, span_of
from agent.cli.saying import plain
from agent.host.clock import Clock
from agent.progress import Unit

_SIGNS = {True: "[green]●[/]", False: "[red]✖[/]", None: "·"}


class Bars:
    """One line that moves for the step under way; those that are over stay above it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._console = Console(stderr=True, highlight=False)
        self._bar = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[told]}"),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._title, self._begun = "", 0.0

    def step(self, code: str, title: str) -> None:
        self._over(well=True)
        self._title, self._begun = plain(title), self._clock.monotonic()
        self._task = self._bar.add_task(_escaped(self._title), total=None, told="")
        self._bar.start()

    def advance(self, done: int, total: int, unit: Unit) -> None:
        if self._task is not None:
            self._bar.update(
                self._task, completed=min(done, total) if total else done, total=total or None,
                told=amount(done, total, unit),
            )  # fmt: skip

    def note(self, text: str) -> None:
        self._console.print(f"  {_escaped(plain(text))}")

    def close(self, *, well: bool | None) -> None:
        self._over(well=well)
        self._bar.stop()

    def _over(self, *, well: bool | None) -> None:
        if self._task is None:
            return
        self._bar.remove_task(self._task)
        self._task = None
        took = span_of(self._clock.monotonic() - self._begun)
        self._console.print(
            f"{_SIGNS[well]} {_escaped(self._title)}  [dim]{took}[/]", soft_wrap=True
        )


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")
