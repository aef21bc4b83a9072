"""A pair that the customer brought, or a link of theirs, is reported and never replaced."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import RefusedError
from agent.tls import placing
from agent.tls.authority import make_authority, make_leaf
from agent.tls.placing import Issued, Origin
from agent.tls.rights import OURS_ALONE
from tests.scripted_host import NOW
from tests.unit.tls_shop import Shop, open_shop
from tests.unit.tls_stage import DAY


@pytest.fixture
def shop(root: Path) -> Shop:
    return open_shop(root)


def brought(shop: Shop, days: int = 90) -> str:
    authority = make_authority("their own", now=NOW)
    leaf = make_leaf(authority, ["shop.example"], now=NOW, days=days)
    issued = Issued(leaf.serial, leaf.key, leaf.certificate,
                    leaf.certificate + authority.certificate, authority.certificate,
                    Origin(by="customer"))  # fmt: skip
    folder = placing.write(shop.home, issued, OURS_ALONE, server_name="shop.example")
    placing.flip(shop.home, folder.name)
    return folder.name


@pytest.mark.parametrize(
    "hurt",
    [
        lambda folder: (folder / "cert.pem").write_bytes(b""),
        lambda folder: (folder / "key.pem").unlink(),
        lambda folder: (folder / "key.pem").chmod(0o644),
        lambda folder: (folder / "customer").unlink() or (folder / "origin.json").unlink()
        or (folder / "cert.pem").write_bytes(b""),
        lambda folder: folder.rename(folder.with_name("moved")),
    ],
)  # fmt: skip
def test_a_customers_pair_is_only_reported(shop: Shop, hurt: Callable[[Path], object]) -> None:
    name = brought(shop)
    assert shop.find() == []
    hurt(shop.home / name)
    fault = shop.fault()
    assert "the customer brought this certificate" in fault.refusal
    assert fault.hint.startswith("caretaker tls ")
    with pytest.raises(RefusedError):
        shop.mend()
    assert shop.serial() == name


def test_a_customers_pair_that_ends_is_only_reported(shop: Shop) -> None:
    name = brought(shop)
    shop.at(NOW + 62 * DAY)
    assert shop.fault().refusal
    assert shop.serial() == name


def test_a_link_that_the_operator_pointed_elsewhere_is_theirs(shop: Shop, tmp_path: Path) -> None:
    live = shop.current.resolve().rename(tmp_path / "live")
    shop.current.unlink()
    shop.current.symlink_to(live)
    assert [fault.refusal != "" for fault in shop.find()] in ([], [True])
    (live / "cert.pem").write_bytes(b"")
    assert "the customer brought" in shop.fault().refusal
