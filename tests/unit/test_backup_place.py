"""Where backups go: a password in the repository's URL is shown to nobody."""

import pytest

from agent.backup.place import Place, lost, without_password
from agent.backup.restic_words import Failed

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
