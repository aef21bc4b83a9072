"""Systems as data: the ones there are, and what a hostile file may not say."""

from pathlib import Path

import pytest

from agent.errors import ManifestError
from packer.disk import boot, making, system

WHOLE = Path(system.FOLDER / "like-debian.toml").read_text()
TOP = 'name = "own"\ntitle = "Own"\nsuite = "own"\nstate = "declared"\nepoch = 1\n'


@pytest.mark.parametrize("name", system.names())
def test_every_system_there_is_can_be_read(name: str) -> None:
    found = system.load(name)
    assert found.name == name
    assert found.packages == sorted(set(found.packages))
    assert all(build.packages for build in found.builds.values()), "no kernel"
    for each in found.files:
        assert not each.source or (system.SOURCES / each.source).is_file()


def test_the_one_that_is_booted_has_both_architectures() -> None:
    found = system.load("debian-12")
    assert sorted(found.builds) == ["amd64", "arm64"]
    assert found.state_of("amd64") == "booted"
    assert found.state_of("arm64") == "booted"
    assert system.load("debian-13").state_of("arm64") == "declared"


def test_how_far_arm64_got_is_said_of_systems_that_there_are() -> None:
    for name, state in system.ELSEWHERE.items():
        assert "arm64" in system.load(name).builds
        assert state in ("booted", "built")


@pytest.mark.parametrize("name", ["debian-99", "../debian-12", "like-debian", "", "x" * 999])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(ManifestError) as caught:
        system.load(name)
    assert caught.value.code == "image-unknown"
    assert "debian-12" in caught.value.message


def own(folder: Path, old: str = "", new: str = "", top: str = TOP) -> Path:
    assert old in WHOLE
    path = folder / "own.toml"
    path.write_text(top + WHOLE.replace(old, new, 1) if old else top + WHOLE)
    return path


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    assert system.read(own(tmp_path)).title == "Own"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"curl"', '"curl; reboot"', "packages"),
        ('"curl"', '"-o=x"', "packages"),
        ('"ssh.service"', '"$(reboot).service"', "enable"),
        ('"main"', '"main x"', "components"),
        ('"panic=10"', '"panic=10\\n}"', "parameters"),
        ('"panic=10"', '"rootdelay=300"', "rootdelay"),
        ('path = "/etc/hostname"', 'path = "/etc/../../x"', "absolute path"),
        ('path = "/etc/hostname"', 'path = "etc/hostname"', "absolute path"),
        ('path = "/etc/hostname"', 'path = "/etc//hostname"', "absolute path"),
        ('path = "/etc/hostname"', 'path = "/etc/\\u0007"', "absolute path"),
        ('source = "grow-data.sh"', 'source = "../making.py"', "no file's name"),
        ('shim = "usr', 'shim = "../usr', "absolute path"),
        ('mode = "0755"', 'mode = "4755"', "octal"),
        ('"/srv" = "0755"', '"/../srv" = "0755"', "absolute path"),
        ('"/srv" = "0755"', '"/srv" = "7777"', "octal"),
        ("disk = 30720", "disk = 8300", "300 MiB are left"),
        ("esp = 32", "esp = 0", "sizes"),
        ("esp = 32", 'esp = "32"', "Expected `int`"),
        ('data_system = "6f', 'data_system = "zz', "ids"),
        ('vendor = "debian"', 'vendor = "../x"', "vendor"),
        ("[sizes]", "[sizes]\nswap = 1", "unknown field"),
        ("[sizes]", "[sizes", "Expected"),
    ],
)
def test_what_a_stranger_could_hide_is_refused(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    with pytest.raises(ManifestError, match=why) as caught:
        system.read(own(tmp_path, old, new))
    assert caught.value.code == "manifest-value"


@pytest.mark.parametrize("like", ['"own"', '"../own"', "3", '"none-there"'])
def test_files_that_go_on_from_one_another_end(tmp_path: Path, like: str) -> None:
    with pytest.raises(ManifestError):
        system.read(own(tmp_path, top=f"like = {like}\n{TOP}"))


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "own.toml").symlink_to(system.FOLDER / "debian-12.toml")
    with pytest.raises(ManifestError):
        system.read(tmp_path / "own.toml")


def test_what_follows_from_the_ids() -> None:
    found = system.load("debian-12")
    assert f"UUID={found.ids.root_system} / ext4" in making.fstab(found)
    assert f"UUID={found.ids.data_system} /srv xfs defaults,nosuid,nodev" in making.fstab(found)
    menu = boot.menu(found, "amd64")
    assert "rootdelay" not in menu
    lines = [line for line in menu.splitlines() if line.startswith("linux ")]
    assert [line.split()[1] for line in lines] == ["/vmlinuz", "/vmlinuz.old"]
    assert all("console=ttyS0,115200n8 earlyprintk=ttyS0" in line for line in lines)
    assert "ttyAMA0" in boot.menu(found, "arm64")
    assert "serial" not in boot.menu(found, "arm64")
