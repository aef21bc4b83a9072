"""A file system that turned read-only is reported, with the kernel's words, and never remounted."""

from pathlib import Path

import pytest

from agent.errors import RefusedError
from agent.remedies.readonly import find, mend
from agent.remedies.remedy import Scene
from tests.unit.upkeep_world import scene, scripted

ROOT = "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw,errors=remount-ro\n"
KERNEL = "\n".join([f"vda1: note {number}" for number in range(20)] + ["vdb: other"])


def stage(root: Path, table: str, fstab: str = "") -> Scene:
    made = scene(root)
    host = scripted(made)
    host.kernel.files["/proc/1/mountinfo"] = table
    if fstab:
        host.kernel.files[str(root / "etc/fstab")] = fstab
    host.programs["journalctl"] = KERNEL
    return made


@pytest.mark.parametrize(
    ("table", "fstab", "wrong"),
    [
        (ROOT, "", False),
        (ROOT.replace("ext4 /dev/vda1 rw", "ext4 /dev/vda1 ro"), "", True),
        (
            ROOT.replace("ext4 /dev/vda1 rw", "ext4 /dev/vda1 ro"),
            "# x\n/dev/vda1 / ext4 ro 0 1\n",
            False,
        ),
        (ROOT.replace("/ rw,", "/ ro,"), "", False),
        (ROOT.replace("/ rw,", "/ ro,"), "/dev/vda1 / ext4 defaults 0 1\n", True),
        (ROOT.replace("ext4 /dev/vda1 rw", "squashfs /dev/loop0 ro"), "", False),
    ],
)
def test_only_what_should_be_writable_is_a_fault(
    root: Path, table: str, fstab: str, wrong: bool
) -> None:
    assert [fault.code for fault in find(stage(root, table, fstab))] == (
        ["disk-read-only"] if wrong else []
    )


def test_it_says_what_the_kernel_said_and_does_nothing(root: Path) -> None:
    made = stage(root, ROOT.replace("ext4 /dev/vda1 rw", "ext4 /dev/vda1 ro"))
    (fault,) = find(made)
    assert fault.target == "/"
    assert "the kernel made it so" in fault.summary
    told = str(fault.detail["kernel"]).splitlines()
    assert told == [f"vda1: note {number}" for number in range(12, 20)]
    assert "vda1" in fault.hint
    with pytest.raises(RefusedError):
        mend(made, fault)
    assert {argv[0] for argv in scripted(made).asked} == {"journalctl"}


def test_where_pid_1_is_hidden_only_a_frozen_file_system_counts(root: Path) -> None:
    made = stage(root, "")
    kernel = scripted(made).kernel
    kernel.files["/proc/1/mountinfo"] = PermissionError(13, "denied")
    kernel.files["/proc/self/mountinfo"] = ROOT.replace("/ rw,", "/ ro,")
    assert find(made) == []
    kernel.files["/proc/self/mountinfo"] = ROOT.replace("vda1 rw", "vda1 ro")
    assert len(find(made)) == 1
