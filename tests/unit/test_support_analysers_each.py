"""Each analyser on a machine that is fine, on one that is not, and on nothing."""

from __future__ import annotations

import re
from typing import Any

import click
import pytest

from agent.cli.program import program
from support.analysers import ANALYSERS
from support.analysers.analyser import Analyser
from tests.unit.support_bad_machines import BAD, FINE, Files
from tests.unit.support_bundle_sample import HOSTILE
from tests.unit.support_evidence import asked

BY_CODE = {each.code: each for each in ANALYSERS}


def test_each_has_a_code_of_its_own_and_is_tried() -> None:
    assert len(BY_CODE) == len(ANALYSERS)
    assert set(FINE) == set(BY_CODE)
    assert {code for code, *_ in BAD} == set(BY_CODE)
    watches = {watch for each in ANALYSERS for watch in each.watches}
    assert len({watch.code for watch in watches}) == len(watches)


@pytest.mark.parametrize("code", FINE)
def test_it_passes_a_machine_that_is_fine(code: str) -> None:
    assert [(each.answer, each.code) for each in asked(BY_CODE[code], FINE[code])] == [
        ("pass", code)
    ]


@pytest.mark.parametrize(("code", "answer", "words", "files"), BAD, ids=lambda each: str(each)[:40])
def test_it_objects_with_evidence_and_advice(
    code: str, answer: str, words: str, files: Files
) -> None:
    told = [each for each in asked(BY_CODE[code], files) if words in each.summary]
    assert [each.answer for each in told] == [answer]
    assert told[0].evidence
    assert all(seen.file in files for seen in told[0].evidence)
    assert told[0].advice


@pytest.mark.parametrize("analyser", ANALYSERS, ids=lambda each: each.code)
def test_nothing_is_unknown_not_fine(analyser: Analyser) -> None:
    assert {each.answer for each in asked(analyser, {})} == {"unknown"}


SHAPES: tuple[Any, ...] = (None, [], {}, 7, "x", [None, 1, "x", [], {}], {"report": 3},
                           {"tasks": {"x": None}, "targets": [], "collectors": 1})  # fmt: skip


@pytest.mark.parametrize("analyser", ANALYSERS, ids=lambda each: each.code)
def test_files_of_any_other_shape_break_none(analyser: Analyser) -> None:
    names = [glob for glob in analyser.reads if "*" not in glob]
    torn = [b"", b"{", b"\x00\xff" * 50, b"[" * 5000, HOSTILE.encode(), b'{"mount": 1e999}\n']
    for content in (*SHAPES, *torn):
        told = asked(analyser, dict.fromkeys(names, content))
        assert not [each.summary for each in told if "broke on the files" in each.summary]


def advised() -> set[str]:
    told = [each for code, _, _, files in BAD for each in asked(BY_CODE[code], files)]
    commands = {
        found for each in told for found in re.findall(r"caretaker [a-z][^;,:]*", each.advice)
    }
    return {" ".join(each.split()) for each in commands}


def test_commands_that_are_advised_exist() -> None:
    context = click.Context(program)
    for line in advised():
        words = line.split()[1:]
        command = program.get_command(context, words[0])
        assert command is not None or words[0] == "support-bundle", line
        rest = words[1:]
        if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            command, rest = command.get_command(context, rest[0]), rest[1:]
            assert command is not None, line
        for option in [word for word in rest if word.startswith("-") and command is not None]:
            known = [name for each in command.params for name in each.opts] if command else []
            assert option in (*known, "--help"), line
