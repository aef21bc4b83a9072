"""Whom an appliance trusts: rotation, what it has seen, age, and what a power cut leaves of it."""

from pathlib import Path

import pytest

from agent.errors import CaretakerError, MachineError, ManifestError, RefusedError
from agent.layout import Layout
from agent.release import ceremony, keys
from agent.release.bundle import open_bundle, open_trusted
from agent.release.trust import trust_in, trust_of
from bench.bundles.shelf import DAY, At
from bench.bundles.vendor import CREATED, NOW, PASSPHRASE, Vendor, appliance, open_vendor
from tests.power_cut import materialise, recording, sweep


@pytest.fixture
def vendor(tmp_path: Path) -> Vendor:
    return open_vendor(tmp_path / "vendor")


@pytest.fixture
def layout(tmp_path: Path, vendor: Vendor) -> Layout:
    return appliance(tmp_path / "root", vendor.keys)


def install(bundle: Path, layout: Layout, *, older: bool = False, at: float = NOW) -> str:
    with open_bundle(bundle, layout, At(at), older=older) as opened:
        opened.stage(layout.releases)
        return opened.record.version


def refusal(bundle: Path, layout: Layout, *, older: bool = False, at: float = NOW) -> str:
    with pytest.raises(RefusedError) as caught:
        install(bundle, layout, older=older, at=at)
    assert caught.value.code == "bundle-refused"
    assert caught.value.hint
    return caught.value.message


def rotated(vendor: Vendor, *replaced: str) -> Vendor:
    new = ceremony.rotate(vendor.keys, replaced, NOW, [PASSPHRASE], PASSPHRASE)
    return Vendor(vendor.folder, new)


def made(vendor: Vendor, version: str, *, toml: str = "", created: int = CREATED) -> Path:
    return vendor.bundle(vendor.source(version, toml=toml, created=created))


def test_an_older_one_takes_a_word_and_the_mark_stays(vendor: Vendor, layout: Layout) -> None:
    old, new = made(vendor, "1.0"), made(vendor, "1.1")
    assert install(new, layout) == "1.1"
    assert "1.1 was accepted here before" in refusal(old, layout)
    assert install(old, layout, older=True) == "1.0"
    assert "1.1 was accepted here before" in refusal(old, layout)
    assert install(new, layout) == "1.1"


def test_opening_writes_nothing(vendor: Vendor, layout: Layout) -> None:
    before = sorted(layout.root.rglob("*"))
    with open_bundle(made(vendor, "1.0"), layout, At()) as bundle:
        assert bundle.record.version == "1.0"
    assert sorted(layout.root.rglob("*")) == before


def test_an_image_without_a_root_says_what_to_do(vendor: Vendor, tmp_path: Path) -> None:
    bare = Layout(tmp_path / "bare", "shop")
    with pytest.raises(ManifestError, match=r"there is no .*root\.json") as caught:
        install(made(vendor, "1.0"), bare)
    assert caught.value.code == "key-invalid"
    assert str(bare.keys / "root.json") in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"signatures":[],"signed":{}}'])
def test_a_spoilt_root_in_the_image(vendor: Vendor, layout: Layout, content: bytes) -> None:
    bundle = made(vendor, "1.0")
    (layout.keys / "root.json").write_bytes(content)
    with pytest.raises(ManifestError, match="is no root of trust"):
        install(bundle, layout)


def test_old_images_follow_every_rotation(vendor: Vendor, layout: Layout, tmp_path: Path) -> None:
    now = vendor
    for replaced in ("targets", "root", "timestamp", "snapshot"):
        now = rotated(now, replaced)
    assert now.keys.root.version == 5
    bundle = made(now, "2.0")
    assert install(bundle, layout) == "2.0"
    for version in (3, 5):
        image = appliance(tmp_path / f"image-{version}", now.keys, version=version)
        assert install(bundle, image) == "2.0"


def test_keys_that_were_replaced_sign_nothing_any_more(vendor: Vendor, layout: Layout) -> None:
    before, stolen = made(vendor, "1.0"), made(vendor, "3.0")
    assert install(before, layout) == "1.0"
    now = rotated(vendor, "targets", "snapshot", "timestamp")
    assert install(made(now, "1.1"), layout) == "1.1"
    assert "signed by enough keys" in refusal(stolen, layout)
    assert "signed by enough keys" in refusal(before, layout, older=True)


def test_a_sequence_out_of_reach_does_not_last_longer_than_the_stolen_key(
    vendor: Vendor, layout: Layout
) -> None:
    assert install(made(vendor, "8999.0"), layout) == "8999.0"
    assert "8999.0 was accepted" in refusal(made(vendor, "1.1"), layout)
    now = rotated(vendor, "targets")
    assert install(made(now, "1.1"), layout) == "1.1"
    assert "1.1 was accepted" in refusal(made(now, "1.0"), layout)


def test_one_key_of_three_makes_no_root(vendor: Vendor) -> None:
    for key in [*(vendor.folder / "keys/private").glob("root-*.key")][1:]:
        key.unlink()
    few = keys.read(vendor.folder / "keys")
    with pytest.raises(ManifestError, match="takes 2 of its 3 keys, and 1 of them"):
        ceremony.rotate(few, ["targets"], NOW, [PASSPHRASE], PASSPHRASE)
    assert keys.read(vendor.folder / "keys").root.version == 1


def test_a_lost_root_key_is_replaced_by_the_other_two(vendor: Vendor, layout: Layout) -> None:
    lost = next((vendor.folder / "keys/private").glob("root-*.key"))
    lost.unlink()
    few = Vendor(vendor.folder, keys.read(vendor.folder / "keys"))
    now = rotated(few, lost.stem)
    assert now.keys.root.version == 2
    assert not any(each.startswith(lost.stem[5:]) for each in now.keys.root.roles["root"].keyids)
    assert install(made(now, "1.0"), layout) == "1.0"


def test_more_than_one_key_may_have_to_sign_a_release(tmp_path: Path) -> None:
    shape = ceremony.Shape(root_keys=1, root_threshold=1, release_keys=3, release_threshold=2)
    vendor = open_vendor(tmp_path / "vendor", shape)
    layout = appliance(tmp_path / "root", vendor.keys)
    next((vendor.folder / "keys/private").glob("targets-*.key")).unlink()
    two = Vendor(vendor.folder, keys.read(vendor.folder / "keys"))
    assert install(made(two, "1.0"), layout) == "1.0"
    next((vendor.folder / "keys/private").glob("targets-*.key")).unlink()
    one = Vendor(vendor.folder, keys.read(vendor.folder / "keys"))
    with pytest.raises(ManifestError, match="targets takes 2 of its 3 keys"):
        made(one, "1.1")


def test_age_is_judged_by_the_latest_time_known(vendor: Vendor, layout: Layout) -> None:
    late = made(vendor, "1.0", toml="valid_days = 30\n")
    assert "ended on 2026-06-27" in refusal(late, layout, at=NOW + 40 * DAY)
    # A clock that is far behind does not make it fresh again, once something newer was seen.
    assert install(made(vendor, "0.9", created=CREATED + 60 * DAY), layout, at=0) == "0.9"
    assert "ended on" in refusal(late, layout, at=0)
    # An admin who knows of none newer may say so.
    with open_bundle(late, layout, At(0), expired=True) as bundle:
        assert bundle.stage(layout.releases).is_dir()


def test_a_clock_far_ahead_is_not_remembered(vendor: Vendor, layout: Layout) -> None:
    with open_bundle(made(vendor, "1.0"), layout, At(NOW + 9999 * DAY), expired=True) as bundle:
        bundle.stage(layout.releases)
    assert install(made(vendor, "1.1"), layout) == "1.1"


def test_either_copy_of_the_marks_may_be_lost(vendor: Vendor, layout: Layout) -> None:
    old, new = made(vendor, "1.0"), made(vendor, "1.1")
    install(new, layout)
    for name in ("marks.json", "marks.copy.json"):
        for spoilt in (b"", b"{", b'{"root": -1, "apps": 3}', None):
            whole = (layout.trust / name).read_bytes()
            (layout.trust / name).unlink()
            if spoilt is not None:
                (layout.trust / name).write_bytes(spoilt)
            assert "1.1 was accepted" in refusal(old, layout)
            (layout.trust / name).write_bytes(whole)


def test_marks_that_nobody_can_read_are_no_marks_to_trust(vendor: Vendor, layout: Layout) -> None:
    install(made(vendor, "1.1"), layout)
    for name in ("marks.json", "marks.copy.json"):
        (layout.trust / name).write_bytes(b"\0" * 40)
    with pytest.raises(MachineError) as caught:
        install(made(vendor, "1.2"), layout)
    assert caught.value.code == "state-corrupt"
    assert "mv" in caught.value.hint


def test_lost_roots_come_again_with_the_next_bundle(vendor: Vendor, layout: Layout) -> None:
    old = made(vendor, "1.0")
    now = rotated(vendor, "root")
    new = made(now, "1.1")
    install(new, layout)
    (layout.trust / "roots.json").write_bytes(b"{")
    assert "keys that have been replaced" in refusal(old, layout, older=True)
    assert install(new, layout) == "1.1"
    assert trust_of(layout).trusted.version == 2


def test_by_a_root_alone_nothing_is_kept(vendor: Vendor, tmp_path: Path) -> None:
    trust = trust_in(vendor.folder / "keys/root.json")
    with open_trusted(made(vendor, "1.0"), trust, At()) as bundle:
        bundle.stage(tmp_path / "releases")
    with open_trusted(made(vendor, "0.1"), trust, At()) as bundle:
        assert bundle.record.version == "0.1"


def test_a_power_cut_brings_nothing_older_back(
    vendor: Vendor, layout: Layout, tmp_path: Path
) -> None:
    old, new = made(vendor, "1.0"), made(rotated(vendor, "root"), "1.1")
    install(old, layout)
    with open_bundle(new, layout, At()) as bundle, recording(layout.trust) as log:
        trust_of(layout).remember(bundle.record, bundle.vouched)
        whole = len(log.events)  # whatever comes after this, it has been remembered

    def check(disk: Path) -> list[str]:
        target = tmp_path / "cut"
        layout_after = Layout(target, "shop")
        layout_after.keys.mkdir(parents=True, exist_ok=True)
        (layout_after.keys / "root.json").write_bytes(vendor.keys.trusted.chain[0])
        layout_after.trust.parent.mkdir(parents=True, exist_ok=True)
        disk.rename(layout_after.trust)
        told: list[str] = []
        try:
            trust = trust_of(layout_after)
            mark = trust.mark("shop", trust.trusted)
            if mark is None or mark.version not in ("1.0", "1.1"):
                told.append(f"the mark is {mark}")
            install(new, layout_after)
        except CaretakerError as error:
            told.append(f"{error.code}: {error.message}")
        layout_after.trust.rename(disk)
        return told

    swept = sweep(log, tmp_path, check)
    assert swept.violations == []
    assert swept.states > 10
    assert whole > 5
    for number, (moment, tree) in enumerate(log.states()):
        if moment == len(log.events):
            folder = tmp_path / f"after-{number}"
            after = appliance(folder, vendor.keys)
            after.trust.parent.mkdir(parents=True, exist_ok=True)
            materialise(tree, after.trust)
            assert "older" in refusal(old, after)
