"""Results for people and for programs: markdown tables, verdicts against the bars, JSON.

Owns the bars, as records next to what was measured.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parents[1] / "out"


@dataclass(frozen=True)
class Bar:
    """A figure that the project promised. `least`: measured must not be below `limit`."""

    figure: str
    measured: float
    limit: float
    unit: str = ""
    least: bool = False

    @property
    def met(self) -> bool:
        return self.measured >= self.limit if self.least else self.measured <= self.limit

    def row(self) -> list[str]:
        sign = "≥" if self.least else "≤"
        return [
            self.figure,
            f"{sign} {self.limit:g} {self.unit}".rstrip(),
            f"{self.measured:.4g} {self.unit}".rstrip(),
            "met" if self.met else "**missed**",
        ]


@dataclass
class Report:
    """One bench: a table, the bars it decides, and what could not be measured."""

    title: str
    head: Sequence[str] = ()
    rows: list[list[str]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def markdown(self) -> str:
        parts = [f"## {self.title}", ""]
        if self.rows:
            parts += [*_table(self.head, self.rows), ""]
        if self.bars:
            parts += [*_table(("figure", "bar", "measured", ""), [b.row() for b in self.bars]), ""]
        parts += [f"- {note}" for note in self.notes]
        return "\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def save(reports: dict[str, Report], machine: dict[str, str]) -> Path:
    """Write every figure as JSON; earlier benches' results in the file stay."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / "health.json"
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    kept["machine"] = machine
    for name, report in reports.items():
        kept[name] = {
            "figures": report.figures,
            "bars": [{**asdict(bar), "met": bar.met} for bar in report.bars],
            "notes": report.notes,
        }
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    return path


def write(name: str, reports: Sequence[Report]) -> int:
    """Print the reports, keep them as `NAME.json`; 0 if every bar is met, else 1."""
    for report in reports:
        print(report.markdown())
    OUT.mkdir(parents=True, exist_ok=True)
    kept = [
        {"title": each.title, "figures": each.figures, "notes": each.notes,
         "bars": [{**asdict(bar), "met": bar.met} for bar in each.bars]}
        for each in reports
    ]  # fmt: skip
    (OUT / f"{name}.json").write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    return 0 if all(bar.met for report in reports for bar in report.bars) else 1
