"""The catalogue: promotion in order, by signature, and only for what passed."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.errors import CaretakerError, MachineError, RefusedError
from packer.catalogue import at_hand, promoting
from packer.catalogue.entry import Entry, Stage
from packer.catalogue.store import Catalogue
from packer.cli import image_add, image_list, image_promote, image_show
from packer.signing.signer import Signer
from tests.unit.image_course import a_finished_build, a_key


def promoted(store: Catalogue, stage: Stage, key: Signer) -> Entry:
    entry = store.find("abc")
    store.promoted(promoting.promote(entry, stage, key, now=1.0, who="me", why="tried"))
    return store.find("abc")


def test_it_goes_from_dev_to_qa_to_prod(tmp_path: Path) -> None:
    key = a_key(tmp_path)
    store, entry = a_finished_build(tmp_path, key)
    assert entry.stage == "dev"
    assert promoted(store, "qa", key).stage == "qa"
    entry = promoted(store, "prod", key)
    assert entry.stage == "prod"
    assert all(promoting.accepted(each, key.public) for each in entry.promotions)
    assert all(promoting.fits(entry, each) for each in entry.promotions)
    with pytest.raises(RefusedError, match="is at prod already"):
        promoted(store, "prod", key)


def test_no_stage_is_left_out(tmp_path: Path) -> None:
    key = a_key(tmp_path)
    store, _ = a_finished_build(tmp_path, key)
    with pytest.raises(RefusedError, match="prod comes after qa"):
        promoted(store, "prod", key)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"good": False}, "2 rules fail"),
        ({"scan": False}, "never scanned"),
        ({"draft": True}, "a draft"),
        ({"result": "failed"}, "it failed"),
        ({"about": "9" * 64}, "another disk"),
    ],
)
def test_what_did_not_pass_is_refused(tmp_path: Path, how: dict[str, bool], words: str) -> None:
    key = a_key(tmp_path)
    store, _ = a_finished_build(tmp_path, key, **how)  # type: ignore[arg-type]  # a table's rows
    with pytest.raises(RefusedError, match=words) as refused:
        promoted(store, "qa", key)
    assert refused.value.code == "image-refused"


@pytest.mark.parametrize("name", ["shop.qcow2", "certify.json", "shop.scan.json", "build.json"])
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_file_that_was_touched_is_refused(tmp_path: Path, name: str, how: str) -> None:
    key = a_key(tmp_path)
    store, _ = a_finished_build(tmp_path, key)
    path = tmp_path / "out" / name
    if how == "gone":
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(CaretakerError):
        promoted(store, "qa", key)
    assert store.find("abc").stage == "dev"


def test_another_key_promotes_nothing(tmp_path: Path) -> None:
    key, other = a_key(tmp_path), a_key(tmp_path, "other.key")
    store, _ = a_finished_build(tmp_path, key)
    with pytest.raises(RefusedError) as refused:
        promoted(store, "qa", other)
    assert refused.value.code == "signature-invalid"


def test_a_promotion_that_somebody_wrote_into_the_file_counts_for_nothing(tmp_path: Path) -> None:
    key, other = a_key(tmp_path), a_key(tmp_path, "other.key")
    store, entry = a_finished_build(tmp_path, key)
    good = promoting.promote(entry, "qa", key, now=1.0, who="me", why="")
    forged = replace(good, signature=other.sign(b"\0" * 32))
    store.promoted(forged)
    with pytest.raises(RefusedError, match="not signed by the key"):
        promoted(store, "prod", key)


def test_a_promotion_of_another_build_does_not_fit(tmp_path: Path) -> None:
    key = a_key(tmp_path)
    _, entry = a_finished_build(tmp_path, key)
    signed = promoting.promote(entry, "qa", key, now=1.0, who="me", why="")
    other = replace(entry, content=entry.content + b" ")
    assert promoting.fits(entry, signed)
    assert not promoting.fits(other, signed)


def test_a_record_can_t_be_replaced_and_a_name_can_t_lead_out(tmp_path: Path) -> None:
    key = a_key(tmp_path)
    store, entry = a_finished_build(tmp_path, key)
    store.add(entry.content, tmp_path / "out")
    with pytest.raises(RefusedError, match="another record"):
        store.add(entry.content.replace(b"tester", b"forger"), tmp_path / "out")
    artefact = entry.record.artefacts[0]
    for name in ("../shop", "/etc/shadow", "a/../../b", "shop\0", ""):
        bad = type(artefact)(artefact.kind, name, 1, "0" * 64)
        with pytest.raises(RefusedError, match="outside its folder"):
            at_hand.place_of(tmp_path, bad)


@pytest.mark.parametrize(
    "forge",
    [
        "UPDATE build SET content = 1099511627776",  # bytes(NUMBER) would be so many zeros
        "UPDATE build SET content = 'text'",
        "UPDATE build SET folder = x'00'",
        "UPDATE build SET folder = '/a' || char(0)",
        "UPDATE promotion SET signature = 7",
        "UPDATE promotion SET key = x'ff'",
        "UPDATE promotion SET content = x'ff'",
    ],
)
def test_a_value_of_another_kind_is_no_record(tmp_path: Path, forge: str) -> None:
    key = a_key(tmp_path)
    store, _ = a_finished_build(tmp_path, key)
    promoted(store, "qa", key)
    with sqlite3.connect(store.path) as db:
        db.execute(forge)
    with pytest.raises(MachineError, match="no record of ours") as error:
        store.listed()
    assert error.value.code == "image-invalid"


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    empty = Catalogue(tmp_path / "none.db")
    assert empty.listed() == []
    with pytest.raises(MachineError) as unknown:
        empty.find("abc")
    assert unknown.value.code == "image-unknown"
    with pytest.raises(MachineError) as invalid:
        empty.add(b"{}", tmp_path)
    assert invalid.value.code == "image-invalid"


def test_list_flags_what_is_old_and_show_prints_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = a_key(tmp_path)
    store, _ = a_finished_build(tmp_path, key)
    promoted(store, "qa", key)
    said = ["--catalogue", str(store.path)]
    later = 1795248000.0 + 91 * 86400
    monkeypatch.setattr("agent.host.clock.Clock.wall", lambda _: later)
    listed = CliRunner().invoke(image_list.command, said)
    assert "older than 90 days" in listed.output
    assert "qa" in listed.output
    as_json = CliRunner().invoke(image_list.command, [*said, "--json"])
    assert json.loads(as_json.output)["old"] is True
    pub = tmp_path / "image.pub"
    shown = CliRunner().invoke(image_show.command, ["abc", *said, "--key", str(pub)])
    assert shown.exit_code == 0, shown.output
    for word in ("0" * 40, "manifest", "shop.qcow2", "good", "verified", "tried"):
        assert word in shown.output


def test_show_refuses_what_does_not_hold(tmp_path: Path) -> None:
    key = a_key(tmp_path)
    store, _ = a_finished_build(tmp_path, key)
    (tmp_path / "out/shop.qcow2").write_bytes(b"b disk")
    said = ["abc", "--catalogue", str(store.path), "--json"]
    shown = CliRunner().invoke(image_show.command, said)
    assert isinstance(shown.exception, RefusedError)
    assert "shop.qcow2 is changed" in shown.exception.message


def test_a_build_that_was_moved_is_found_where_it_was_added_last(tmp_path: Path) -> None:
    store, _ = a_finished_build(tmp_path, a_key(tmp_path))
    (tmp_path / "out").rename(tmp_path / "kept")
    said = [str(tmp_path / "kept"), "--catalogue", str(store.path)]
    added = CliRunner().invoke(image_add.command, said)
    assert str(tmp_path / "kept") in added.output
    as_json = CliRunner().invoke(image_add.command, [*said, "--json"])
    assert json.loads(as_json.output)["folder"] == str(tmp_path / "kept")
    assert [each.found for each in at_hand.look(store.find("abc"))] == ["good"] * 3
    assert len(store.listed()) == 1


def test_promoting_an_old_image_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = a_finished_build(tmp_path, a_key(tmp_path))
    said = ["--key", str(tmp_path / "image.key"), "--catalogue", str(store.path)]
    monkeypatch.setattr("agent.host.clock.Clock.wall", lambda _: 1795248000.0 + 80 * 86400)
    young = CliRunner().invoke(image_promote.command, ["abc", "qa", *said])
    assert "90 days" not in young.output
    monkeypatch.setattr("agent.host.clock.Clock.wall", lambda _: 1795248000.0 + 91 * 86400)
    old = CliRunner().invoke(image_promote.command, ["abc", "prod", *said])
    assert "older than 90 days" in old.stderr
    assert "is at prod" in old.stdout
