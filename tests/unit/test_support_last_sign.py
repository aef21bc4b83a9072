"""On a dead disk the window ends when the machine did."""

import os
from pathlib import Path

from agent.layout import Layout
from support.collectors.last_sign import last_sign

NOW = 1795248000.0


def put(root: Path, path: str, at: float) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("x")
    os.utime(place, (at, at))


def test_the_newest_thing_written_tells(root: Path) -> None:
    put(root, "var/log/wtmp", NOW - 9e6)
    put(root, "var/log/journal/0123/system.journal", NOW - 5e5)
    put(root, "var/log/shop/app.log", NOW - 6e5)
    for folder in ("var/log", "var/log/journal", "var/log/journal/0123"):
        os.utime(root / folder, (NOW - 10, NOW - 10))
    assert last_sign(Layout(root, "shop"), NOW) == NOW - 5e5 + 60


def test_times_that_have_not_come_yet_tell_nothing(root: Path) -> None:
    put(root, "var/log/syslog", NOW + 1e6)
    put(root, "var/log/wtmp", NOW - 1000)
    assert last_sign(Layout(root), NOW) == NOW - 940


def test_where_nothing_tells_it_is_now(root: Path) -> None:
    assert last_sign(Layout(root), NOW) == NOW
