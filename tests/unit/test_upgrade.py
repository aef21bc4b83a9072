"""An upgrade, planned and prepared: what it says, what it refuses, and that it is what happens."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from agent.data.forecast import forecast
from agent.deployment import Deployments
from agent.errors import CaretakerError, MachineError, RefusedError, UsageError
from agent.findings import failed, warned
from agent.host.failures import FileFailure
from agent.preflight import upgrade as preflight
from agent.preflight.care import DISK_CHECKS, FROZEN
from agent.progress import Silent
from agent.settings import read_settings
from agent.upgrade import offer, upgrade
from agent.upgrade.plan import Plan
from agent.upgrade.upgrade import plan_upgrade, prepare_upgrade
from bench.bundles.vendor import Vendor, open_vendor
from tests.scripted_host import GIB
from tests.unit.upgrade_world import ROOMY, Shop, shop

QUESTION = '[settings.region]\ntitle = "Which region?"\nrequired = true\nchoices = ["eu", "us"]\n'


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Vendor:
    return open_vendor(tmp_path_factory.mktemp("vendor") / "shop")


@pytest.fixture
def here(root: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return shop(root, vendor, monkeypatch)


def planned(here: Shop, bundle: Path, **more: object) -> Plan:
    return plan_upgrade(here.now(), here.request(bundle, **more))


def refused(here: Shop, bundle: Path, **more: object) -> CaretakerError:
    with pytest.raises(CaretakerError) as caught:
        prepare_upgrade(here.now(), here.request(bundle, **more), Silent())
    assert caught.value.hint
    return caught.value


def tree(root: Path) -> dict[str, tuple[int, int, int]]:
    found = [path.lstat() for path in root.rglob("*")]
    names = [str(path) for path in root.rglob("*")]
    return {
        name: (one.st_ino, one.st_mtime_ns, one.st_ctime_ns)
        for name, one in zip(names, found, strict=True)
    }


def test_a_plan_says_all_of_it_and_writes_nothing(here: Shop) -> None:
    bundle = here.bundle("1.1", toml='notes = "Faster."\n')
    before = tree(here.layout.root)
    plan = planned(here, bundle)
    assert tree(here.layout.root) == before
    assert plan.title == "upgrade Shop 1.0 to 1.1"
    assert [step.code for step in plan.steps] == [
        "stage", "stop", "data", "flip", "settle", "start", "gate", "commit",
    ]  # fmt: skip
    assert [step.code for step in plan.steps if step.down] == [
        "stop", "data", "flip", "settle", "start",
    ]  # fmt: skip
    assert (plan.number, plan.back, plan.grace) == (2, 1, 86400.0)
    assert plan.how == forecast(here.layout.generations / "1", here.layout.generations).how
    assert plan.notes == "Faster."
    assert plan.refusals == ()
    assert plan.downtime is None
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_what_was_planned_is_what_happens(here: Shop) -> None:
    bundle = here.bundle("1.1")
    plan = planned(here, bundle)
    change = here.upgrade(bundle)
    assert change.title == plan.title
    assert (here.active.number, here.active.version, here.active.previous) == (2, "1.1", 1)
    assert (here.layout.data / "rows").read_text() == "v1.0"
    assert (here.layout.current / "share/text").exists()
    staged = on_disk(here.layout.releases / here.active.release)
    cloned = on_disk(here.layout.generations / "2")
    if plan.how == "copy":
        assert plan.disk == pytest.approx(staged + cloned, rel=0.1)


def on_disk(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in [folder, *folder.rglob("*")])


def test_the_next_plan_knows_how_long_it_takes(here: Shop) -> None:
    here.upgrade(here.bundle("1.1"))
    plan = planned(here, here.bundle("1.2"))
    assert plan.downtime is not None
    assert next(step for step in plan.steps if step.code == "data").seconds is not None


def test_what_runs_already_is_nothing_to_do(here: Shop) -> None:
    bundle = here.bundle("1.1")
    here.upgrade(bundle)
    plan = planned(here, bundle)
    assert plan.nothing
    assert plan.steps == ()
    assert refused(here, bundle).message == "1.1 runs here already"


def test_an_upgrade_again_after_going_back_unpacks_nothing(here: Shop) -> None:
    bundle = here.bundle("1.1")
    here.upgrade(bundle)
    here.back()
    plan = planned(here, bundle)
    assert plan.steps[0].title == "1.1 is unpacked already"
    assert plan.steps[0].disk == 0
    here.upgrade(bundle)
    assert (here.active.number, here.active.version) == (3, "1.1")


@pytest.mark.parametrize(
    ("version", "toml", "told"),
    [
        ("0.9", "", "is older"),
        ("2.0", 'minimum_from = "1.5"\n', "upgrades from 1.5 on"),
        ("2.0", "[epoch]\nreads = [7]\nwrites = 7\n", "the data here is of epoch 1"),
    ],
)
def test_what_may_not_follow_is_refused_before_anything_is_written(
    here: Shop, version: str, toml: str, told: str
) -> None:
    bundle = here.bundle(version, toml=toml)
    before = tree(here.layout.root)
    error = refused(here, bundle)
    assert isinstance(error, RefusedError)
    assert told in error.message
    assert tree(here.layout.root) == before
    assert told in planned(here, bundle).refusals[0].message


def test_an_older_one_that_is_meant(here: Shop) -> None:
    here.upgrade(here.bundle("0.9"), older=True)
    assert here.active.version == "0.9"


def test_a_question_of_the_new_release(here: Shop) -> None:
    bundle = here.bundle("1.1", more=QUESTION)
    error = refused(here, bundle)
    assert error.message == "1.1 asks: Which region?"
    assert error.hint == f"caretaker upgrade {bundle} --set region=ANSWER"
    with pytest.raises(UsageError, match="none of eu, us"):
        here.upgrade(bundle, answers={"region": "mars"})
    with pytest.raises(UsageError, match='did you mean "region"'):
        here.upgrade(bundle, answers={"regoin": "eu"})
    assert not here.layout.settings.exists()
    here.upgrade(bundle, answers={"region": "eu"})
    assert read_settings(here.now().manifest, here.layout) == {"region": "eu"}


def test_the_old_version_lives_with_the_new_one_s_answers(here: Shop) -> None:
    here.upgrade(here.bundle("1.1", more=QUESTION), answers={"region": "eu"})
    here.back()
    assert here.active.version == "1.0"
    assert read_settings(here.now().manifest, here.layout) == {}
    # And they are there again when it comes back; only another answer is not taken.
    again = here.bundle("1.2", more=QUESTION)
    with pytest.raises(UsageError, match="answered before"):
        here.upgrade(again, answers={"region": "us"})
    here.upgrade(again)
    assert read_settings(here.now().manifest, here.layout) == {"region": "eu"}


def test_too_little_room_is_told_before_anything_is_stopped(
    here: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = here.bundle("1.1")
    small = replace(ROOMY, free=1 << 20)
    monkeypatch.setattr(here.scene.host.facts, "file_system", lambda path: small)
    error = refused(here, bundle)
    assert (error.code, error.exit_status) == ("disk-short", 4)
    assert "MB are free" in error.message
    assert here.machine.said == []


def test_preflight_is_part_of_both(here: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = here.bundle("1.1")
    seen = [
        (FROZEN, failed("frozen", "held still by a snapshot")),
        (DISK_CHECKS, warned("disk-trouble", "fills up")),
    ]
    monkeypatch.setattr(preflight, "look", lambda *_, **__: seen)
    plan = planned(here, bundle)
    assert [each.code for each in plan.refusals] == ["preflight-failed"]
    assert plan.warnings == ("Disks that fill up: fills up",)
    error = refused(here, bundle)
    assert isinstance(error, MachineError)
    assert error.message == "Held still for a snapshot: held still by a snapshot"
    assert "caretaker thaw" in error.hint


def test_migrations_are_in_the_plan_and_run_on_the_clone(
    here: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = here.bundle("1.1", migrations=True)
    plan = planned(here, bundle)
    assert plan.migrations == ("0001-first",)
    assert "migrate-0001" in [step.code for step in plan.steps]
    ran: list[tuple[Path, str]] = []

    def migrate(draft: object, release: Path, **_: object) -> list[object]:
        data = draft.data  # type: ignore[attr-defined]  # agent.change.change.Draft
        ran.append((release, (data / "rows").read_text()))
        (data / "rows").write_text("v1.1")
        return []

    monkeypatch.setattr(upgrade, "migrate", migrate)
    here.upgrade(bundle)
    assert [text for _, text in ran] == ["v1.0"]
    assert (here.layout.data / "rows").read_text() == "v1.1"
    assert (here.layout.generations / "1/rows").read_text() == "v1.0"


def test_a_database_elsewhere_is_not_migrated_without_a_way_back(
    here: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = '[migrations.0001-first]\nstores = ["database"]\n'
    more = (
        '[database]\nengine = "postgres"\nservice = "web"\nname = "shop"\nuser = "shop"\n'
        '[services.web]\ncommand = ["x"]\n'
    )
    bundle = here.bundle("1.1", migrations=True, toml=declared, more=more)
    assert not planned(here, bundle).refusals
    url = "postgresql://shop:x@127.0.0.1/shop"
    (here.deployments.folder(1) / "database.json").write_text(f'{{"url": "{url}"}}')
    monkeypatch.setattr(offer, "may_copy", lambda url: False)
    error = refused(here, bundle)
    assert error.code == "database-failed"
    assert "caretaker database move" in error.hint
    monkeypatch.setattr(offer, "may_copy", lambda url: True)
    plan = planned(here, bundle)
    assert not plan.refusals
    copied = next(step for step in plan.steps if step.code == "database")
    assert copied.title == "have 127.0.0.1/shop copied by its server"


def test_what_may_not_be_read_is_an_error_for_people(
    here: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(self: Deployments, number: int) -> str:
        raise FileFailure(Path("database.json"), "read", "Permission denied")

    bundle = here.bundle("1.1")
    monkeypatch.setattr(Deployments, "database_url", closed)
    with pytest.raises(MachineError, match="Permission denied") as caught:
        planned(here, bundle)
    assert (caught.value.code, caught.value.hint) == ("file-unreadable", "run it as root")


def test_a_failure_leaves_the_old_one_running(here: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> list[object]:
        raise MachineError("migration-failed", "0001-first failed", hint="caretaker ledger")

    monkeypatch.setattr(upgrade, "migrate", broken)
    with pytest.raises(CaretakerError) as caught:
        here.upgrade(here.bundle("1.1"))
    assert caught.value.exit_status == 8
    assert here.active.version == "1.0"
    assert here.machine.running == here.machine.on_disk()
    assert sorted(path.name for path in here.layout.generations.iterdir()) == ["1"]


def test_enough_is_free_by_default(here: Shop) -> None:
    room = planned(here, here.bundle("1.1")).rooms[0]
    assert room.free == 20 * GIB
    assert not room.short
