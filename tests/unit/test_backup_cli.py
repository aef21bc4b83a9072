"""`caretaker backup`, as people and programs use it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.backup import place
from agent.cli.program import program
from agent.errors import CaretakerError
from agent.host import streaming
from agent.manifest.reader import examine
from tests.unit.backup_stage import Shop, shop

pytestmark = pytest.mark.real


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(streaming, "is_installed", lambda name: False)
    return shop(tmp_path / "root")


def say(here: Shop, *words: str) -> Result:
    return CliRunner().invoke(program, ["--root", str(here.scene.layout.root), *words])


def test_made_listed_read_back_and_exported(here: Shop, tmp_path: Path) -> None:
    made = say(here, "backup", "create")
    assert made.exit_code == 0, made.output
    assert "Keep it somewhere else: sudo caretaker backup password" in made.output
    assert "password" not in say(here, "backup", "create").output
    [first, _, last] = say(here, "backup").stdout.splitlines()
    assert last.startswith("2 backups in ")
    told = json.loads(say(here, "backup", "list", "--json").stdout.splitlines()[0])
    assert first.startswith(told["id"])
    assert say(here, "backup", "verify", "--full").stdout == "sound: everything was read\n"
    target = tmp_path / "x.tar.zst"
    assert say(here, "backup", "export", "latest", "--output", str(target)).exit_code == 0
    assert target.stat().st_mode & 0o777 == 0o600
    again = say(here, "backup", "export", "latest", "--output", str(target))
    assert isinstance(again.exception, CaretakerError | SystemExit)


def test_the_password_is_shown_to_a_terminal_only(here: Shop) -> None:
    say(here, "backup", "create")
    refused = say(here, "backup", "password")
    assert place.key(here.scene.layout).decode() not in refused.output
    shown = say(here, "backup", "password", "--print")
    assert shown.stdout.strip() == place.key(here.scene.layout).decode()
    [*_, last] = here.ledger()
    assert (last.act, last.why) == ("backup-password", "it was shown")


def test_a_place_that_does_not_open_leaves_the_one_before(here: Shop, tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    assert say(here, "backup", "connect", str(good)).exit_code == 0
    bad.mkdir()
    bad.chmod(0o777)
    assert say(here, "backup", "connect", str(bad)).exit_code != 0
    assert say(here, "backup", "connect", "relative/path").exit_code != 0
    assert place.place_of(here.scene.manifest.backup, here.scene.layout).repository == str(good)
    say(here, "backup", "create")
    assert len(list(good.glob("*.tar.zst"))) == 1


def test_credentials_of_a_place_are_names_and_values_and_nothing_else(
    here: Shop, tmp_path: Path
) -> None:
    for text in ("RESTIC_PASSWORD=x", "LD_PRELOAD=/x", "no sign", "lower=x"):
        (tmp_path / "env").write_text(f"AWS_ACCESS_KEY_ID=x\n{text}\n")
        done = say(here, "backup", "connect", str(tmp_path / "a"), "--environment-file",
                   str(tmp_path / "env"))  # fmt: skip
        assert done.exit_code != 0
        assert not place.environment_path(here.scene.layout).exists()


def test_a_restore_is_planned_and_asked_for(here: Shop) -> None:
    say(here, "backup", "create")
    plan = say(here, "backup", "restore", "latest", "--plan")
    assert "stays in the data of before, which is kept" in plan.stdout
    assert say(here, "backup", "restore", "latest").exit_code != 0
    assert say(here, "backup", "restore").exit_code != 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('freeze = ["/bin/true"]', "must be given with freeze"),
        ('hold = "2h"', "between 1s and 1h"),
        ('exclude = ["../x"]', "leads out of the data"),
        ('thaw = ["/bin/x", "{secret:key}"]', "every user can read"),
    ],
)
def test_what_a_manifest_may_not_say(text: str, words: str) -> None:
    head = '[appliance]\nname = "shop"\nversion = "1"\n[secrets.key]\n[backup]\n'
    _, mistakes = examine(head + text + "\n")
    assert [each.message for each in mistakes if words in each.message]
