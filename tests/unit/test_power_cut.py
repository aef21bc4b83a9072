"""The simulator of power cuts finds what it should, and the certificates survive it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.host import files
from agent.tls.brought import from_pem
from tests.power_cut import Sweep, recording, sweep
from tests.unit import tls_power
from tests.unit.tls_authorities import chain

OLD, NEW = b"old " * 10, b"new " * 10


def old_or_new(folder: Path) -> list[str]:
    path = folder / "state"
    if not path.is_file():
        return ["the file is gone"]
    content = path.read_bytes()
    return [] if content in (OLD, NEW) else [f"neither old nor new: {content[:8]!r}"]


def careless(path: Path) -> None:
    path.write_bytes(NEW)


def rename_only(path: Path) -> None:
    aside = path.with_name("aside")
    aside.write_bytes(NEW)
    os.rename(aside, path)


def unlink_first(path: Path) -> None:
    aside = path.with_name("aside")
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, NEW)
    os.fsync(fd)
    os.close(fd)
    os.unlink(path)
    os.rename(aside, path)


def cut(root: Path, tmp_path: Path, act: Callable[[Path], object]) -> Sweep:
    (root / "state").write_bytes(OLD)
    with recording(root) as log:
        act(root / "state")
    return sweep(log, tmp_path, old_or_new)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (careless, r"neither old nor new: b'new new '"),
        (careless, r"neither old nor new: b''"),
        (rename_only, r"neither old nor new: b'\x00"),
        (rename_only, r"neither old nor new: b''"),
        (unlink_first, "the file is gone"),
    ],
)
def test_it_finds_what_a_careless_writer_risks(
    root: Path, tmp_path: Path, act: Callable[[Path], object], words: str
) -> None:
    swept = cut(root, tmp_path, act)
    assert any(words in each for each in swept.violations), swept.violations


def test_our_own_replacement_survives_every_cut(root: Path, tmp_path: Path) -> None:
    swept = cut(root, tmp_path, lambda path: files.replace(path, NEW))
    assert swept.violations == []
    assert (swept.points, swept.states) >= (5, 4)


def test_a_folder_that_is_named_before_it_is_durable_is_found(root: Path, tmp_path: Path) -> None:
    def act(*, careful: bool) -> None:
        folder = root / ("careful" if careful else "careless")
        folder.mkdir()
        if careful:
            files.sync_folder(root)
        files.replace(folder / "x", NEW)
        files.replace_link(root / "current", folder.name)

    def names_something(folder: Path) -> list[str]:
        link = folder / "current"
        return ["it dangles"] if link.is_symlink() and not (link / "x").exists() else []

    with recording(root) as log:
        act(careful=False)
    assert any("it dangles" in each for each in sweep(log, tmp_path, names_something).violations)
    with recording(root) as log:
        act(careful=True)
    assert sweep(log, tmp_path, names_something).violations == []


def theirs() -> Callable[[Path], object]:
    one = chain(now=tls_power.NOW)
    pair = from_pem(one.leaf.pem + one.middle.pem + one.root.pem, one.leaf.key_pem)
    return tls_power.imported(pair.issued())


def swept(root: Path, tmp_path: Path, before: list[Callable[[Path], object]],
          act: Callable[[Path], object], *, at: float, every: int) -> Sweep:  # fmt: skip
    for each in before:
        each(root)
    with recording(root) as log:
        act(root)
    return sweep(log, tmp_path, tls_power.check(had_one=bool(before), at=at), every=every)


LATER = tls_power.NOW + 300 * 86400
STORIES = [
    ("first", [], tls_power.first, tls_power.NOW),
    ("renewal", [tls_power.first], tls_power.renewal, LATER),
    ("import", [tls_power.first], theirs(), tls_power.NOW),
]


@pytest.mark.parametrize("story", STORIES, ids=[story[0] for story in STORIES])
def test_a_power_cut_leaves_no_bad_pair_in_use(
    root: Path, tmp_path: Path, story: tuple[str, list[Callable[[Path], object]],
                                             Callable[[Path], object], float],
) -> None:  # fmt: skip
    name, before, act, at = story
    found = swept(root, tmp_path, before, act, at=at, every=3)
    print(f"{name}: {found}")
    assert found.violations == []
    assert found.points > 40
    assert found.states > 15


def test_a_missing_fsync_of_ours_would_be_found(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: the key is written without fsync."""
    whole = files.replace

    def hasty(path: Path, content: bytes, **more: object) -> None:
        whole(path, content, **more, durable=path.name != "key.pem")  # type: ignore[arg-type] # as it came

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", hasty)
        tls_power.first(root)
        with recording(root) as log:
            tls_power.renewal(root)
    found = sweep(log, tmp_path, lambda disk: tls_power.sound(disk, had_one=True, at=LATER))
    assert any("certificate-empty" in each for each in found.violations)
