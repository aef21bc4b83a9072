"""The TLS remedy: every fault found, mended in one act, seen on the port, or taken back."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from agent.errors import MachineError, RefusedError
from agent.host.machine import Host
from agent.remedies.tls import REMEDY
from agent.tls import placing, reading, renewal
from agent.tls.authority import make_authority, make_leaf
from tests.scripted_host import NOW
from tests.unit.remedy_stage import scene_of
from tests.unit.tls_service import PORT, RealService
from tests.unit.tls_shop import MANIFEST, Shop, open_shop
from tests.unit.tls_stage import DAY


@pytest.fixture
def shop(root: Path) -> Shop:
    return open_shop(root)


def test_at_boot_a_pair_is_made_and_nobody_is_told(root: Path) -> None:
    scene = replace(scene_of(root, MANIFEST), booting=True)
    (fault,) = REMEDY.find(scene)
    assert (fault.code, fault.plan) == ("certificate-missing", "make a new pair, put it in use")
    assert "is in use" in REMEDY.mend(scene, fault)
    assert REMEDY.find(scene) == []


def damage(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def swap_key(folder: Path) -> None:
    leaf = make_leaf(make_authority("x", now=NOW), ["a.example"], now=NOW, days=9)
    (folder / "key.pem").write_bytes(leaf.key)


def folder_instead(folder: Path) -> None:
    (folder / "cert.pem").unlink()
    (folder / "cert.pem").mkdir()


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 30)


def weaken(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak")])
    now = datetime.fromtimestamp(NOW, UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(5).not_valid_before(now).not_valid_after(now + timedelta(days=300))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "key.pem").write_bytes(reading.pem_of_key(key))
    for part in ("cert.pem", "chain.pem", "ca.pem"):
        (folder / part).write_bytes(reading.pem_of(certificate))


DAMAGE: list[tuple[str, Callable[[Path], object]]] = [
    ("certificate-empty", damage("cert.pem", b"")),
    ("certificate-empty", damage("key.pem", b"\0" * 241)),
    ("certificate-empty", damage("chain.pem", b"\n")),
    ("certificate-invalid", damage("cert.pem", b"-----BEGIN CERTIFICATE-----\nAAAA")),
    ("certificate-invalid", damage("ca.pem", os.urandom(900))),
    ("certificate-key-invalid", damage("key.pem", b"-----BEGIN PRIVATE KEY-----\n!!")),
    ("certificate-key-missing", lambda folder: (folder / "key.pem").unlink()),
    ("certificate-missing", lambda folder: (folder / "ca.pem").unlink()),
    ("certificate-missing", lambda folder: folder.rename(folder.with_name("away"))),
    ("certificate-mismatch", swap_key),
    ("certificate-weak", weaken),
    ("certificate-unreadable", folder_instead),
]


@pytest.mark.parametrize(
    ("code", "hurt"), DAMAGE, ids=[f"{n}-{d[0]}" for n, d in enumerate(DAMAGE)]
)
def test_a_damaged_pair_is_replaced_and_shown(
    shop: Shop, code: str, hurt: Callable[[Path], object]
) -> None:
    before = shop.serial()
    hurt(shop.current.resolve())
    assert shop.fault().code == code
    assert code in REMEDY.cures
    told = shop.mend()
    assert f"{shop.serial()} is in use, web reloaded, port {PORT} shows it" == told
    assert shop.find() == []
    assert shop.serial() != before


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("cert.pem", lambda path: os.mkfifo(path)),
        ("key.pem", lambda path: path.symlink_to("/dev/zero")),
        ("cert.pem", lambda path: path.symlink_to(path)),
        ("key.pem", huge),
    ],
)
def test_what_is_no_file_of_ours_is_not_waited_for(
    shop: Shop, name: str, make: Callable[[Path], object]
) -> None:
    path = shop.current.resolve() / name
    path.unlink()
    make(path)
    assert shop.fault().code in ("certificate-unreadable", "certificate-rights")
    shop.mend()
    assert shop.find() == []


def test_an_expired_pair_is_renewed_and_the_one_before_is_kept(shop: Shop) -> None:
    before = shop.serial()
    shop.at(NOW + 500 * DAY)
    assert shop.fault().code == "certificate-expired"
    shop.mend()
    assert shop.before() == before
    assert shop.find() == []
    assert (shop.service.reloads, shop.service.restarts) == (1, 0)


def test_a_clone_gets_a_pair_for_its_own_name_and_address(shop: Shop) -> None:
    shop.host.network.name, shop.host.network.addresses = "clone", ["10.0.0.9"]
    assert shop.fault().summary == "certificate main: it is not valid for clone, 10.0.0.9"
    shop.mend()
    assert shop.find() == []
    shop.host.network.addresses = []  # A network that is not up yet is no reason.
    assert shop.find() == []


@pytest.mark.parametrize(
    ("name", "mode"),
    [("key.pem", 0o644), ("key.pem", 0o640), ("key.pem", 0o000), ("cert.pem", 0o666),
     ("", 0o700), ("", 0o777)],
)  # fmt: skip
def test_wrong_modes_are_set_right_in_place(shop: Shop, name: str, mode: int) -> None:
    before = shop.serial()
    (shop.current.resolve() / name).chmod(mode)
    fault = shop.fault()
    assert (fault.code, fault.plan) == ("certificate-rights", "set owner and mode right")
    assert f"{mode:o}" in shop.mend()
    assert shop.find() == []
    assert shop.serial() == before
    assert shop.service.reloads == 0


def test_wrong_rights_before_a_broken_pair_are_both_mended(shop: Shop) -> None:
    key = shop.current.resolve() / "key.pem"
    key.write_bytes(b"")
    key.chmod(0o666)
    told = shop.mend()
    assert "may be written by others" in told
    assert "is in use" in told
    assert shop.find() == []


def test_rights_are_not_given_to_a_second_name_of_somebody_elses_file(
    shop: Shop, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text("not ours")
    other.chmod(0o666)
    key = shop.current.resolve() / "key.pem"
    key.unlink()
    key.hardlink_to(other)
    with pytest.raises(Exception, match="no plain file"):
        shop.mend()
    assert other.stat().st_mode & 0o777 == 0o666


def test_a_service_that_keeps_the_old_one_gets_it_back(shop: Shop) -> None:
    before = shop.serial()
    shop.service.deaf = True
    shop.host.network.addresses = ["10.0.0.9"]
    with pytest.raises(MachineError, match="the pair before is in use again") as caught:
        shop.mend()
    assert caught.value.code == "service-failed"
    assert shop.serial() == before
    assert (shop.service.reloads, shop.service.restarts) == (2, 0)
    assert sum(shop.host.clock.slept) == pytest.approx(15, abs=1)


def test_a_service_that_fails_to_reload_gets_the_old_one_back(shop: Shop) -> None:
    before = shop.serial()
    shop.service.broken = True
    shop.host.network.addresses = ["10.0.0.9"]
    with pytest.raises(MachineError, match="web did not reload; the pair before is in use again"):
        shop.mend()
    assert shop.serial() == before
    assert shop.service.reloads == 2


def test_a_service_that_keeps_an_expired_one_is_restarted(shop: Shop) -> None:
    shop.service.deaf = True
    shop.at(NOW + 500 * DAY)
    assert f"port {PORT} shows it" in shop.mend()
    assert (shop.service.reloads, shop.service.restarts) == (1, 1)


def test_a_port_that_never_showed_one_does_not_undo_a_good_pair(shop: Shop) -> None:
    shop.service.shown, shop.service.deaf = b"", True
    before = shop.serial()
    shop.at(NOW + 300 * DAY)
    assert "shows no certificate, and showed none before" in shop.mend()
    assert shop.serial() != before
    assert shop.find() == []


def test_a_kill_before_the_reload_is_made_good(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.at(NOW + 500 * DAY)
    with monkeypatch.context() as patch:
        patch.setattr(renewal, "_tell", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.mend()
    shown = shop.service.shown
    fault = shop.fault()
    assert (fault.code, fault.plan) == ("certificate-untold", "reload web")
    assert shop.mend() == f"in use, web reloaded, port {PORT} shows it"
    assert shop.service.shown != shown
    assert shop.find() == []


def test_at_the_next_boot_services_read_what_they_were_not_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.at(NOW + 500 * DAY)
    shop.service.state_now = "failed"
    monkeypatch.setattr(renewal, "_tell", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        shop.mend()
    assert shop.fault().code == "certificate-untold"
    shop.at(NOW + 500 * DAY, boot="the next")
    assert shop.find() == []


def test_a_service_that_somebody_stopped_stays_stopped(shop: Shop) -> None:
    shop.service.state_now = "stopped"
    shop.at(NOW + 300 * DAY)
    assert shop.mend() == f"{shop.serial()} is in use"
    assert shop.service.reloads == 0


def test_a_link_on_the_way_there_costs_no_pair(shop: Shop, tmp_path: Path) -> None:
    disk = shop.home.parent.rename(tmp_path / "elsewhere")
    shop.home.parent.symlink_to(disk)
    for number in range(1, 5):
        shop.at(NOW + 300 * DAY * number, boot=str(number))
        shop.mend()
    (shop.current / "ca.pem").unlink()
    assert placing.half_made(shop.home) == []
    placing.tidy(shop.home)
    assert (shop.current / "cert.pem").exists()


def test_old_pairs_go_and_two_stay(shop: Shop) -> None:
    for number in range(1, 6):
        shop.at(NOW + 300 * DAY * number, boot=str(number))
        shop.mend()
    folders = [each for each in shop.home.iterdir() if not each.is_symlink()]
    assert len(folders) == 3
    assert {shop.serial(), shop.before()} <= {each.name for each in folders}


def test_a_wrong_clock_is_refused_with_a_hint(shop: Shop) -> None:
    shop.host.kernel.sync = OSError(1, "a sandbox forbids it")
    shop.at(NOW + 3650 * DAY)
    fault = shop.fault()
    assert fault.code == "certificate-expired"
    assert "years after all that is known" in fault.refusal
    assert "timedatectl" in fault.hint
    with pytest.raises(RefusedError):
        shop.mend()


def test_finding_changes_nothing(shop: Shop) -> None:
    (shop.current.resolve() / "cert.pem").write_bytes(b"")
    state = {path: path.lstat().st_mtime_ns for path in sorted(shop.host.root.rglob("*"))}
    shop.find()
    assert {path: path.lstat().st_mtime_ns for path in sorted(shop.host.root.rglob("*"))} == state


def test_a_lost_authority_is_made_anew_with_the_next_pair_and_not_before(shop: Shop) -> None:
    (shop.scene.layout.tls / "authority/authority.pem").unlink()
    assert shop.find() == []  # Clients trust the old one, and the pair under it is good.
    shop.at(NOW + 300 * DAY)
    shop.mend()
    assert shop.find() == []


@pytest.mark.real
def test_a_real_port_shows_the_new_pair(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "_PATIENCE", 0.5)
    service = RealService(shop.current)
    service.load()
    with service.listening():
        manifest = MANIFEST.replace(str(PORT), str(service.port))
        host = Host(root=shop.host.root)
        scene = replace(scene_of(host.root, manifest), host=host, services=service)
        (host.path("etc/shop/tls/main/current") / "key.pem").write_bytes(b"")
        (fault,) = REMEDY.find(scene)
        assert f"port {service.port} shows it" in REMEDY.mend(scene, fault)
        assert REMEDY.find(scene) == []
        service.deaf = True
        service.load = lambda: None  # type: ignore[method-assign] # not even a restart moves it
        (host.path("etc/shop/tls/main/current") / "key.pem").write_bytes(b"")
        (fault,) = REMEDY.find(scene)
        with pytest.raises(MachineError, match="and not the new certificate"):
            REMEDY.mend(scene, fault)
