"""The manifest's JSON Schema, as a validator of others reads it."""

import json
import tomllib
from functools import cache
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from agent.cli.program import program
from tests.unit import house

EXAMPLES = ("ledgerbook", "sochdb")


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CliRunner().invoke(program, ["manifest", "schema"]).output)
    Draft202012Validator.check_schema(found)
    return found


def example(name: str) -> dict[str, Any]:
    return tomllib.loads((house.REPOSITORY / "examples" / name / "appliance.toml").read_text())


def complaints(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (each.json_path, each.message)
        for each in Draft202012Validator(schema()).iter_errors(manifest)
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid(name: str) -> None:
    assert complaints(example(name)) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_wrong_key_is_found_where_it_stands(name: str) -> None:
    manifest = example(name)
    manifest["appliance"]["versoin"] = "1"
    ((place, words),) = complaints(manifest)
    assert place == "$.appliance"
    assert "'versoin' was unexpected" in words


@pytest.mark.parametrize(("key", "kind"), [("level", "Level"), ("severity", "Severity")])
def test_a_word_that_is_shared_by_many_checks_is_judged(key: str, kind: str) -> None:
    manifest = example("ledgerbook")
    name = next(iter(manifest["checks"]))
    manifest["checks"][name][key] = "sometimes"
    ((place, _),) = complaints(manifest)
    assert place in (f"$.checks.{name}", f"$.checks['{name}']")
    assert kind in schema()["$defs"]


def test_definitions_stand_at_the_top_alone() -> None:
    def below(value: Any) -> int:
        if isinstance(value, list):
            return sum(map(below, value))
        if isinstance(value, dict):
            return ("$defs" in value) + sum(map(below, value.values()))
        return 0

    assert below(schema()) == 1
