"""Where backups go: who else may write there, and a password in a URL that is shown to nobody."""

import os
from pathlib import Path

import pytest

from agent.backup.place import Place, lost, safe_folder, without_password
from agent.backup.restic_words import Failed
from agent.errors import RefusedError

SECRET = "rest:https://shop:s3cr3t@backup.example:8000/shop"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (SECRET, "rest:https://shop:…@backup.example:8000/shop"),
        ("rest:https://:s3cr3t@host/", "rest:https://:…@host/"),
        ("rest:https://shop:p@s3cr3t@host/a@b", "rest:https://shop:…@host/a@b"),
        ("dial https://shop:s3cr3t@host/: refused", "dial https://shop:…@host/: refused"),
        ("sftp:shop@host:/backup", "sftp:shop@host:/backup"),
        ("s3:https://minio.example:9000/bucket", "s3:https://minio.example:9000/bucket"),
        ("/mnt/backup/a@b", "/mnt/backup/a@b"),
    ],
)
def test_the_password_in_a_url_is_blotted_out(said: str, shown: str) -> None:
    assert without_password(said) == shown


def test_no_error_says_it() -> None:
    place = Place(repository=SECRET, chosen=True)
    failed = Failed("backup", place.shown, without_password(f"Fatal: unable to open {SECRET}"))
    for error in (failed, lost(place)):
        assert "s3cr3t" not in f"{error.message} {error.hint}"
        assert "backup.example" in error.message


@pytest.mark.skipif(os.geteuid() != 0, reason="gives folders away")
@pytest.mark.parametrize("there", [True, False])
def test_nobody_may_put_another_folder_in_its_place(tmp_path: Path, *, there: bool) -> None:
    above = tmp_path / "home"
    (above / "backup").mkdir(parents=True, mode=0o700)
    safe_folder(above / "backup")
    os.chown(above, 65534, 65534)
    if not there:
        (above / "backup").rmdir()
    with pytest.raises(RefusedError, match="in its place"):
        safe_folder(above / "backup")
    link = tmp_path / "link"
    link.symlink_to(above / "backup")
    with pytest.raises(RefusedError):
        safe_folder(link)
