"""Remedies of the vendor's own: when they see a fault, as whom they act, when they are cured."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.host.spawn import Completed
from agent.remedies import mend
from agent.remedies.declared import all_remedies, declared_remedies
from agent.remedies.remedy import Budget, Scene
from agent.remedies.round import Asker
from tests.scripted_host import ScriptedHost, scripted_host
from tests.unit.remedy_stage import scene_of

HEAD = """
[appliance]
name = "shop"
version = "1"
[checks.mark]
type = "file"
path = "{data}/mark"
timeout = "2s"
"""
REMEDY = """
[remedies.touch]
title = "Make the mark"
checks = ["mark"]
command = ["/opt/mark", "{data}"]
attempts = 2
window = "10m"
"""


def stage(root: Path, text: str) -> tuple[Scene, ScriptedHost]:
    host = scripted_host(root)
    return scene_of(root, text, host=host), host


def marks(scene: Scene) -> Path:
    mark = scene.layout.data / "mark"
    mark.parent.mkdir(parents=True, exist_ok=True)
    return mark


def test_it_is_a_remedy_like_any_other(root: Path) -> None:
    scene, _ = stage(root, HEAD + REMEDY)
    [remedy] = declared_remedies(scene.manifest)
    assert (remedy.name, remedy.title, remedy.unasked) == ("touch", "Make the mark", True)
    assert remedy.budget == Budget(acts=2, window=600.0)
    assert all_remedies(scene.manifest)[-1].name == "touch"


def test_it_runs_its_program_and_the_check_is_the_proof(root: Path) -> None:
    scene, host = stage(root, HEAD + REMEDY)
    mark = marks(scene)

    def program(argv: tuple[str, ...]) -> Completed:
        mark.write_text("x")
        return Completed(argv, 0, "", "", 0.1)

    host.programs["/opt/mark"] = program
    [deed] = mend.run(list(declared_remedies(scene.manifest)), scene, Asker("agent"))
    assert (deed.outcome, deed.target, deed.code) == ("done", "touch", "file-missing")
    assert host.asked == [("/opt/mark", str(scene.layout.data))]
    assert mend.run(list(declared_remedies(scene.manifest)), scene, Asker("agent")) == []


def test_a_program_that_ends_well_and_cures_nothing_did_not_cure(root: Path) -> None:
    scene, host = stage(root, HEAD + REMEDY)
    marks(scene)
    host.programs["/opt/mark"] = 0
    remedies = list(declared_remedies(scene.manifest))
    [deed] = mend.run(remedies, scene, Asker("agent"))
    assert deed.outcome == "uncured"
    assert sum(host.clock.slept) >= 10, "it gave the check time"
    host.clock.advance(60)
    mend.run(remedies, scene, Asker("agent"))
    host.clock.advance(60)
    [deed] = mend.run(remedies, scene, Asker("agent"))
    assert deed.outcome == "safe"


def test_a_program_that_fails_is_told(root: Path) -> None:
    scene, host = stage(root, HEAD + REMEDY)
    marks(scene)
    host.programs["/opt/mark"] = 3
    [deed] = mend.run(list(declared_remedies(scene.manifest)), scene, Asker("agent"))
    assert (deed.outcome, deed.said) == ("failed", "/opt/mark: exit status 3")


def test_only_the_codes_it_names(root: Path) -> None:
    scene, _ = stage(root, HEAD + REMEDY + 'codes = ["file-old"]\n')
    marks(scene)
    assert mend.plan(list(declared_remedies(scene.manifest)), scene, Asker("agent")) == []


def test_not_while_its_own_program_says_that_all_is_well(root: Path) -> None:
    scene, host = stage(root, HEAD + REMEDY + 'verify = ["/opt/well"]\n')
    marks(scene)
    remedies = list(declared_remedies(scene.manifest))
    host.programs["/opt/well"] = 0
    assert mend.plan(remedies, scene, Asker("agent")) == []
    host.programs["/opt/well"] = 1
    assert [deed.outcome for deed in mend.plan(remedies, scene, Asker("agent"))] == ["would"]


def test_not_where_another_check_is_the_cause(root: Path) -> None:
    cause = '[checks.disk]\ntype = "file"\npath = "/nowhere"\n'
    text = HEAD + 'requires = ["disk"]\n' + cause + REMEDY
    scene, _ = stage(root, text)
    marks(scene)
    assert mend.plan(list(declared_remedies(scene.manifest)), scene, Asker("agent")) == []


@pytest.mark.parametrize(
    ("root_is", "user", "expected"),
    [("/", "", "shop"), ("/", "www-data", "www-data"), ("/x", "", ""), ("/x", "www", "www")],
)
def test_it_acts_as_the_declared_user_never_as_root(
    root: Path, root_is: str, user: str, expected: str
) -> None:
    from dataclasses import replace

    from agent.layout import Layout
    from agent.remedies.declared import user_of

    scene, _ = stage(root, HEAD + REMEDY + (f'user = "{user}"\n' if user else ""))
    scene = replace(scene, layout=Layout(Path(root_is), "shop"))
    assert user_of(scene.manifest.remedies["touch"], scene) == expected
