"""The course of a change: forward, called off, and back."""

from pathlib import Path
from typing import Any

import pytest

from agent.change.change import Draft
from agent.errors import MachineError, RolledBackError
from agent.ledger import read_ledgers
from tests.unit.change_world import World, text_of, world


@pytest.fixture
def there(root: Path) -> World:
    return world(root)


def entries(there: World) -> list[tuple[str, str]]:
    found = read_ledgers([there.scene.layout.ledger])
    return [(entry.act, entry.outcome) for entry in found]


def test_forward(there: World) -> None:
    outcome = there.carry_out()
    assert (outcome.changed, outcome.deployment, outcome.version, outcome.before) == (
        True, 2, "1.1", 1,
    )  # fmt: skip
    assert there.complaints() == []
    assert there.machine.said == [
        "keep_away", "stop", "settle", "start", "judge", "let_come",
    ]  # fmt: skip
    assert entries(there) == [
        ("upgrade", "begun"), ("upgrade flip", "done"), ("upgrade gate", "done"),
        ("upgrade", "done"),
    ]  # fmt: skip
    listed = there.deployments.listed()
    standing = [(each.deployment.number, each.standing) for each in listed]
    assert standing == [(2, "active"), (1, "previous")]
    assert listed[0].deployment.committed
    assert there.deployments.manifest(1) == text_of("1.0")  # one of setup's had none
    assert there.deployments.manifest(2) == text_of("1.1")


def test_a_new_version_that_never_gets_healthy_is_gone_back_from(there: World) -> None:
    there.machine.bad.add("1.1")
    with pytest.raises(RolledBackError, match=r"web: refuses connections; 1\.0 runs again") as told:
        there.carry_out()
    assert (told.value.code, told.value.exit_status) == ("rolled-back", 8)
    assert there.complaints() == []
    standing = [(each.deployment.number, each.standing) for each in there.deployments.listed()]
    assert standing == [(2, "abandoned"), (1, "active")]
    assert (there.scene.layout.generations / "2/rows").read_text() == "v1.1"  # for export
    assert ("upgrade back", "begun") in entries(there)
    assert entries(there)[-1] == ("upgrade", "rolled-back")
    back = next(e for e in read_ledgers([there.scene.layout.ledger]) if e.act == "upgrade back")
    assert back.detail["web"] == "panic"
    there.machine.bad.clear()
    assert there.carry_out().deployment == 3  # the number of an abandoned one is never used again
    assert there.complaints() == []


def test_neither_gets_healthy(there: World) -> None:
    there.machine.bad |= {"1.0", "1.1"}
    with pytest.raises(RolledBackError, match="runs again, and is not healthy either: web"):
        there.carry_out()
    assert there.complaints() == []


def failing(draft: Draft) -> None:
    draft.data.mkdir()
    (draft.data / "half").write_text("x")
    raise MachineError("disk-short", "no room for 3 GB", hint="df -h")


def test_data_that_can_not_be_made_calls_it_off(there: World) -> None:
    with pytest.raises(RolledBackError, match="no room for 3 GB; nothing was changed") as told:
        there.carry_out(there.change(make=failing))
    assert (told.value.code, told.value.hint) == ("disk-short", "df -h")
    assert there.complaints() == []
    assert entries(there)[-1] == ("upgrade", "failed")


def test_what_a_program_said_last_stands_below_what_came_of_it(there: World) -> None:
    def said(draft: Draft) -> None:
        raise MachineError("migration-failed", "0001-a failed\n  | out of memory", hint="x")

    with pytest.raises(RolledBackError) as told:
        there.carry_out(there.change(make=said))
    first, second = told.value.message.split("\n")
    assert first.endswith("0001-a failed; nothing was changed, 1.0 runs again")
    assert second == "  | out of memory"


@pytest.mark.parametrize("step", ["stop", "settle", "start", "judge"])
def test_a_step_that_fails_is_gone_back_from(there: World, step: str) -> None:
    failed: list[str] = []

    def once(name: str) -> None:
        if name == step and not failed:
            failed.append(name)
            raise MachineError("service-failed", "systemd gives no answer")

    there.machine.reached = once
    with pytest.raises(RolledBackError, match="systemd gives no answer"):
        there.carry_out()
    assert there.complaints() == []


def test_a_rollback_marks_what_it_came_from(there: World) -> None:
    there.carry_out()
    outcome = there.carry_out(there.back())
    assert (outcome.changed, outcome.deployment, outcome.version) == (True, 1, "1.0")
    assert there.complaints() == []
    standing = [(each.deployment.number, each.standing) for each in there.deployments.listed()]
    assert standing == [(2, "abandoned"), (1, "active")]


def test_a_rollback_that_fails_leaves_both_as_they_were(there: World) -> None:
    there.carry_out()
    there.machine.bad.add("1.0")
    with pytest.raises(RolledBackError, match=r"1\.1 runs again"):
        there.carry_out(there.back())
    assert there.complaints() == []
    standing = [(each.deployment.number, each.standing) for each in there.deployments.listed()]
    assert standing == [(2, "active"), (1, "previous")]


@pytest.mark.parametrize("more", [{"release": "1.1-cccccccccccc"}, {"number": 7}, {"number": 1}])
def test_what_is_not_there_stops_nothing(there: World, more: dict[str, Any]) -> None:
    with pytest.raises(MachineError) as told:
        there.carry_out(there.change(**more))
    assert told.value.code == "release-unknown"
    assert there.machine.said == []
    assert there.pending() is None


def test_a_database_elsewhere_is_kept_from_strangers(there: World) -> None:
    there.carry_out(there.change(database_url="postgresql://shop:secret@db/shop"))
    assert there.deployments.database_url(2) == "postgresql://shop:secret@db/shop"
    assert there.deployments.database_url(1) == ""
    file = there.scene.layout.deployments / "2/database.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "secret" not in there.scene.layout.change.read_text()


def test_the_draft_speaks_of_the_new_data_and_release(there: World) -> None:
    seen: dict[str, str] = {}

    def make(draft: Draft) -> None:
        seen.update(draft.scene.values.paths)
        seen["version"] = draft.scene.manifest.appliance.version
        draft.told["how"] = "snapshot"
        draft.data.mkdir()
        (draft.data / "rows").write_text("v1.1")

    outcome = there.carry_out(there.change(make=make))
    layout = there.scene.layout
    assert seen["data"] == str(layout.generations / "2.part")
    assert seen["release"] == str(layout.releases / "1.1-bbbbbbbbbbbb")
    assert (seen["version"], outcome.how) == ("1.1", "snapshot")
