"""A folder as a tree: links are followed inside it only, and nothing else is opened."""

import os
from pathlib import Path

import pytest

from agent.errors import MachineError
from packer.certify.opening import open_tree


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    for folder in ("usr/bin", "etc/ssl", "var"):
        (top / folder).mkdir(parents=True)
    (top / "usr/bin/sh").write_bytes(b"\x7fELF")
    (top / "bin").symlink_to("usr/bin")
    (top / "etc/a").write_text("a")
    (top / "etc/ssl/b").write_text("b")
    (top / "etc-more").write_text("c")
    return top


def test_links_lead_where_they_would_after_chroot(top: Path) -> None:
    (tmp := top.parent / "secret").write_text("outside")
    (top / "etc/out").symlink_to(tmp)
    (top / "etc/up").symlink_to("../../../../secret")
    (top / "etc/whole").symlink_to("/etc/a")
    (top / "etc/loop").symlink_to("loop")
    with open_tree(top) as subject:
        tree = subject.tree
        assert tree.read("/etc/out") is None
        assert tree.read("/etc/up") is None
        assert tree.text("/etc/whole") == "a"
        assert tree.read("/etc/loop") is None
        assert tree.read("/bin/sh") == b"\x7fELF"
        found = tree.entry("/bin/sh", follow=True)
        assert found is not None
        assert found.path == "/usr/bin/sh"
        link = tree.entry("/bin")
        assert link is not None
        assert (link.is_link, link.target) == (True, "usr/bin")


def test_a_walk_has_parents_first_and_knows_its_part(top: Path) -> None:
    with open_tree(top) as subject:
        whole = [each.path for each in subject.tree.walk()]
        part = [each.path for each in subject.tree.walk("/etc")]
    assert whole == [
        *("/bin", "/etc", "/etc/a", "/etc/ssl", "/etc/ssl/b", "/etc-more"),
        *("/usr", "/usr/bin", "/usr/bin/sh", "/var"),
    ]
    assert part == ["/etc/a", "/etc/ssl", "/etc/ssl/b"]


def test_special_files_are_named_and_never_opened(top: Path) -> None:
    os.mkfifo(top / "var/pipe")
    with open_tree(top) as subject:
        assert "/var/pipe" in [each.path for each in subject.tree.walk()]
        assert subject.tree.read("/var/pipe") is None
        with pytest.raises(MachineError, match="no regular file"):
            subject.tree.digest("/var/pipe", "md5")


def test_content_is_cut_and_digests_are_of_the_whole(top: Path) -> None:
    (top / "etc/big").write_bytes(b"x" * 3_000_000)
    with open_tree(top) as subject:
        assert subject.tree.read("/etc/big", limit=5) == b"xxxxx"
        subject.tree.digest_all(["/etc/big", "/none"], "md5")
        assert subject.tree.digest("/etc/big", "md5") == "8e32e22642bddc89698e25a4e9bf528b"


def test_paths_that_wind_without_end_stay_bounded(top: Path) -> None:
    (top / "etc/deep").symlink_to("a/" * 1500)
    for number in range(50):
        (top / f"l{number}").symlink_to(f"l{number + 1}")
    with open_tree(top) as subject:
        assert subject.tree.entry("/etc/deep", follow=True) is None
        assert subject.tree.entry("/l0", follow=True) is None
        assert subject.tree.entry("/l0/x") is None
        assert subject.tree.entry("/" + "x/" * 5000) is None


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="can't be read"), open_tree(tmp_path / "none"):
        pass
