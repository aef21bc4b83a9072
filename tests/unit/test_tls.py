"""A generated pair is right, is put in place as one act, and is replaced only for a reason."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import MachineError
from agent.layout import Layout
from agent.manifest.model import Certificate
from agent.tls import placing
from agent.tls.authority import make_authority, make_leaf
from agent.tls.pair import Wanted, make, why_replace

NAMES = ["shop.example", "10.0.0.7", "::1"]


def wanted(root: Path, now: float, *, names: list[str] | None = None) -> Wanted:
    return Wanted(Layout(root, "shop"), "main", Certificate(), names or NAMES, now)


def now() -> float:
    from agent.host.clock import Clock

    return Clock().wall()


def test_a_fresh_pair_is_good_and_stays(tmp_path: Path) -> None:
    want = wanted(tmp_path, now())
    assert why_replace(want) == "there is none yet"
    folder = make(want)
    assert why_replace(want) == ""
    assert (want.home / "current").resolve() == folder
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert placing.prove(folder, "10.0.0.7") == ""


def test_a_new_pair_keeps_the_authority_and_the_old_pair(tmp_path: Path) -> None:
    want = wanted(tmp_path, now())
    first, second = make(want), make(want)
    assert first != second
    assert first.exists()
    assert (first / "ca.pem").read_bytes() == (second / "ca.pem").read_bytes()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: (f / "cert.pem").write_bytes(b""), "can't be read"),
        (lambda f: (f / "key.pem").write_bytes(b""), ""),
        (lambda f: (f / "key.pem").unlink(), "No such file"),
        (lambda f: (f / "ca.pem").write_bytes(make_authority("x", now=now()).certificate), ""),
    ],
)
def test_a_damaged_pair_is_replaced(tmp_path: Path, damage: object, reason: str) -> None:
    assert callable(damage)
    want = wanted(tmp_path, now())
    damage(make(want))
    why = why_replace(want)
    assert why
    assert reason in why
    make(want)
    assert why_replace(want) == ""


def test_a_new_host_name_is_a_reason(tmp_path: Path) -> None:
    make(wanted(tmp_path, now()))
    again = wanted(tmp_path, now(), names=[*NAMES, "clone.example"])
    assert why_replace(again) == "it is not valid for clone.example"


def test_two_thirds_of_its_life_are_a_reason_and_a_clock_behind_is_none(tmp_path: Path) -> None:
    start = now()
    make(wanted(tmp_path, start))
    days = 86400
    assert why_replace(wanted(tmp_path, start + 264 * days)) == ""
    assert why_replace(wanted(tmp_path, start + 266 * days)) == "two thirds of its life are over"
    assert why_replace(wanted(tmp_path, 0.0)) == ""


def test_a_customers_pair_is_never_replaced(tmp_path: Path) -> None:
    folder = make(wanted(tmp_path, now()))
    (folder / placing.CUSTOMER_MARK).touch()
    (folder / "cert.pem").write_bytes(b"")
    assert why_replace(wanted(tmp_path, now())) == ""


def test_a_pair_that_fails_its_handshake_never_comes_into_use(tmp_path: Path) -> None:
    good = make(wanted(tmp_path, now()))
    authority = make_authority("shop", now=now())
    other = make_authority("other", now=now())
    bad = make_leaf(authority, NAMES, now=now(), days=5)
    home = wanted(tmp_path, now()).home
    with pytest.raises(MachineError) as caught:
        placing.place(home, bad, other.certificate, placing.OURS_ALONE, server_name=NAMES[0])
    assert caught.value.code == "certificate-invalid"
    assert (home / "current").resolve() == good


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(["a.example", "_x", "fe80::1", "", "a.example", "10.1.1.1"])))
def test_names_are_usable_and_each_once(declared: list[str]) -> None:
    names = placing.names_of_machine("vm_1", ["10.1.1.1", "fe80::2"], declared)
    assert len(names) == len(set(names))
    assert not {"_x", "", "vm_1", "fe80::1", "fe80::2"} & set(names)
    assert "localhost" in names
