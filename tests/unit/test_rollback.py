"""Going back: where to, what it loses, and what it asks of a person."""

import time
from pathlib import Path

import msgspec
import pytest

from agent.change.request import RollbackRequest
from agent.deployment import Deployments
from agent.errors import CaretakerError, MachineError, RefusedError
from agent.host import trees
from agent.progress import Silent
from agent.upgrade.listing import rows, spare
from agent.upgrade.plan import Plan
from agent.upgrade.rollback import plan_rollback, prepare_rollback
from bench.bundles.vendor import Vendor, open_vendor
from tests.unit.upgrade_world import Shop, newest, shop

DAY = 86400.0


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Vendor:
    return open_vendor(tmp_path_factory.mktemp("vendor") / "shop")


@pytest.fixture
def here(root: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return shop(root, vendor, monkeypatch)


def planned(here: Shop, **more: object) -> Plan:
    return plan_rollback(here.now(), RollbackRequest(**more))  # type: ignore[arg-type]  # by name


def refused(here: Shop, **more: object) -> CaretakerError:
    request = RollbackRequest(**more)  # type: ignore[arg-type]  # by name
    with pytest.raises(CaretakerError) as caught:
        prepare_rollback(here.now(), request, Silent())
    assert caught.value.hint
    return caught.value


def upgraded(here: Shop, version: str) -> None:
    here.upgrade(here.bundle(version))
    # The kernel dates changes by its own clock: from here on it is later than the clones.
    here.clock.now = newest(here.layout) + 0.001
    deployments = Deployments(here.layout, here.clock)
    record = deployments.record()
    found = record.load()
    assert found is not None
    record.save(msgspec.structs.replace(found, created=here.clock.now, committed=here.clock.now))


def written(here: Shop, name: str, text: str) -> None:
    """Written later than the deployment was made, by the kernel's clock, which has a grain."""
    path = here.layout.data / name
    path.write_text(text)
    while path.stat().st_ctime <= here.active.created:
        time.sleep(0.002)
        path.write_text(text)


def test_nothing_written_nothing_lost(here: Shop) -> None:
    upgraded(here, "1.1")
    plan = planned(here)
    assert plan.title == "Shop: back from 1.1 to 1.0"
    assert (plan.number, plan.back, plan.nothing) == (1, 2, False)
    assert plan.loss is not None
    assert plan.loss.nothing
    assert [step.code for step in plan.steps] == [
        "stop", "flip", "settle", "start", "gate", "commit",
    ]  # fmt: skip
    here.back()
    assert here.active.version == "1.0"
    assert (here.layout.data / "rows").read_text() == "v1.0"


def test_what_is_lost_is_counted_and_kept(here: Shop) -> None:
    upgraded(here, "1.1")
    written(here, "order", "sold")
    plan = planned(here)
    assert plan.loss is not None
    assert (plan.loss.files, plan.loss.size) == (1, 4)
    assert plan.refusals == ()
    here.back()
    assert not (here.layout.data / "order").exists()
    assert (here.layout.generations / "2/order").read_text() == "sold"
    assert [(each.number, each.standing) for each in rows(here.deployments)] == [
        (2, "abandoned"), (1, "active"),
    ]  # fmt: skip


def test_after_the_grace_it_takes_a_word(here: Shop) -> None:
    upgraded(here, "1.1")
    here.clock.advance(2 * DAY)
    assert planned(here).refusals == ()  # Nothing was written: nothing can be lost.
    written(here, "order", "sold")
    error = refused(here)
    assert isinstance(error, RefusedError)
    assert (error.code, error.exit_status) == ("data-loss", 7)
    assert "1 files were written to since 1.1 came into use" in error.message
    assert error.hint.endswith("caretaker rollback --accept-data-loss")
    here.back(accept_data_loss=True)
    assert here.active.version == "1.0"


def test_further_back_counts_every_version_between(here: Shop) -> None:
    upgraded(here, "1.1")
    written(here, "first", "1.1")
    upgraded(here, "1.2")
    written(here, "second", "1.2")
    plan = planned(here, to=1)
    assert plan.loss is not None
    assert plan.loss.files == 2
    assert plan.version == "1.0"
    here.clock.advance(2 * DAY)
    assert refused(here, to=1).hint.endswith("caretaker rollback --to 1 --accept-data-loss")


def test_forward_again_to_what_was_gone_back_from(here: Shop) -> None:
    upgraded(here, "1.1")
    here.back()
    plan = planned(here, to=2)
    assert plan.title == "Shop: forward from 1.0 to 1.1"
    assert "gone back from before" in plan.warnings[0]
    here.back(to=2)
    assert here.active.version == "1.1"


def test_where_there_is_nothing_to_go_back_to(here: Shop) -> None:
    error = refused(here)
    assert (error.code, error.message) == ("release-unknown", "no version before 1.0 is here")


@pytest.mark.parametrize("number", [0, 7, 999])
def test_an_unknown_one_is_told_with_those_there_are(here: Shop, number: int) -> None:
    upgraded(here, "1.1")
    error = refused(here, to=number)
    assert isinstance(error, MachineError)
    assert error.code == "release-unknown"
    assert "is not here; to choose from: 1 (1.0, previous)" in error.message


@pytest.mark.parametrize("gone", ["generations/1", "release"])
def test_half_a_deployment_is_not_gone_back_to(here: Shop, gone: str) -> None:
    upgraded(here, "1.1")
    first = here.deployments.find(1)
    assert first is not None
    if gone == "release":
        trees.remove(here.layout.releases / first.release)
    else:
        trees.remove(here.layout.data_home / gone)
    error = refused(here)
    assert error.code == "release-unknown"
    assert "deployment 1 is not whole" in error.message


def test_the_active_one_is_nothing_to_do(here: Shop) -> None:
    upgraded(here, "1.1")
    assert planned(here, to=2).nothing
    assert refused(here, to=2).message == "deployment 2 is active already"


def test_the_plan_writes_nothing(here: Shop) -> None:
    upgraded(here, "1.1")
    written(here, "order", "sold")

    def seen() -> set[tuple[str, int, int]]:
        return {
            (str(path), path.lstat().st_ino, path.lstat().st_ctime_ns)
            for path in here.layout.root.rglob("*")
        }

    before = seen()
    planned(here)
    assert seen() == before


def test_a_database_elsewhere_is_told(here: Shop) -> None:
    upgraded(here, "1.1")
    for number in (1, 2):
        file = here.deployments.folder(number) / "database.json"
        file.write_text('{"url": "postgresql://shop:x@db/shop"}')
    assert "stays as it is" in planned(here).warnings[0]
    file.write_text('{"url": "postgresql://shop:x@db/shop_2"}')
    assert "goes back to where that deployment had it" in planned(here).warnings[0]


def test_the_list(here: Shop) -> None:
    upgraded(here, "1.1")
    here.bundle("1.2")
    (here.layout.releases / "1.3-cccccccccccc").mkdir()
    (here.layout.releases / "1.4-dddddddddddd.part").mkdir()
    found = rows(here.deployments)
    assert [(each.number, each.version, each.standing) for each in found] == [
        (2, "1.1", "active"), (1, "1.0", "previous"),
    ]  # fmt: skip
    assert [each.size for each in found] == [4, 4]
    assert [each.version for each in spare(here.layout, found)] == ["1.3"]
