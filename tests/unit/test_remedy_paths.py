"""Owner and mode of declared paths, and missing folders: restored, and never a stranger's."""

import os
import stat
from pathlib import Path

import pytest

from agent.errors import CaretakerError
from agent.folders import folders
from agent.host import users
from agent.host.users import Account
from agent.remedies.owned import why_not
from agent.remedies.paths import find, mend
from agent.remedies.remedy import Fault, Scene
from tests.unit.upkeep_world import needs_root, scene, scripted

# Modes go through /proc/self/fd, which the guard of the unit tests can't tell from a stranger's.
pytestmark = pytest.mark.real

DATA = '[paths.uploads]\npath = "{data}/uploads"\nmode = "0750"\n'
FILE = '[paths.conf]\npath = "{config}/app.conf"\ntype = "file"\nmode = "0640"\n'


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def stage(root: Path, text: str = DATA) -> Scene:
    """Everything of Caretaker's own in place, and a generation of data that `{data}` leads to."""
    made = scene(root, text)
    layout = made.layout
    for folder in folders(layout):
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.path.chmod(folder.mode)
    (layout.generations / "1").mkdir()
    deployment = layout.deployments / "1"
    deployment.mkdir()
    (deployment / "state").symlink_to("../../generations/1")
    layout.active.symlink_to("deployments/1")
    return made


def only(made: Scene) -> Fault:
    (fault,) = find(made)
    return fault


def test_a_missing_folder_is_made_with_its_mode(root: Path) -> None:
    made = stage(root)
    fault = only(made)
    assert (fault.code, fault.refusal) == ("path-missing", "")
    assert find(made) == [fault]  # a look changes nothing
    assert "made" in mend(made, fault)
    assert mode(root / "var/lib/shop/generations/1/uploads") == 0o750
    assert find(made) == []


@pytest.mark.parametrize(
    ("stands", "becomes", "refused"),
    [
        (0o750, 0o750, False),
        (0o777, 0o750, False),
        (0o6777, 0o2750, False),
        (0o1770, 0o1750, False),
        (0o000, 0o750, False),
        (0o500, 0o750, False),
        (0o700, 0o700, True),
        (0o707, 0o700, True),
    ],
)
def test_a_mode_is_made_wider_for_others_only_where_it_was_broken(
    root: Path, stands: int, becomes: int, refused: bool
) -> None:
    made = stage(root)
    uploads = made.layout.data / "uploads"
    uploads.mkdir()
    uploads.chmod(stands)
    for fault in find(made):
        if not fault.refusal:
            assert fault.code == "path-mode"
            mend(made, fault)
    assert mode(uploads) == becomes
    assert [fault.code for fault in find(made)] == (["path-stricter"] if refused else [])


def test_folders_of_our_own_get_exactly_their_mode(root: Path) -> None:
    made = stage(root, "")
    made.layout.secrets.chmod(0o755)
    made.layout.tls.chmod(0o700)
    made.layout.environments.rmdir()
    assert {fault.code for fault in find(made)} == {"path-mode", "path-missing"}
    for fault in find(made):
        mend(made, fault)
    assert find(made) == []
    assert [mode(path) for path in (made.layout.secrets, made.layout.tls)] == [0o700, 0o755]
    assert mode(made.layout.environments) == 0o700


def test_missing_data_is_never_papered_over(root: Path) -> None:
    made = stage(root, DATA + '[paths.data]\npath = "{data}"\n')
    (root / "var/lib/shop/generations/1").rmdir()
    refusals = {fault.target: fault.refusal for fault in find(made)}
    assert "would hide that" in refusals[str(made.layout.data)]
    assert "is missing too" in refusals[str(made.layout.data / "uploads")]
    made.layout.active.unlink()
    assert all(fault.refusal for fault in find(made))
    assert len(find(made)) == 2


def test_lost_generations_are_told_of_and_not_made(root: Path) -> None:
    made = stage(root, "")
    (made.layout.generations / "1").rmdir()
    made.layout.generations.rmdir()
    assert "what it held is gone" in only(made).refusal


@pytest.mark.parametrize("target", ["/etc", "elsewhere"])
def test_a_strangers_link_is_refused(root: Path, target: str) -> None:
    made = stage(root)
    (made.layout.data / "elsewhere").mkdir()
    made.layout.data.chmod(0o777)  # as where the application's user owns it
    (made.layout.data / "uploads").symlink_to(target)
    fault = only(made)
    assert fault.code == "path-link"
    assert "link" in fault.refusal


def test_a_strangers_link_further_up_is_refused(root: Path) -> None:
    made = stage(root, '[paths.deep]\npath = "{data}/a/b"\n')
    made.layout.data.chmod(0o777)
    other = root / "other"
    (other / "b").mkdir(parents=True)
    (other / "b").chmod(0o700)
    (made.layout.data / "a").symlink_to(other)
    assert only(made).code == "path-link"
    fault = Fault(target=str(made.layout.data / "a/b"), code="path-mode", summary="")
    with pytest.raises(Exception, match="link"):
        mend(made, fault)
    assert mode(other / "b") == 0o700


def test_an_operators_link_is_followed(root: Path) -> None:
    made = stage(root, "")
    disk = root / "disk"
    made.layout.generations.rename(disk)
    made.layout.generations.symlink_to(disk)
    disk.chmod(0o700)
    fault = only(made)
    assert fault.code == "path-mode"
    mend(made, fault)
    assert mode(disk) == 0o755


@pytest.mark.parametrize("kind", ["file", "fifo"])
def test_something_else_in_a_folders_place_is_left_alone(root: Path, kind: str) -> None:
    made = stage(root)
    place = made.layout.data / "uploads"
    place.write_text("x") if kind == "file" else os.mkfifo(place)
    fault = only(made)
    assert fault.code == "path-kind"
    with pytest.raises(CaretakerError):
        mend(made, Fault(target=fault.target, code="path-mode", summary=""))


def test_a_file_is_mended_but_never_made(root: Path) -> None:
    made = stage(root, FILE)
    assert "from nothing" in only(made).refusal
    conf = made.layout.config / "app.conf"
    conf.write_text("x")
    conf.chmod(0o4666)
    mend(made, only(made))
    assert mode(conf) == 0o640
    os.link(conf, made.layout.config / "second")
    conf.chmod(0o666)
    fault = only(made)
    assert fault.code == "path-kind"
    assert "second name" in fault.refusal


def test_a_disk_that_is_not_mounted_is_not_written_over(root: Path) -> None:
    made = stage(root)
    kernel = scripted(made).kernel
    kernel.files[str(made.host.path("/etc/fstab"))] = (
        f"# disks\n/dev/vdb1 {root} ext4 defaults 0 2\n"
    )
    table = "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
    kernel.files["/proc/self/mountinfo"] = table
    fault = only(made)
    assert fault.refusal == f"the disk of {root} is not mounted"
    assert fault.hint == f"mount {root}"
    kernel.files["/proc/self/mountinfo"] = table + f"23 22 254:2 / {root} rw - ext4 /dev/vdb1 rw\n"
    assert only(made).refusal == ""


def test_what_our_own_sandbox_hides_is_no_fault(root: Path) -> None:
    made = stage(root, "")
    made.layout.agent_state.chmod(0o000)
    table = f"40 22 0:25 /systemd/inaccessible/dir {made.layout.agent_state} ro - tmpfs tmpfs rw\n"
    kernel = scripted(made).kernel
    assert len(find(made)) == 1
    kernel.files["/proc/self/mountinfo"] = table
    assert find(made) == []


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("/", False), ("/etc", False), ("/usr/share/x", False), ("/var/lib", False),
        ("/etc/shop", True), ("/srv/shop", True), ("/var/lib/shop/x", True), ("x", False),
        ("/srv/../etc", False), ("/mnt", False), ("/opt/shop/x", True),
    ],
)  # fmt: skip
def test_the_systems_own_places_are_never_given_away(path: str, fine: bool) -> None:
    assert (why_not(Path(path)) == "") is fine


def test_a_user_that_is_not_there_is_told(root: Path) -> None:
    if needs_root:
        pytest.skip("only root gives things away")
    made = stage(root, DATA + 'user = "nosuchuser"\n')
    (made.layout.data / "uploads").mkdir()
    fault = only(made)
    assert (fault.code, fault.refusal) == ("path-unknown", "there is no user nosuchuser")


def test_a_wrong_owner_is_mended_and_what_is_inside_is_not(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if needs_root:
        pytest.skip("only root gives things away")
    monkeypatch.setattr(users, "find", lambda name: Account(name, 12345, 12346))
    made = stage(root, DATA + 'user = "shop"\n')
    uploads = made.layout.data / "uploads"
    uploads.mkdir()
    uploads.chmod(0o750)
    (uploads / "inside").write_text("x")
    fault = only(made)
    assert fault.code == "path-owner"
    assert "0750 of 0:0" in mend(made, fault)
    assert (uploads.stat().st_uid, uploads.stat().st_gid) == (12345, 12346)
    assert (uploads / "inside").stat().st_uid == 0
    assert find(made) == []
