"""A wrong clock neither ruins a good pair nor leaves the machine without one, and never loops."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.tls import judging, placing
from agent.tls.dates import renewal_at
from agent.tls.memory import recall, remember
from agent.tls.moment import CLOCK_FLOOR, Moment, trust
from agent.tls.pair import make, why_replace
from agent.tls.wanted import Wanted
from tests.unit.tls_stage import DAY, HOUR, again, wanted

START = 1795248000.0  # 2026-11-21T08:00:00Z
YEAR = 365 * DAY


def leaf_of(want: Wanted) -> x509.Certificate:
    folder = placing.in_use(want.home)
    assert folder is not None
    seen = judging.read(folder)
    assert isinstance(seen, judging.Seen)
    return seen.leaf


def span_of(want: Wanted) -> tuple[float, float]:
    leaf = leaf_of(want)
    return leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()


def code_of(want: Wanted) -> str:
    trouble = judging.decide(want)
    return trouble.code if trouble else ""


def refused(want: Wanted) -> str:
    trouble = judging.decide(want)
    return trouble.refusal if trouble else ""


def runs(want: Wanted, times: int = 5, *, later: float = 60.0) -> int:
    """Pairs that so many runs of the remedy would make, a minute apart."""
    made = 0
    for _ in range(times):
        want = again(want, later=later)
        if why_replace(want):
            make(want)
            made += 1
    return made


@pytest.mark.parametrize(
    ("days", "share"), [(397, 2 / 3), (825, 2 / 3), (90, 2 / 3), (60, 0.5), (59, 2 / 3), (1, 2 / 3)]
)
def test_a_pair_is_renewed_at_two_thirds_or_thirty_days_and_never_when_fresh(
    tmp_path: Path, days: int, share: float
) -> None:
    first = wanted(tmp_path, START, days=days)
    make(first)
    begins, ends = span_of(first)
    assert renewal_at(begins, ends) == pytest.approx(begins + share * days * DAY)
    assert runs(first) == 0
    just_before = renewal_at(begins, ends) - 1
    assert not why_replace(wanted(tmp_path, just_before, days=days, boot="two"))
    after = wanted(tmp_path, just_before + 2, days=days, boot="two")
    assert code_of(after) == "certificate-expiring"
    assert runs(after, later=0) == 1


def test_boot_in_1970_with_a_valid_pair_leaves_it_alone(tmp_path: Path) -> None:
    make(wanted(tmp_path, START))
    early = wanted(tmp_path, 90.0, boot="two")
    assert code_of(early) == "certificate-early"
    assert "this program is younger" in refused(early)
    assert runs(early) == 0
    assert runs(wanted(tmp_path, 90.0, boot="two", booting=True)) == 0
    # Not even a time service that says so is believed.
    assert runs(wanted(tmp_path, 90.0, synchronised=True)) == 0
    assert code_of(wanted(tmp_path, START + DAY, boot="two")) == ""


def test_boot_in_1970_without_a_pair_makes_one_that_serves_once_the_clock_is_right(
    tmp_path: Path,
) -> None:
    early = wanted(tmp_path, 90.0, booting=True)
    make(early)
    begins, ends = span_of(early)
    assert begins <= CLOCK_FLOOR
    assert ends > START + 5 * YEAR
    assert runs(early) == 0
    # A time service sets the clock: at once a pair with honest dates, and one only.
    right = wanted(tmp_path, START, synchronised=True)
    assert code_of(right) == "certificate-provisional"
    assert runs(right) == 1
    begins, ends = span_of(right)
    assert (ends - begins) / DAY == pytest.approx(397)
    assert begins == pytest.approx(START, abs=2 * HOUR)


def test_a_clock_set_by_hand_is_believed_at_the_next_boot_or_hours_later(tmp_path: Path) -> None:
    make(wanted(tmp_path, 90.0))
    assert runs(wanted(tmp_path, START)) == 0
    assert why_replace(wanted(tmp_path, START, boot="two"))
    assert why_replace(wanted(tmp_path, START, monotonic=9000 + 7 * HOUR))


def test_ten_years_ahead_and_back_changes_nothing(tmp_path: Path) -> None:
    make(wanted(tmp_path, START))
    before = leaf_of(wanted(tmp_path, START))
    ahead = wanted(tmp_path, START + 10 * YEAR, boot="two")
    assert code_of(ahead) == "certificate-expired"
    assert "years after all that is known" in refused(ahead)
    assert runs(ahead) == 0
    back = wanted(tmp_path, START + 2 * DAY, boot="three")
    assert code_of(back) == ""
    assert leaf_of(back) == before


def test_what_is_needed_ten_years_ahead_serves_then_and_now(tmp_path: Path) -> None:
    make(wanted(tmp_path, START))
    ahead = wanted(tmp_path, START + 10 * YEAR, boot="two")
    (ahead.home / "current/key.pem").write_bytes(b"")
    assert runs(ahead) == 1
    begins, ends = span_of(ahead)
    assert begins < START
    assert ends > ahead.moment.now
    assert recall(ahead.layout).newest == START  # A clock that is not believed leaves no mark.
    back = wanted(tmp_path, START + 2 * DAY, boot="three")
    assert runs(back) == 1
    assert code_of(again(back)) == ""


def test_ten_years_later_by_a_time_service_is_ten_years_later(tmp_path: Path) -> None:
    make(wanted(tmp_path, START))
    assert runs(wanted(tmp_path, START + 10 * YEAR, synchronised=True, boot="two")) == 1


@pytest.mark.parametrize("synchronised", [True, False])
def test_a_pair_made_a_year_ahead_is_replaced_once_the_clock_is_right(
    tmp_path: Path, *, synchronised: bool
) -> None:
    make(wanted(tmp_path, START))
    ahead = wanted(tmp_path, START + YEAR, boot="two")  # Plausible, and wrong.
    assert runs(ahead) == 1
    right = wanted(tmp_path, START + 3 * DAY, synchronised=synchronised, boot="three")
    assert code_of(right) == "certificate-early"
    booted = replace(right, moment=replace(right.moment, monotonic=5.0))
    if not synchronised:
        assert "has just started" in refused(booted)
        assert runs(booted) == 0
    assert runs(right) == 1
    begins, ends = span_of(right)
    assert begins < right.moment.now < ends
    assert ends > ahead.moment.now or synchronised
    assert runs(again(right, later=DAY)) == 0


def test_a_pair_made_by_a_synchronised_clock_outweighs_one_that_is_not(tmp_path: Path) -> None:
    make(wanted(tmp_path, START, synchronised=True))
    early = wanted(tmp_path, START - 300 * DAY, boot="two")
    assert "vouched for it when the pair was made" in refused(early)
    assert runs(early) == 0


def test_a_date_that_jumps_within_hours_makes_one_pair_not_many(tmp_path: Path) -> None:
    want = wanted(tmp_path, START)
    make(want)
    made = 0
    for number in range(6):
        at = START + (300 * DAY if number % 2 == 0 else 0)
        jumped = wanted(tmp_path, at, monotonic=9000.0 + number * 60)
        if why_replace(jumped):
            make(jumped)
            made += 1
    assert made <= 1


def test_an_authority_that_ends_takes_the_leaf_with_it(tmp_path: Path) -> None:
    make(wanted(tmp_path, START))
    # Years in a cupboard, and a leaf that would still be good.
    late = wanted(tmp_path, START + 3700 * DAY, synchronised=True, boot="two", days=397)
    assert runs(late) == 1
    leaf = leaf_of(late)
    folder = placing.in_use(late.home)
    assert folder is not None
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    assert authority.not_valid_after_utc > leaf.not_valid_after_utc


def test_a_trusted_clock_is_remembered_and_a_wrong_note_is_mended(tmp_path: Path) -> None:
    want = wanted(tmp_path, START)
    remember(want.layout, want.moment)
    assert recall(want.layout).newest == START
    remember(want.layout, replace(want.moment, now=START + 20 * YEAR))
    assert recall(want.layout).newest == START
    remember(want.layout, replace(want.moment, now=START + YEAR))
    remember(want.layout, replace(want.moment, now=START, synchronised=True))
    assert recall(want.layout).newest == START
    want.layout.tls_state.write_bytes(b"\0" * 40)
    assert recall(want.layout).newest == 0.0


def test_a_file_of_the_image_vouches_for_a_later_clock_only(tmp_path: Path) -> None:
    young = Moment(CLOCK_FLOOR + 4 * YEAR, witness=CLOCK_FLOOR + 3 * YEAR)
    assert trust(young) == "plausible"
    assert trust(replace(young, witness=0.0)) == "ahead"
    assert trust(replace(young, now=CLOCK_FLOOR + YEAR)) == "plausible"


moments = st.floats(min_value=0.0, max_value=START + 30 * YEAR)


@settings(max_examples=25)
@given(st.lists(st.tuples(moments, st.booleans()), min_size=1, max_size=4))
def test_whatever_the_clock_did_an_hour_of_runs_makes_one_pair_at_most(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[float, bool]]
) -> None:
    root = tmp_path_factory.mktemp("clock")
    make(wanted(root, START))
    for number, (at, synchronised) in enumerate(steps):
        want = wanted(root, at, synchronised=synchronised, boot=f"boot {number}")
        assert runs(want, times=4, later=15 * 60) <= 1
        assert judging.read(placing.in_use(want.home) or root) is not None
        settled = wanted(root, at, synchronised=True, boot=f"boot {number}")
        if at >= CLOCK_FLOOR:
            runs(settled, times=2, later=1)
            assert code_of(again(settled, later=1)) == ""
