"""The disk of another machine: all on it may have been put there to catch who looks."""

import os
from pathlib import Path

import pytest

from agent.host import found
from agent.layout import Layout
from support.bundle import closing, course, tools
from support.bundle.course import Means
from support.bundle.tools import _name_of
from support.redact import hyper_store
from support.scene import Scene, is_inside, is_rescue
from tests.scripted_host import NOW, scripted_host


@pytest.fixture
def disk(root: Path) -> Path:
    disk = root / "mnt"
    (disk / "etc").mkdir(parents=True)
    (disk / "etc/os-release").write_text("ID=debian\n")
    return disk


def scene(disk: Path) -> Scene:
    return Scene(scripted_host(disk), Layout(disk, "shop"), None, NOW - 60, NOW, rescue=True)


def test_it_is_told_by_its_own_system_also_behind_a_link_that_leads_nowhere(disk: Path) -> None:
    assert is_rescue(disk)
    (disk / "etc/os-release").unlink()
    assert not is_rescue(disk)
    (disk / "etc/os-release").symlink_to("../usr/lib/os-release")
    assert is_rescue(disk)


def test_its_host_name_is_a_name_or_none(disk: Path, root: Path) -> None:
    (root / "private").write_text("of-this-machine")
    name = disk / "etc/hostname"
    for told, wanted in (("shop-7\n", "shop-7"), ("a b\x1b[2J", ""), ("x" * 300, "x" * 255)):
        name.write_text(told)
        assert _name_of(scene(disk)) == wanted
    name.unlink()
    name.symlink_to(root / "private")
    assert _name_of(scene(disk)) == ""
    name.unlink()
    os.mkfifo(name)
    assert _name_of(scene(disk)) == ""


def test_what_was_compiled_there_is_not_run(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Layout(disk).support_state
    store.mkdir(parents=True, mode=0o700)
    asked: list[Path] = []
    monkeypatch.setattr(hyper_store, "_read", lambda path: asked.append(path))
    before = {path.name for path in store.iterdir()}
    identities, note = tools._identities(scene(disk))
    assert identities.store is None
    assert (note, asked) == ("", [])
    assert {path.name for path in store.iterdir()} - before == {Layout(disk).pseudonym_key.name}


def test_no_key_is_made_and_none_is_taken_where_its_state_leads_elsewhere(
    disk: Path, root: Path
) -> None:
    ours = root / "ours"
    ours.mkdir(mode=0o700)
    layout = Layout(disk)
    layout.support_state.parent.mkdir(parents=True)
    layout.support_state.symlink_to(ours)
    assert not is_inside(layout)
    (ours / layout.pseudonym_key.name).write_bytes(bytes(32))
    _, note = tools._identities(scene(disk))
    notes: list[str] = []
    first = closing.key_of(scene(disk), notes)
    assert "for this once" in note
    assert "for this once" in notes[0]
    assert first.fingerprint != closing.key_of(scene(disk), notes).fingerprint
    assert [path.name for path in ours.iterdir()] == [layout.pseudonym_key.name]


def test_its_own_state_is_used_where_it_is_there(disk: Path) -> None:
    notes: list[str] = []
    assert is_inside(Layout(disk))
    first = closing.key_of(scene(disk), notes).fingerprint
    assert (closing.key_of(scene(disk), notes).fingerprint, notes) == (first, [])


def test_without_proc_files_are_found_all_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "srv").mkdir()
    (root / "srv/a.log").write_text("one\n")

    def readlink(path: str, **_: object) -> str:
        raise FileNotFoundError(2, "No such file or directory", path)

    for top in (root, Path("/")):
        pattern = "/srv/*.log" if top == root else f"{root}/srv/*.log"
        [before] = found.matching(top, pattern)
        with monkeypatch.context() as patch:
            patch.setattr(os, "readlink", readlink)
            [after] = found.matching(top, pattern)
            [exactly] = found.matching(top, pattern.replace("*", "a"))
        assert before.real == after.real == exactly.real


def test_its_compiled_patterns_are_not_run_by_the_analysers_either(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path | None] = []
    monkeypatch.setattr(course, "Study", lambda looks, store: made.append(store))
    means = Means(tools=lambda scene: None, looks={}, told=lambda: False, progress=None)  # type: ignore[arg-type,return-value]  # not asked
    course._study(scene(disk), means)
    course._study(Scene(scripted_host(disk), Layout(disk), None, NOW - 60, NOW), means)
    assert made == [None, Layout(disk).support_state]
