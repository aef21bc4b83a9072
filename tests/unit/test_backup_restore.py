"""A restore: a new generation and one flip; refused, killed or unhealthy, nothing is changed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from agent.backup import place, secrets_back
from agent.backup.restore import judge, prepare_restore
from agent.change.change import Outcome
from agent.change.course import carry_out
from agent.change.means import Judged
from agent.change.request import RestoreRequest
from agent.change.sweep import sweep
from agent.deployment import Deployments
from agent.errors import CaretakerError, MachineError, RefusedError, RolledBackError, UsageError
from agent.host import streaming
from agent.host.failures import HostFailure
from agent.progress import Progress, Silent
from agent.remedies.remedy import Scene
from tests.unit.backup_stage import Shop, content, rows, shop
from tests.unit.change_world import Machine
from tests.unit.upkeep_world import small_disk

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def plain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No restic but where it is asked for."""
    if "by_restic" not in request.fixturenames:
        monkeypatch.setattr(streaming, "is_installed", lambda name: False)


@pytest.fixture
def by_restic() -> None:
    if not shutil.which("restic"):
        pytest.skip("restic is not installed")


class Means(Machine):
    """Settles secrets as the product does."""

    def settle(self, scene: Scene) -> None:
        self.said.append("settle")
        active = Deployments(scene.layout, scene.host.clock).active()
        assert active is not None
        secrets_back.settle(scene.layout, scene.manifest, active.number)

    def judge(self, scene: Scene, progress: Progress) -> Judged:
        if self.bad:
            return Judged(good=False, why="web: refuses connections")
        return Judged(good=True, first_good=scene.host.clock.monotonic())


def restore(here: Shop, *, bad: bool = False, **request: object) -> Outcome:
    change = prepare_restore(here.scene, msgspec.convert(request, type=RestoreRequest), Silent())
    means = Means(here.scene.layout, bad={"1"} if bad else set())
    return carry_out(here.scene, change, means=means)


def spoil(here: Shop) -> None:
    """What happens after the backup."""
    (here.data / "notes/1.txt").write_text("overwritten")
    (here.data / "notes/2.txt").unlink()
    (here.data / "app.db").write_bytes(b"")
    (here.scene.layout.secrets / "key").write_text("a new secret\n")


def secret(here: Shop) -> str:
    return (here.scene.layout.secrets / "key").read_text()


def check_restored(here: Shop, wanted: dict[str, bytes]) -> None:
    assert content(here.data) == wanted
    assert rows(here.data) == 200
    assert secret(here) == "s3cret-of-this-machine\n"
    assert here.litter() == []


def test_the_data_of_then_with_the_secrets_of_then(tmp_path: Path, by_restic: None) -> None:
    here = shop(tmp_path / "root")
    wanted = content(here.data)
    made = here.backup()
    spoil(here)
    outcome = restore(here, backup=made.record.id)
    assert (outcome.changed, outcome.how, outcome.before) == (True, "restore", 1)
    check_restored(here, wanted)
    # What was left is as it was left, and so is its secret, should anybody go back.
    old = here.scene.layout.generations / "1"
    assert (old / "notes/1.txt").read_text() == "overwritten"
    waiting = here.scene.layout.state / "secrets-back/1.json"
    assert "a new secret" in waiting.read_text()
    assert waiting.stat().st_mode & 0o777 == 0o600


def test_the_latest_of_files_of_our_own(tmp_path: Path) -> None:
    here = shop(tmp_path / "root")
    wanted = content(here.data)
    here.backup()
    spoil(here)
    restore(here, backup="latest")
    check_restored(here, wanted)


def test_one_that_is_not_healthy_changes_nothing(tmp_path: Path) -> None:
    here = shop(tmp_path / "root")
    here.backup()
    spoil(here)
    before = content(here.data)
    with pytest.raises(RolledBackError):
        restore(here, bad=True, backup="latest")
    assert content(here.data) == before
    assert secret(here) == "a new secret\n"
    assert os.readlink(here.scene.layout.active) == "deployments/1"


def test_on_a_fresh_machine_by_an_exported_file(tmp_path: Path) -> None:
    here = shop(tmp_path / "old")
    wanted = content(here.data)
    opened_before = here.backup()
    opened = here.repository()
    opened.export(opened.listed()[-1], tmp_path / "x.tar.zst", Silent())
    fresh = shop(tmp_path / "new", fill=False)
    (fresh.scene.layout.secrets / "key").write_text("another machine's\n")
    with pytest.raises(RefusedError, match="not sealed with this machine's password"):
        restore(fresh, source=str(tmp_path / "x.tar.zst"))
    assert fresh.litter() == []
    place.bring(fresh.scene.layout, place.password_path(fresh.scene.layout),
                place.key(here.scene.layout))  # fmt: skip
    restore(fresh, source=str(tmp_path / "x.tar.zst"))
    check_restored(fresh, wanted)
    assert opened_before.record.secrets == ("key",)


def test_on_a_fresh_machine_somebody_may_vouch_for_a_file(tmp_path: Path) -> None:
    here = shop(tmp_path / "old")
    wanted = content(here.data)
    here.backup()
    [kept] = here.repository().listed()
    fresh = shop(tmp_path / "new", fill=False)
    restore(fresh, source=kept.place, unsealed=True)
    check_restored(fresh, wanted)


def test_on_a_fresh_machine_by_the_repository(tmp_path: Path, by_restic: None) -> None:
    here = shop(tmp_path / "old", f'[backup]\nrepository = "{tmp_path}/disk"\n')
    wanted = content(here.data)
    here.backup()
    fresh = shop(tmp_path / "new", fill=False)
    layout = fresh.scene.layout
    place.bring(layout, place.password_path(layout), place.key(here.scene.layout))
    place.choose(layout, f"{tmp_path}/disk")
    restore(fresh, backup="latest")
    check_restored(fresh, wanted)


def test_a_tampered_file_is_never_restored(tmp_path: Path) -> None:
    """Also not with --unsealed, as long as it does not fit its own sums."""
    here = shop(tmp_path / "root")
    here.backup()
    spoil(here)
    [kept] = here.repository().listed()
    whole = Path(kept.place).read_bytes()
    before = content(here.data)
    for place_ in range(len(whole) // 7, len(whole), len(whole) // 7):
        spoilt = bytearray(whole)
        spoilt[place_] ^= 4
        Path(kept.place).write_bytes(spoilt)
        for unsealed in (False, True):
            with pytest.raises(CaretakerError):
                _refused(here, kept.place, unsealed=unsealed)
    assert content(here.data) == before
    assert here.litter() == []


def _refused(here: Shop, source: str, *, unsealed: bool) -> None:
    try:
        restore(here, source=source, unsealed=unsealed)
    except HostFailure as failure:  # What the one-shot's edge turns into an error.
        raise MachineError("backup-failed", str(failure)) from failure


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"app": "other"}, "is of other"),
        ({"epoch": 2}, "data of epoch 2"),
        ({"migrations": (1, 7)}, "migration 7"),
    ],
)
def test_what_the_release_can_not_read_is_refused(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    here = shop(tmp_path / "root")
    record = msgspec.structs.replace(here.backup().record, **change)
    active = Deployments(here.scene.layout, here.scene.host.clock).active()
    assert active is not None
    with pytest.raises(RefusedError, match=words) as caught:
        judge(here.scene, active, record)
    assert caught.value.hint


def test_what_a_killed_restore_fetched_goes(tmp_path: Path) -> None:
    """By the next restore, and by the recovery of changes as well."""
    here = shop(tmp_path / "root")
    wanted = content(here.data)
    here.backup()
    left = here.scene.layout.generations / "1.part.part.part/data"
    for way in ("restore", "recovery"):
        left.mkdir(parents=True)
        (left / "half").write_text("half")
        if way == "restore":
            restore(here, backup="latest")
        else:
            deployments = Deployments(here.scene.layout, here.scene.host.clock)
            active = deployments.active()
            assert active is not None
            assert sweep(deployments, active, None) == [left.parent]
        assert here.litter() == []
    assert content(here.data) == wanted


def test_no_such_backup(tmp_path: Path) -> None:
    here = shop(tmp_path / "root")
    with pytest.raises(UsageError) as caught:
        restore(here, backup="20260101-000000-abcdef")
    assert caught.value.code == "backup-unknown"
    with pytest.raises(CaretakerError):
        restore(here, backup="../../etc")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "root", "size=3m") as root:
        here = shop(root)
        made = here.backup()
        before = content(here.data)
        (root / "ballast").write_bytes(bytes(1 << 20))
        with pytest.raises((CaretakerError, HostFailure), match=r"No space left|free"):
            restore(here, backup=made.record.id)
        assert content(here.data) == before
        assert here.litter() == []
        (here.data / "more").write_bytes(os.urandom(1 << 20)[: 700 << 10])
        with pytest.raises(CaretakerError, match="No space left"):
            here.backup()
        assert here.litter() == []
        assert [each.id for each in here.repository().listed()] == [made.record.id]


KILLED = """
import sys
from pathlib import Path
from agent.host import streaming
from agent.host.failures import HostFailure
if sys.argv[3] == "archives":
    streaming.is_installed = lambda name: False
from agent.backup.create import create
from agent.backup.prune import prune
from agent.cli.appliance import manifest_of
from agent.layout import Layout
from agent.progress import Silent
from agent.remedies.scene import open_scene
manifest, layout = manifest_of(Layout(Path(sys.argv[1])))
scene = open_scene(manifest, layout)
print("begun", flush=True)
create(scene, Silent(), by="a test") if sys.argv[2] == "create" else prune(scene, by="a test")
"""


@pytest.mark.parametrize("kind", ["archives", "restic"])
def test_killed_at_any_time_the_next_run_makes_it_good(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, by_restic: None
) -> None:
    if kind == "archives":
        monkeypatch.setattr(streaming, "is_installed", lambda name: False)
    said = tmp_path / "said"
    more = (
        "[backup]\ndaily = 1\nweekly = 0\nmonthly = 0\n"
        f'freeze = ["/bin/sh", "-c", "echo freeze >> {said}"]\n'
        f'thaw = ["/bin/sh", "-c", "echo thaw >> {said}"]\n'
    )
    here = shop(tmp_path / "root", more)
    (here.data / "large").write_bytes(os.urandom(8 << 20))
    wanted = content(here.data)
    here.backup()
    delays = (0.3, 0.9) if kind == "restic" else (0.05, 0.12, 0.25)
    for delay in delays:
        for verb in ("create", "prune"):
            _kill(here, verb, kind, delay)
    _wait_thawed(here)
    from agent.backup.prune import prune

    last = here.backup()
    prune(here.scene, by="a test")
    assert [each.id for each in here.repository().listed()] == [last.record.id]
    assert here.repository().check(Silent(), full=True) == []
    assert here.litter() == []
    lines = said.read_text().split()
    assert lines.count("freeze") <= lines.count("thaw")
    home = here.scene.layout.backups
    if kind == "archives":
        assert len(list(home.iterdir())) == 3
    restore(here, backup="latest")
    assert content(here.data) == wanted


def _kill(here: Shop, verb: str, kind: str, delay: float) -> None:
    argv = [sys.executable, "-c", KILLED, str(here.scene.layout.root), verb, kind]
    child = subprocess.Popen(argv, cwd=Path(__file__).parents[2], start_new_session=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(delay)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()


def _wait_thawed(here: Shop) -> None:
    deadline = time.monotonic() + 20
    while list(here.scene.layout.state.glob("frozen*")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
