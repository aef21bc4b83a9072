"""Small files below a root: read without trust, and never out of it."""

import os
from pathlib import Path

import pytest

from agent.host import glance
from agent.host.failures import FileFailure
from agent.host.impatient import within


@pytest.fixture
def outside(root: Path) -> Path:
    """A file beside the root, which nothing below the root may lead to."""
    place = root.parent / "outside.txt"
    place.write_text("outside")
    return place


def test_an_absolute_link_means_a_place_below_the_root(root: Path, outside: Path) -> None:
    (root / "etc").mkdir()
    (root / "run").mkdir()
    (root / "run/stub").write_text("inside")
    (root / "etc/resolv.conf").symlink_to("/run/stub")
    (root / "etc/trap").symlink_to(outside)
    (root / "etc/up").symlink_to("../../../../outside.txt")
    assert glance.read(root, "/etc/resolv.conf", cap=100) == b"inside"
    for name in ("trap", "up"):
        with pytest.raises(FileNotFoundError):
            glance.read(root, f"/etc/{name}", cap=100)
        assert glance.look(root, f"/etc/{name}") is None
    assert glance.link(root, "/etc/resolv.conf") == "/run/stub"
    assert glance.link(root, "/etc") == ""


def test_a_path_does_not_climb_out(root: Path, outside: Path) -> None:
    with pytest.raises(FileNotFoundError):
        glance.read(root, "/../outside.txt", cap=100)
    (root / "outside.txt").write_text("mine")
    assert glance.read(root, "/../outside.txt", cap=100) == b"mine"


def test_a_link_that_others_may_have_made_is_refused(root: Path) -> None:
    (root / "shared").mkdir()
    (root / "shared").chmod(0o777)
    (root / "secret").write_text("secret")
    (root / "shared/log").symlink_to("../secret")
    with pytest.raises(FileFailure, match="link others may have made"):
        glance.read(root, "/shared/log", cap=100)
    assert glance.look(root, "/shared/log") is None


def test_links_in_a_circle_end(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(FileFailure):
        glance.read(root, "/a", cap=100)


def test_a_pipe_does_not_hold_anybody_up(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(FileFailure, match="not a regular file"):
        glance.read(root, "/pipe", cap=100)
    seen = glance.look(root, "/pipe")
    assert seen is not None
    assert not seen.is_file


def test_the_newest_begins_at_a_line(root: Path) -> None:
    (root / "log").write_text("one\ntwo\nthree\n")
    assert glance.read(root, "/log", cap=8, newest=True) == b"three\n"
    assert glance.read(root, "/log", cap=100, newest=True) == b"one\ntwo\nthree\n"
    assert glance.read(root, "/log", cap=5) == b"one\nt"


def test_folders_in_order_with_names_that_are_no_text(root: Path) -> None:
    (root / "d").mkdir()
    for name in (b"b", b"a\xff"):
        (root / "d" / os.fsdecode(name)).write_text("x")
    found = glance.entries(root, "/d")
    assert [each.name for each in found] == ["a\N{REPLACEMENT CHARACTER}", "b"]
    assert all(each.is_file and each.size == 1 for each in found)
    assert found[1].permissions == "0644"
    assert glance.entries(root, "/none") == []
    assert glance.entries(root, "/d/b") == []


@pytest.mark.real
def test_what_does_not_answer_is_left_behind() -> None:
    ours, theirs = os.pipe()
    try:
        with pytest.raises(TimeoutError):
            within(lambda: os.read(ours, 1), seconds=0.05)
        assert within(lambda: 7, seconds=5.0) == 7
        with pytest.raises(FileNotFoundError):
            within(lambda: os.stat("/not/there"), seconds=5.0)
    finally:
        os.write(theirs, b"x")
        os.close(theirs)
