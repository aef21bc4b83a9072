"""Power cuts at every moment of making, renewing, importing and mending, and with a planted bug."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from agent.host import files
from agent.tls import placing, rights
from agent.tls.brought import from_pem
from tests.power_cut import Sweep, recording, sweep
from tests.unit import tls_power
from tests.unit.tls_authorities import chain
from tests.unit.tls_stage import DAY, wanted

Act = Callable[[Path], object]
LATER = tls_power.NOW + 300 * DAY
PLANTED = "renewal with the key's fsync left out"


@dataclass(frozen=True)
class Story:
    """`before` sets the stage; `at` is the wall clock when the next run looks."""

    name: str
    before: Act | None
    act: Act
    at: float = tls_power.NOW


def _imported(root: Path) -> object:
    one = chain(now=tls_power.NOW)
    pair = from_pem(one.leaf.pem + one.middle.pem + one.root.pem, one.leaf.key_pem)
    return tls_power.imported(pair.issued())(root)


def _opened(root: Path) -> None:
    tls_power.first(root)
    (wanted(root, tls_power.NOW).home / "current/key.pem").chmod(0o644)


def _closed(root: Path) -> None:
    want = wanted(root, tls_power.NOW)
    folder = placing.in_use(want.home)
    assert folder is not None
    rights.mend_rights(folder, want.ownership)


def _thrice(root: Path) -> None:
    """Renewals until old pairs go."""
    tls_power.first(root)
    for _ in range(3):
        tls_power.first(root)


STORIES = (
    Story("first pair, with its authority", None, tls_power.first),
    Story("renewal", tls_power.first, tls_power.renewal, LATER),
    Story("renewal that removes an old pair", _thrice, tls_power.renewal, LATER),
    Story("import over a pair of our own", tls_power.first, _imported),
    Story("import over the customer's own", _imported, _imported),
    Story("key closed to others again", _opened, _closed),
)


def sweeps(scratch: Path, every: int, told: Callable[[str], None]) -> Iterator[tuple[str, Sweep]]:
    """Each story's name and what came of it; the planted bug's last."""
    for number, story in enumerate(STORIES):
        told(f"power cuts: {story.name}")
        yield story.name, _swept(scratch / str(number), story, every)
    told(f"power cuts: {PLANTED}")
    yield PLANTED, _planted(scratch / "planted")


def _swept(scratch: Path, story: Story, every: int) -> Sweep:
    root = scratch / "root"
    root.mkdir(parents=True)
    if story.before is not None:
        story.before(root)
    with recording(root) as log:
        story.act(root)
    check = tls_power.check(had_one=story.before is not None, at=story.at)
    return sweep(log, scratch, check, every=every)


def _planted(scratch: Path) -> Sweep:
    root = scratch / "root"
    root.mkdir(parents=True)
    tls_power.first(root)
    whole = files.replace

    def hasty(path: Path, content: bytes, **more: object) -> None:
        whole(path, content, **more, durable=path.name != "key.pem")  # type: ignore[arg-type] # as it came

    with mock.patch.object(files, "replace", hasty), recording(root) as log:
        tls_power.renewal(root)
    return sweep(log, scratch, lambda disk: tls_power.sound(disk, had_one=True, at=LATER))
