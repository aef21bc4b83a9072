"""An upgrade of the system, killed at seeded calls of dpkg: the next run leaves it whole.

A few points; `python -m bench.patching` has many.
"""

import random
from collections.abc import Callable
from pathlib import Path

from bench.patching.stage import Point, points, prepared, strike


def test_killed_anywhere_the_next_run_leaves_it_whole(
    roots: Callable[[str], Path], tmp_path: Path
) -> None:
    with prepared(roots("bookworm"), tmp_path) as lower:
        every = points(lower, tmp_path)
        assert len(every) > 300
        chosen = random.Random(7).sample(every, 2)
        chosen[-1] = Point(chosen[-1].run, chosen[-1].call, chosen[-1].number, whole=False)
        struck = [strike(lower, tmp_path, each) for each in chosen]
    assert [each.hit for each in struck] == [True, True]
    assert any(each.wounded for each in struck)
    assert [each.wrong for each in struck] == ["", ""]
