"""The judgement before anything runs: stores compared, order kept. Without a single store."""

import pytest

from agent.errors import RefusedError
from agent.migrations.marks import Mark, agreed, changed_since, mark_of, to_do
from agent.release.record import MigrationRecord

ONE, TWO, THREE = Mark(1, "a"), Mark(2, "b"), Mark(3, "c", version="3.0")


def record(number: int, name: str, *requires: int, up: str = "x") -> MigrationRecord:
    return MigrationRecord(number, name, ("files",), {"up.py": up, "verify.py": "y"}, requires)


def test_nothing_was_ever_migrated_so_the_data_is_as_its_release_made_it() -> None:
    assert agreed({"files": (), "books": ()}, (ONE, TWO)) == (ONE, TWO)


def test_stores_that_agree() -> None:
    assert agreed({"files": (ONE,), "books": (ONE,)}, (ONE,)) == (ONE,)


def test_a_store_that_is_new_need_not_say_anything() -> None:
    assert agreed({"files": (ONE,), "cache": None}, (ONE,)) == (ONE,)


@pytest.mark.parametrize(
    ("stores", "release", "said"),
    [
        ({"files": (ONE,), "books": ()}, (ONE,), "files carries the migration 0001-a, books"),
        ({"files": (), "books": (ONE,)}, (ONE,), "files carries no migration at all"),
        ({"files": (ONE,), "books": (ONE, TWO)}, (ONE, TWO), "books carries the migration 0002-b"),
        ({"files": (ONE, TWO), "books": (ONE, Mark(2, "z"))}, (ONE, TWO), "do not belong together"),
        ({"files": (ONE, THREE)}, (ONE,), "ahead of the release that runs.*came with 3.0"),
        ({"files": (ONE,)}, (ONE, TWO), "behind the release that runs: files lacks.*0002-b"),
        ({"files": (ONE, Mark(2, "z"), THREE)}, (ONE, THREE, TWO), "behind"),
    ],
)
def test_stores_that_do_not_fit(
    stores: dict[str, tuple[Mark, ...]], release: tuple[Mark, ...], said: str
) -> None:
    with pytest.raises(RefusedError, match=said) as caught:
        agreed(stores, release)
    assert caught.value.hint


def test_an_older_history_may_be_left_out_of_a_release() -> None:
    assert agreed({"files": (ONE, TWO)}, (TWO,)) == (ONE, TWO)


def test_what_is_to_do() -> None:
    records = (record(1, "a"), record(2, "b"), record(4, "d", 2))
    assert [each.number for each in to_do(records, (ONE,))] == [2, 4]
    assert to_do(records[:1], (ONE,)) == ()


@pytest.mark.parametrize(
    ("records", "applied", "said"),
    [
        (
            (record(1, "a"), record(2, "b"), record(3, "c")),
            (ONE, THREE),
            "0002-b was never applied",
        ),
        ((record(1, "other"),), (ONE,), "0001-other where 0001-a was applied"),
        ((record(5, "e"),), (ONE,), "begins with 0005-e.*0001-a is the last"),
        ((record(1, "a"), record(3, "c", 2)), (ONE,), "requires 0002"),
    ],
)
def test_out_of_order_is_refused(
    records: tuple[MigrationRecord, ...], applied: tuple[Mark, ...], said: str
) -> None:
    with pytest.raises(RefusedError, match=said) as caught:
        to_do(records, applied)
    assert "vendor" in caught.value.hint


def test_a_gap_that_is_meant() -> None:
    assert to_do((record(5, "e", 1),), (ONE,))
    assert to_do((record(10, "first"),), ())


def test_an_edited_one_is_told_and_not_run_again() -> None:
    applied = (mark_of(record(1, "a"), "1", 0.0), TWO)
    assert changed_since((record(1, "a"), record(2, "b")), applied) == ()
    assert changed_since((record(1, "a", up="edited"),), applied) == ("0001-a",)
