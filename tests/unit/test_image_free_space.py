"""What was deleted while an image was made is not in it any more."""

from pathlib import Path

import pytest

from packer.certify.opening import open_tree
from packer.golden.free_space import clear
from tests.unit.certify_disks import ROOT_KIND, ext4, gpt, plant, run

pytestmark = pytest.mark.real
BUILDERS = b"builder:x:1000:1000::/home/builder:/bin/sh\n"


@pytest.mark.parametrize("block", ["1024", "4096"])
def test_what_was_deleted_goes_and_everything_else_stays(tmp_path: Path, block: str) -> None:
    tree = plant(tmp_path / "tree")
    (tree / "usr/lib").mkdir()
    (tree / "etc/kept").write_bytes(b"kept" * 9000)
    (tree / "etc/passwd-").write_bytes(BUILDERS * 500)
    (tree / "etc/one-block").write_bytes(BUILDERS)
    root = ext4(tree, tmp_path / "root.img", "-b", block, mib=24)
    for name in ("/etc/passwd-", "/etc/one-block"):
        run("debugfs", "-w", "-R", f"rm {name}", str(root))
    assert BUILDERS in root.read_bytes()
    (disk := tmp_path / "disk.raw").write_bytes(gpt([(ROOT_KIND, root.read_bytes())], mib=26))
    before = look(disk)
    assert clear(disk) >= len(BUILDERS) * 501
    assert BUILDERS not in disk.read_bytes()
    assert look(disk) == before
    assert clear(disk) == 0
    (root).write_bytes(disk.read_bytes()[1 << 20 : (1 << 20) + root.stat().st_size])
    run("e2fsck", "-fn", str(root))


def look(disk: Path) -> dict[str, str]:
    with open_tree(disk) as subject:
        return {each.path: subject.tree.digest(each.path, "sha256")
                for each in subject.tree.walk() if each.is_file}  # fmt: skip
