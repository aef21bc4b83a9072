"""What a vendor may put into migrations/, and what each mistake is told."""

from pathlib import Path

import pytest

from agent.errors import ManifestError
from agent.manifest.kinds import Duration
from agent.migrations.folder import Declared, read_folder
from agent.release.record import MigrationRecord, StoreKind

KINDS: dict[str, StoreKind] = {"files": "files", "ledger": "sqlite", "database": "postgres"}
ONE: dict[str, StoreKind] = {"files": "files", "ledger": "sqlite"}


def write(top: Path, **folders: dict[str, str]) -> Path:
    for name, scripts in folders.items():
        folder = top / name.removeprefix("m").replace("_", "-")
        folder.mkdir(parents=True)
        for script, text in scripts.items():
            (folder / script.replace("_", ".", 1)).write_text(text)
    return top


def both(up: str = "up_py", verify: str = "verify_py") -> dict[str, str]:
    return {up: "pass", verify: "pass"}


def test_reads_in_order_with_checksums(tmp_path: Path) -> None:
    write(tmp_path, m0010_later=both(), m0002_first={**both(), "names_csv": "a,b"})
    (tmp_path / "README.md").write_text("For people.")
    (tmp_path / "0002-first/__pycache__").mkdir()
    found = read_folder(tmp_path, ONE)
    assert [each.folder for each in found] == ["0002-first", "0010-later"]
    assert found[0].stores == ("files",)
    assert list(found[0].checksums) == ["names.csv", "up.py", "verify.py"]
    assert found[0].checksums["up.py"].startswith("d74ff0ee8da3b980")


def test_no_folder_is_no_migration(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "migrations", ONE) == []


def test_what_release_toml_says(tmp_path: Path) -> None:
    write(tmp_path, m0001_first=both(), m0002_split=both("up_sql", "verify_sql"))
    said = Declared(stores=("database",), requires=(1,), timeout=Duration(600))
    found = read_folder(tmp_path, KINDS, {"0002-split": said})
    assert found[1] == MigrationRecord(
        2, "split", ("database",), found[1].checksums, requires=(1,), timeout=600.0
    )


def test_sql_means_the_one_database(tmp_path: Path) -> None:
    write(tmp_path, m0001_first=both("up_sql", "verify_py"))
    assert read_folder(tmp_path, ONE)[0].stores == ("ledger",)


@pytest.mark.parametrize(
    ("folders", "declared", "said"),
    [
        ({"m1_first": both()}, {}, "four digits"),
        ({"m0001_First": both()}, {}, "lower-case"),
        ({"m0000_first": both()}, {}, "begin with 0001"),
        ({"m0001_a": both(), "m0001_b": both()}, {}, "same number"),
        ({"m0001_a": {"up_py": ""}}, {}, "has no verify"),
        ({"m0001_a": {"verify_py": ""}}, {}, "has no up"),
        ({"m0001_a": both("up_rb")}, {}, "no program"),
        ({"m0001_a": {**both(), "up_sql": ""}}, {}, "both up.py and up.sql"),
        ({"m0001_a": both("up_sql")}, {}, "does not say for which store"),
        ({"m0001_a": both()}, {"0001-a": Declared(stores=("ledgr",))}, "no store ledgr"),
        ({"m0001_a": both()}, {"0001-a": Declared(requires=(2,))}, "requires 0002"),
        ({"m0001_a": both()}, {"0002-b": Declared()}, "no folder migrations/0002-b"),
        (
            {"m0001_a": both("up_sql")},
            {"0001-a": Declared(stores=("ledger", "database"))},
            "run in one database",
        ),
    ],
)
def test_each_mistake_is_told(
    tmp_path: Path, folders: dict[str, dict[str, str]], declared: dict[str, Declared], said: str
) -> None:
    write(tmp_path, **folders)
    with pytest.raises(ManifestError, match=said) as caught:
        read_folder(tmp_path, KINDS, declared)
    assert caught.value.code == "release-invalid"
    assert caught.value.hint


def test_links_and_folders_are_refused(tmp_path: Path) -> None:
    write(tmp_path, m0001_a=both())
    (tmp_path / "0001-a/passwd").symlink_to("/etc/passwd")
    with pytest.raises(ManifestError, match="only plain files"):
        read_folder(tmp_path, ONE)


def test_programs_by_how_they_begin(tmp_path: Path) -> None:
    write(tmp_path, m0001_a={"up_sh": "#!/bin/sh\n", "verify_py": ""})
    assert "up.sh" in read_folder(tmp_path, ONE)[0].checksums
