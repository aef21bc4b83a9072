"""Changing a secret: told, put in place, proved; undone where it does not work; killed anywhere."""

import contextlib
import dataclasses
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli.program import program
from agent.credentials import rotation, shown
from agent.errors import CaretakerError, MachineError
from agent.host import files
from agent.host.spawn import Completed
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.remedies import credentials as remedy
from agent.remedies.remedy import Scene
from agent.services.protocol import ServiceState
from agent.values import values_for
from tests.scripted_host import ScriptedHost, scripted_host

MANIFEST = """
[appliance]
name = "app"
version = "1"
[secrets.sql]
title = "Password"
{rotate}
[secrets.other]
[services.db]
command = ["{{release}}/db"]
[services.db.environment]
PASSWORD = "{{secret:sql}}"
"""
HOOK = 'rotate = ["/hook"]'


class Crash(BaseException):
    """The power is gone."""


class Services:
    """`refuses` are values of the secret with which the database does not come up."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.restarts, self.refuses = layout, list[str](), set[str]()

    def names(self) -> tuple[str, ...]:
        return ("db",)

    def restart(self, name: str) -> None:
        self.restarts.append(name)

    def state(self, name: str) -> ServiceState:
        value = (self.layout.secrets / "sql").read_text().strip()
        runs = value not in self.refuses and "*" not in self.refuses
        return ServiceState(name, f"{name}.service", runs, "active" if runs else "failed")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path, "app")
    layout.secrets.mkdir(parents=True)
    layout.state.mkdir(parents=True)
    layout.etc.mkdir(parents=True)
    for name in ("sql", "other"):
        (layout.secrets / name).write_text(f"old-{name}\n")
    return layout


@pytest.fixture
def told() -> list[dict[str, str]]:
    return []


@pytest.fixture
def scene(layout: Layout, told: list[dict[str, str]]) -> Scene:
    host = scripted_host(layout.root)
    run = host.run

    def listening(argv: list[str], *, stdin: bytes | None = None, **rest: object) -> Completed:
        told.append(json.loads(stdin or b"{}"))
        return run(argv, timeout=1)

    object.__setattr__(host, "run", listening)  # frozen; it hears what the hook is told
    host.programs["/hook",] = 0
    return scene_of(layout, host, HOOK)


def scene_of(layout: Layout, host: ScriptedHost, rotate: str) -> Scene:
    text = MANIFEST.format(rotate=rotate)
    layout.manifest.write_text(text)
    manifest = parse(text, file="appliance.toml")
    services = Services(layout)
    return Scene(host, manifest, layout, values_for(manifest, layout), services)  # type: ignore[arg-type] # only what rotation asks


def value(scene: Scene) -> str:
    return (scene.layout.secrets / "sql").read_text().strip()


def left_over(scene: Scene) -> list[str]:
    return sorted(path.name for path in scene.layout.secrets.iterdir() if path.name[0] == ".")


def test_a_new_value_is_told_put_in_place_and_proved(
    scene: Scene, told: list[dict[str, str]]
) -> None:
    assert rotation.rotate(scene, "sql") == "changed; restarted db"
    assert value(scene) != "old-sql"
    assert told == [{"secret": "sql", "old": "old-sql", "new": value(scene)}]
    assert scene.services.restarts == ["db"]  # type: ignore[attr-defined] # ours
    assert (scene.layout.secrets / "sql").stat().st_mode & 0o777 == 0o600
    assert left_over(scene) == []


def test_where_the_new_value_does_not_work_the_old_one_is_back(
    scene: Scene, told: list[dict[str, str]]
) -> None:
    def state(name: str) -> ServiceState:
        runs = value(scene) == "old-sql"
        return ServiceState(name, "", runs, "active" if runs else "failed", summary="no")

    scene.services.state = state  # type: ignore[method-assign] # only the old value works
    with pytest.raises(MachineError, match="the old value is in force again") as caught:
        rotation.rotate(scene, "sql")
    assert value(scene) == "old-sql"
    assert [(each["old"] == "old-sql", each["new"] == "old-sql") for each in told] == [
        (True, False),
        (False, True),
    ]
    assert left_over(scene) == []
    assert told[0]["new"] not in caught.value.message


def test_where_nothing_works_that_is_said(scene: Scene) -> None:
    scene.services.refuses = {"*"}  # type: ignore[attr-defined] # ours
    with pytest.raises(MachineError, match="neither a new nor the old value"):
        rotation.rotate(scene, "sql")
    assert value(scene) == "old-sql"
    assert left_over(scene) == []


def test_a_program_that_refuses_leaves_the_old_value_and_says_nothing_of_either(
    scene: Scene,
) -> None:
    scene.host.programs["/hook",] = Completed(("/hook",), 3, "", "old-sql is wrong", 0.1)  # type: ignore[attr-defined] # scripted
    with pytest.raises(MachineError, match="exited with 3") as caught:
        rotation.rotate(scene, "sql")
    assert value(scene) == "old-sql"
    assert "old-sql" not in str(caught.value)


@pytest.fixture
def crashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """At which change of the disk to end: `crashes[0]`, counted in `crashes[1]`."""
    count = [0, 0]
    for verb in ("replace", "rename", "remove"):
        real = getattr(files, verb)

        def wrapped(*args: object, _real: object = real, **kwargs: object) -> object:
            count[1] += 1
            if count[1] == count[0]:
                raise Crash
            return _real(*args, **kwargs)  # type: ignore[operator] # the real one

        monkeypatch.setattr(files, verb, wrapped)
    return count


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("moment", range(1, 12))
def test_killed_at_any_change_the_next_run_finishes_it(
    scene: Scene, crashes: list[int], told: list[dict[str, str]], moment: int, *, works: bool
) -> None:
    def state(name: str) -> ServiceState:
        runs = works or value(scene) == "old-sql"
        return ServiceState(name, "", runs, "active" if runs else "failed")

    scene.services.state = state  # type: ignore[method-assign] # ours
    crashes[0] = moment
    with contextlib.suppress(Crash, CaretakerError):
        rotation.rotate(scene, "sql")
    crashes[0] = 0
    for fault in remedy.find(scene):
        with contextlib.suppress(CaretakerError):
            remedy.mend(scene, fault)
    assert remedy.find(scene) == []
    assert left_over(scene) == []
    assert value(scene)
    if not works:
        assert value(scene) == "old-sql"
    if told:
        assert told[-1]["new"] == value(scene)  # the application knows what stands there


def test_a_checks_program_proves_the_new_value_but_never_as_root(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = scripted_host(layout.root)
    host.programs["/look",] = 0
    made = scene_of(layout, host, "")
    check = '[checks.c]\ntype = "command"\ncommand = ["/look"]\nenvironment.P = "{secret:other}"\n'
    text = MANIFEST.format(rotate="") + check
    scene = dataclasses.replace(made, manifest=parse(text, file="appliance.toml"))
    assert rotation._trouble(scene, "other") == ""
    monkeypatch.setattr(Layout, "embedded", property(lambda self: False))
    assert rotation._trouble(scene, "other") == ""
    assert host.users[-2:] == ["", "caretaker"]


def run(layout: Layout, *words: str) -> Result:
    return CliRunner().invoke(program, ["--root", str(layout.root), "credentials", *words])


def test_the_list_says_all_but_the_value(scene: Scene) -> None:
    text = run(scene.layout).output
    assert "sql" in text
    assert "used by db" in text
    assert "old-" not in text + run(scene.layout, "list", "--json").output


def test_a_value_is_shown_once(scene: Scene) -> None:
    layout = scene.layout
    refused = run(layout, "show-once", "sql")
    assert isinstance(refused.exception, CaretakerError)
    assert "no terminal" in refused.exception.message
    assert run(layout, "show-once", "sql", "--print").output == "old-sql\n"
    again = run(layout, "show-once", "sql", "--print")
    assert isinstance(again.exception, CaretakerError)
    assert "rotate sql" in again.exception.hint
    rotation.rotate(scene, "sql")
    assert not shown.was_shown(layout, "sql")


def test_unknown_names_suggest_the_nearest(scene: Scene) -> None:
    for words in (("rotate", "sqll"), ("show-once", "sqll")):
        result = run(scene.layout, *words)
        assert isinstance(result.exception, CaretakerError)
        assert "sql" in result.exception.message
        assert result.exception.exit_status == 2
