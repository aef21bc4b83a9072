"""The page of analysers and the tuple agree."""

from __future__ import annotations

import re
from pathlib import Path

from support.analysers import ANALYSERS

PAGE = Path(__file__).parents[2] / "docs/reference/analysers.md"


def test_every_analyser_has_its_line_in_the_order_of_the_tuple() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| [^|]+ \| [^|]+ \|$", PAGE.read_text(), re.M)
    assert rows == [(each.code, each.title) for each in ANALYSERS]


def test_every_file_that_is_looked_at_is_named() -> None:
    lines = PAGE.read_text().splitlines()
    rows = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    for each in ANALYSERS:
        globs = {glob for watch in each.watches for glob in watch.files}
        for name in {*each.reads, *globs} - {"time/clock.json"}:
            assert f"`{name}`" in rows[each.code], (each.code, name)
