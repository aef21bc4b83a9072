"""Which mount a path stands on."""

from pathlib import Path

import pytest

from agent.host.mounts import mount_of, read_mounts

MOUNTINFO = r"""22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
23 22 0:5 / /dev rw,nosuid shared:2 - devtmpfs udev rw,size=4k
24 22 0:30 / /opt rw,noexec,relatime shared:3 master:1 - ext4 /dev/vdb rw
25 22 0:31 / /srv rw - nfs4 nas:/export rw,vers=4.2
26 22 0:32 / /ro rw,relatime - ext4 /dev/vdc ro
27 22 0:33 / /with\040blank rw - xfs /dev/vdd rw
28 25 0:34 / /srv rw - xfs /dev/vde rw
garbage
29 22 0:35 / /short rw
"""


@pytest.fixture
def proc(root: Path) -> Path:
    (root / "self").mkdir()
    (root / "self/mountinfo").write_text(MOUNTINFO)
    return root


@pytest.mark.parametrize(
    ("path", "point", "kind"),
    [
        ("/", "/", "ext4"),
        ("/optional", "/", "ext4"),
        ("/opt", "/opt", "ext4"),
        ("/opt/app/releases/1", "/opt", "ext4"),
        ("/srv/data", "/srv", "xfs"),
        ("/with blank/x", "/with blank", "xfs"),
    ],
)
def test_the_longest_and_latest_mount_counts(proc: Path, path: str, point: str, kind: str) -> None:
    mount = mount_of(Path(path), read_mounts(proc))
    assert mount is not None
    assert (mount.point, mount.kind) == (point, kind)


def test_options_of_mount_and_file_system_both_count(proc: Path) -> None:
    mounts = {mount.point: mount for mount in read_mounts(proc)}
    assert mounts["/opt"].noexec
    assert not mounts["/"].noexec
    assert mounts["/ro"].read_only
    assert not mounts["/"].read_only
    assert len(mounts) == 6


def test_no_proc_no_mounts(root: Path) -> None:
    assert read_mounts(root) == []
    assert mount_of(Path("/x"), []) is None


@pytest.mark.real
def test_the_real_table_holds_the_root() -> None:
    mount = mount_of(Path("/no/such/place"), read_mounts())
    assert mount is not None
    assert mount.kind
