"""Power cuts while a bundle is made: what has its name is whole, and what has not can be gone on
with or is passed over."""

from pathlib import Path

import pyrage
import pytest

from agent.errors import CaretakerError
from support.bundle import course, reading, seal
from support.bundle.order import Order
from tests.power_cut import Sweep, recording, sweep
from tests.unit.support_bundles import Files, World, log

pytestmark = pytest.mark.real
FILES: dict[str, Files] = {
    "a": {"a.txt": b"a\n"},
    "b": {"b.log": log(14_000)},
    "c": {"c.txt": b"c\n"},
}
IDENTITY = pyrage.x25519.Identity.generate()


@pytest.fixture(autouse=True)
def notes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "_SYNC_EVERY", 0.0)


def swept(root: Path, tmp_path: Path, order: Order, *, resume: bool, every: int) -> Sweep:
    world = World(root, dict(FILES))
    bundles = world.bundles
    bundles.mkdir(parents=True, mode=0o700)
    with recording(bundles, ignore=(".support.reserve",)) as recorded:
        world.make(order)

    def check(folder: Path) -> list[str]:
        wrong = [why for path in sorted(folder.iterdir()) if (why := complaint(path))]
        if resume and not any(path.name.endswith((".zst", ".age")) for path in folder.iterdir()):
            folder.chmod(0o700)
            try:
                made = world.make(world.order(folder=folder, resume=True))
                reading.verify(made.sealed.paths[0])
            except CaretakerError as error:
                wrong.append(f"not gone on with: {error}")
        return wrong

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return sweep(recorded, scratch, check, every=every)


def complaint(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        return f"{path.name} can be read by others"
    if not path.name.endswith((".zst", ".age", seal.VOLUMES)):
        return ""
    try:
        reading.verify(path, [IDENTITY])
    except CaretakerError as error:
        return f"{path.name} has its name and is not whole: {error}"
    return ""


def test_in_clear(root: Path, tmp_path: Path) -> None:
    done = swept(root, tmp_path, World(root, dict(FILES)).order(), resume=True, every=12)
    assert done.violations == []
    assert done.states > 2


def test_encrypted_in_volumes(root: Path, tmp_path: Path) -> None:
    order = World(root, dict(FILES)).order(recipients=[IDENTITY.to_public()], volume=6_000)
    done = swept(root, tmp_path, order, resume=False, every=2)
    assert done.violations == []
    assert done.states > 20
