"""The table of check types agrees with the manifest and with the code it names."""

import ast
import inspect
import typing
from pathlib import Path

import pytest

from agent.health import look
from agent.health.checks import CHECKS
from agent.health.context import CheckType
from agent.health.wire import trouble
from agent.manifest.checks import AnyCheck
from tests.unit.checks_world import world

MAKERS = ("failed", "warned", "PostgresTrouble")


def test_every_type_of_the_manifest_has_its_look_in_the_same_order() -> None:
    kinds = typing.get_args(AnyCheck)
    assert {each.params for each in CHECKS} == set(kinds)
    assert [each.code for each in CHECKS] == [kind.__struct_config__.tag for kind in kinds]


def test_each_stands_in_a_file_of_its_own() -> None:
    for each in CHECKS:
        assert Path(inspect.getfile(each.look)).stem == each.code


@pytest.mark.parametrize("kind", CHECKS, ids=lambda kind: kind.code)
def test_codes_are_words_and_each_once(kind: CheckType) -> None:
    assert len(set(kind.codes)) == len(kind.codes)
    for code in kind.codes:
        assert code.replace("-", "").isalpha()
        assert code.islower()
    assert kind.hang
    assert kind.cost


def literal_codes(path: Path) -> set[str]:
    """The codes written out where a finding is made."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            if node.func.id in MAKERS and isinstance(first, ast.Constant):
                found.add(str(first.value))
    return found


@pytest.mark.parametrize("kind", CHECKS, ids=lambda kind: kind.code)
def test_no_file_makes_a_finding_its_type_does_not_name(kind: CheckType) -> None:
    written = literal_codes(Path(inspect.getfile(kind.look)))
    assert written - set(kind.codes) == set()


def test_shared_places_name_their_codes_too() -> None:
    assert literal_codes(Path(inspect.getfile(trouble))) <= set(trouble.CODES)
    assert literal_codes(Path(inspect.getfile(look))) <= set(look.CODES)


def test_looking_is_ready_for_every_type(tmp_path: Path) -> None:
    assert set(look._TYPES) == {each.params for each in CHECKS}
    assert world(tmp_path).context.memory == {}
