"""A renewed TLS pair is noticed, once."""

from pathlib import Path

from agent.daemon.pair_watch import PairWatch
from agent.probe.settings import ProbeSettings


def pair(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "chain.pem").write_text(text)
    (folder / "key.pem").write_text(text)


def test_a_flipped_link_is_a_new_pair(root: Path) -> None:
    pair(root / "1", "one")
    pair(root / "2", "two")
    link = root / "current"
    link.symlink_to("1")
    settings = ProbeSettings(certificate=f"{link}/chain.pem", key=f"{link}/key.pem")
    watch = PairWatch(settings)
    assert not watch.renewed(settings)
    link.unlink()
    assert not watch.renewed(settings)
    link.symlink_to("2")
    assert watch.renewed(settings)
    assert not watch.renewed(settings)


def test_without_tls_there_is_nothing_to_see() -> None:
    settings = ProbeSettings()
    assert not PairWatch(settings).renewed(settings)
