"""A generated pair is right, is put in place as one act, and is replaced only for a reason."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import MachineError
from agent.tls import judging, placing
from agent.tls.authority import make_authority, make_leaf
from agent.tls.inspect import inspect
from agent.tls.names import names_of_machine
from agent.tls.pair import make, why_replace
from agent.tls.placing import Issued
from agent.tls.rights import OURS_ALONE, PARTS
from tests.unit.tls_stage import NAMES, now, wanted


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
        (lambda f: (f / "cert.pem").write_bytes(b""), "cert.pem is empty"),
        (lambda f: (f / "cert.pem").write_bytes(b"\0" * 900), "cert.pem is empty"),
        (lambda f: (f / "key.pem").write_bytes(b""), "key.pem is empty"),
        (lambda f: (f / "key.pem").unlink(), "key.pem is not there"),
        (lambda f: (f / "chain.pem").unlink(), "chain.pem is not there"),
        (lambda f: (f / "ca.pem").write_bytes(b"x"), "no certificate that can be read"),
        (lambda f: os.truncate(f / "key.pem", 100), "can't be read as a key"),
        (lambda f: os.truncate(f / "cert.pem", 300), "no certificate that can be read"),
        (lambda f: f.rename(f.with_name("gone")), "which is not there"),
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


@settings(max_examples=60)
@given(
    st.sampled_from(PARTS),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_whatever_a_file_holds_is_judged_and_never_breaks(
    tmp_path_factory: pytest.TempPathFactory, part: str, changes: list[tuple[int, int]]
) -> None:
    want = wanted(tmp_path_factory.mktemp("fuzz"), now())
    folder = make(want)
    path = folder / part
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    path.write_bytes(bytes(content))
    trouble = judging.decide(want)
    inspect(path.read_bytes(), folder / "key.pem", folder / "chain.pem")
    assert trouble is None or trouble.code.startswith("certificate-")
    if trouble:
        make(want)
    assert judging.decide(want) is None


def test_a_new_host_name_is_a_reason(tmp_path: Path) -> None:
    make(wanted(tmp_path, now()))
    again = wanted(tmp_path, now(), names=[*NAMES, "clone.example"])
    assert why_replace(again) == "it is not valid for clone.example"


def test_a_customers_pair_is_never_replaced(tmp_path: Path) -> None:
    folder = make(wanted(tmp_path, now()))
    (folder / placing.CUSTOMER_MARK).touch()
    (folder / "cert.pem").write_bytes(b"")
    assert why_replace(wanted(tmp_path, now())) == ""


def test_a_pair_that_fails_its_handshake_never_comes_into_use(tmp_path: Path) -> None:
    good = make(wanted(tmp_path, now()))
    authority, other = make_authority("shop", now=now()), make_authority("other", now=now())
    leaf = make_leaf(authority, NAMES, now=now(), days=5)
    bad = Issued(leaf.serial, leaf.key, leaf.certificate, leaf.certificate, other.certificate)
    home = wanted(tmp_path, now()).home
    with pytest.raises(MachineError) as caught:
        placing.write(home, bad, OURS_ALONE, server_name=NAMES[0])
    assert caught.value.code == "certificate-invalid"
    assert (home / "current").resolve() == good
    assert not (home / leaf.serial).exists()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(["a.example", "_x", "fe80::1", "", "a.example", "10.1.1.1"])))
def test_names_are_usable_and_each_once(declared: list[str]) -> None:
    names = names_of_machine("vm_1", ["10.1.1.1", "fe80::2"], declared)
    assert len(names) == len(set(names))
    assert not {"_x", "", "vm_1", "fe80::1", "fe80::2"} & set(names)
    assert "localhost" in names
