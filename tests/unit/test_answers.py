"""Answers: which source counts, what is refused and how it is told, and asking for the rest."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ManifestError
from agent.manifest.reader import parse
from setup.answers import DEFAULT, KEPT, PREFIX, Answers, allowed, as_answer, example, gather
from setup.questions import complete
from setup.sheet import Sheet, parse_sheet

MANIFEST = parse("""
[appliance]
name = "shop"
version = "1"
title = "Shop"
[settings]
region = { title = "Region", default = "eu", choices = ["eu", "us-east"] }
workers = { title = "Workers", type = "number", default = 4 }
mail = { title = "Send mail?", type = "switch", default = false }
host-name = { title = "Host name", pattern = '[a-z.]+', required = true }
note = { title = "Note" }
""")


def settle(
    *,
    flags: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    file: str = "",
    kept: Mapping[str, Any] | None = None,
) -> Answers:
    return gather(
        MANIFEST,
        flags=flags or {},
        environment=environment or {},
        sheet=parse_sheet(file.encode(), "answers.toml"),
        kept=kept or {},
    )


def test_each_source_counts_before_the_next() -> None:
    sources: list[tuple[str, dict[str, Any]]] = [
        ("--set workers", {"flags": {"workers": "1"}}),
        ("CARETAKER_SETTING_WORKERS", {"environment": {"CARETAKER_SETTING_WORKERS": "2"}}),
        ("answers.toml:2", {"file": "[settings]\nworkers = 3\n"}),
        (KEPT, {"kept": {"workers": 5}}),
        (DEFAULT, {}),
    ]
    for number, (source, _) in enumerate(sources):
        everything: dict[str, Any] = {}
        for _, said in sources[number:]:
            everything |= said
        found = settle(**everything).given["workers"]
        assert (found.source, found.value) == (source, [1, 2, 3, 5, 4][number])


def test_only_what_somebody_said_is_kept() -> None:
    answers = settle(file="[settings]\nregion = 'us-east'\n", kept={"note": "x"})
    assert answers.said == {"region": "us-east", "note": "x"}
    assert answers.values == {
        "region": "us-east",
        "workers": 4,
        "mail": False,
        "host-name": "",
        "note": "x",
    }


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("mail", "yes", True),
        ("mail", "ON", True),
        ("mail", "0", False),
        ("workers", " -3 ", -3),
        ("host-name", "a.b", "a.b"),
        ("region", "eu", "eu"),
    ],
)
def test_words_are_read_by_the_question(name: str, words: str, value: object) -> None:
    assert as_answer(words, MANIFEST.settings[name]) == (value, "")
    key = f"{PREFIX}{name.upper().replace('-', '_')}"
    assert settle(environment={key: words}).values[name] == value


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("[settings]\n\nregoin = 1", 'answers.toml:3: regoin: the appliance has no such setting; '),
        ("[settings]\nregoin = 1", '; did you mean "region"?'),
        ("[settings]\nregion = 'us-esat'", "answers.toml:2: region: 'us-esat' is none of eu, us-"),
        ("[settings]\nregion = 'us-esat'", '; did you mean "us-east"?'),
        ("[settings]\nworkers = '3'", "workers: must be a whole number, not '3'"),
        ("[settings]\nworkers = 1.5", "workers: must be a whole number, not 1.5"),
        ("[settings]\nmail = 1", "mail: must be true or false, not 1"),
        ("[settings]\nhost-name = 'A'", "host-name: 'A' does not match [a-z.]+"),
        ("[settings]\nnote = 2026-11-21", "note: must be text"),
        ("[settings]\nnote = 'a\\nb'", ""),
        ('[settings]\nnote = "a\\nb"', "note: holds a character that can't be printed ('\\n')"),
        ('[settings]\nnote = "a\\u0000"', "('\\x00')"),
        ("settings = 1", "answers.toml: settings: must be a table, not 1"),
        ("setings = 1", 'answers.toml: setings: unknown key; did you mean "settings"?'),
        ("[signal.x]", "signal.x: unknown key; known here: cloudformation"),
        ("[signal.cloudformation]\nstack = 's'", "signal.cloudformation.resource: is ''"),
        ("[signal.cloudformation]\nstack = '--help'\nresource = 'r'", "is '--help', which is no "),
        ("[signal.cloudformation]\nstak = 's'", 'did you mean "stack"?'),
        ("x = ", "answers.toml: not TOML"),
        ('{"settings": ', "answers.toml: not JSON"),
        ("{" * 100_000, "not JSON"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told_with_its_place(file: str, told: str) -> None:
    if not told:
        assert settle(file=file).values["note"] == "a\\nb"
        return
    with pytest.raises(ManifestError) as error:
        settle(file=file)
    assert error.value.code == "answers-invalid"
    assert told in error.value.message
    assert error.value.hint


@pytest.mark.parametrize(
    ("key", "words", "told"),
    [
        ("WORKERS", "many", "CARETAKER_SETTING_WORKERS: workers: must be a whole number"),
        ("MAIL", "maybe", "CARETAKER_SETTING_MAIL: mail: must be true or false, not 'maybe'"),
        ("WORKES", "1", 'CARETAKER_SETTING_WORKES: workes: the appliance has no such setting; did'),
        ("NOTE", "a\nb", "can't be printed"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_told_with_its_name(key: str, words: str, told: str) -> None:
    with pytest.raises(ManifestError) as error:
        settle(environment={f"{PREFIX}{key}": words, "HOME": "/", "CARETAKER_ROOT": "/x"})
    assert told in error.value.message


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ManifestError) as error:
        settle(file="[settings]\na = 1\nb = 2\n", flags={"workers": "x"})
    assert len(error.value.message.splitlines()) == 3


def test_json_says_the_same_as_toml() -> None:
    as_json = json.dumps({"settings": {"workers": 7, "mail": True}})
    answers = settle(file=as_json)
    assert (answers.values["workers"], answers.values["mail"]) == (7, True)
    assert answers.given["workers"].source == "answers.toml"


def test_a_stack_to_signal_is_read() -> None:
    text = "[signal.cloudformation]\nstack = 'my-stack'\nresource = 'Fleet'\nregion = 'eu-west-1'\n"
    stack = parse_sheet(text.encode(), "x").stack
    assert stack is not None
    assert (stack.stack, stack.resource, stack.region) == ("my-stack", "Fleet", "eu-west-1")
    assert Sheet().stack is None


def test_what_is_required_and_unanswered_is_missing() -> None:
    assert settle().missing == ("host-name",)
    assert settle(flags={"host-name": "a"}).missing == ()
    assert settle(file='[settings]\nnote = ""').missing == ("host-name",)


def test_nobody_to_ask_is_an_error_that_shows_a_file() -> None:
    with pytest.raises(ManifestError) as error:
        complete(MANIFEST, settle(), None)
    assert "host-name: Host name" in error.value.message
    shown = error.value.message.partition("looks like this:\n")[2]
    shown = "\n".join(line.removeprefix("  ") for line in shown.splitlines())
    assert shown == example(MANIFEST).rstrip()
    filled = shown.replace('host-name = ""', 'host-name = "a.b"')
    assert settle(file=filled).missing == ()


def test_a_person_is_asked_until_the_answer_fits() -> None:
    typed = iter(["", "A B", "db.example"])
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return next(typed)

    answers = complete(MANIFEST, settle(), ask)
    assert answers.values["host-name"] == "db.example"
    assert answers.missing == ()
    assert prompts[0] == "Host name (text like [a-z.]+): "
    assert "an answer is needed" in prompts[1]
    assert "does not match" in prompts[2]


def test_nothing_is_asked_where_all_is_answered() -> None:
    answers = settle(flags={"host-name": "a"})
    assert complete(MANIFEST, answers, None) is answers


def test_a_terminal_that_closes_is_nobody() -> None:
    def ask(_: str) -> str:
        raise EOFError

    with pytest.raises(ManifestError):
        complete(MANIFEST, settle(), ask)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("region", "one of eu, us-east"),
        ("workers", "a whole number"),
        ("mail", "true or false"),
        ("note", ""),
    ],
)
def test_what_is_allowed_is_said_in_words(name: str, words: str) -> None:
    assert allowed(MANIFEST.settings[name]) == words


def accepted(content: bytes) -> bool:
    """Whether a file is taken; if not, the message must name it."""
    try:
        sheet = parse_sheet(content, "x")
        gather(MANIFEST, flags={}, environment={}, sheet=sheet, kept={})
    except ManifestError as error:
        if not error.message.startswith("x:"):
            raise
        return False
    return True


@given(st.binary(max_size=300))
def test_no_file_is_too_strange(content: bytes) -> None:
    assert accepted(content) in (True, False)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
NAMES = st.sampled_from([*MANIFEST.settings, "other"])


@given(st.dictionaries(st.sampled_from(["settings", "signal", "x"]), TREES, max_size=3))
def test_no_json_is_too_strange(raw: dict[str, Any]) -> None:
    assert accepted(json.dumps(raw).encode()) in (True, False)


@given(st.dictionaries(NAMES, LEAVES))
def test_an_accepted_answer_is_one_the_question_allows(raw: dict[str, Any]) -> None:
    sheet = parse_sheet(json.dumps({"settings": raw}).encode(), "x")
    try:
        answers = gather(MANIFEST, flags={}, environment={}, sheet=sheet, kept={})
    except ManifestError:
        return
    for name, value in raw.items():
        assert answers.values[name] == value
        assert type(value) is type(answers.values[name])


@given(st.dictionaries(NAMES, st.text(max_size=20)))
def test_words_from_outside_never_crash(raw: dict[str, str]) -> None:
    variables = {f"{PREFIX}{name.upper()}": words for name, words in raw.items()}
    sheet = Sheet()
    for flags, environment in ((raw, {}), ({}, variables)):
        try:
            answers = gather(MANIFEST, flags=flags, environment=environment, sheet=sheet, kept={})
        except ManifestError:
            continue
        assert all(type(v) in (str, int, bool) for v in answers.values.values())
