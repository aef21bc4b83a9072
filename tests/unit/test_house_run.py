"""The one command for all tests says what it does before it does anything."""

import subprocess

import pytest

from tests.unit import house

RUN = house.REPOSITORY / "tests/run"


@pytest.mark.real
def test_help_names_every_choice_and_does_nothing() -> None:
    said = subprocess.run([str(RUN), "--help"], capture_output=True, text=True, check=True).stdout
    options = [
        word for word in RUN.read_text().split() if word.startswith("--") and word[-1] == ")"
    ]
    assert {"--lint)", "--unit)", "--machine)", "--image)", "--prepare)"} == set(options)
    assert [option for option in options if option[:-1] not in said] == []
    assert "==" not in said


def test_ci_calls_the_same_command_and_lets_nothing_be_missing() -> None:
    script = (house.REPOSITORY / ".ci/run").read_text()
    assert "CI=true exec ./tests/run </dev/null" in script
