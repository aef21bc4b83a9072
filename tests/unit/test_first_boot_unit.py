"""caretaker-setup.service: what must not change in it, and why it can't wait for itself."""

from pathlib import Path

import pytest

from setup.options import read_options
from setup.outcome import ATTENTION, BUSY, PREFLIGHT, UNDONE

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    """Key -> every value said for it; an assignment's words apart."""
    found: dict[str, list[str]] = {}
    for line in (REPOSITORY / "systemd/caretaker-setup.service").read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).extend(value.split())
    return found


def test_it_runs_once_a_machine_id_and_only_where_an_image_brought_a_manifest(
    unit: dict[str, list[str]],
) -> None:
    mark = "/var/lib/caretaker/first-boot-%m"
    assert unit["ConditionPathExists"] == ["/etc/caretaker/appliance.toml", f"!{mark}"]
    assert unit["ExecStartPost"] == ["/bin/touch", mark]


def test_it_waits_for_answers_but_for_nothing_that_waits_for_it(
    unit: dict[str, list[str]],
) -> None:
    assert {"cloud-init.service", "cloud-init-network.service"} <= set(unit["After"])
    # These wait for multi-user.target or are started by setup itself.
    forbidden = {"cloud-final.service", "cloud-init.target", "multi-user.target"}
    assert not forbidden & set(unit["After"])
    started = {"caretaker.service", "caretaker.target", "caretaker-act.socket"}
    assert not started & {*unit["Before"], *unit["After"]}
    assert unit["WantedBy"] == ["multi-user.target"]


def test_it_tries_again_only_what_may_pass_by_itself(unit: dict[str, list[str]]) -> None:
    left = {int(status) for status in unit["RestartPreventExitStatus"]}
    assert left == {2, 3, PREFLIGHT, ATTENTION}
    assert not {UNDONE, BUSY} & left
    assert unit["Restart"] == ["on-failure"]
    assert "StartLimitBurst" in unit


def test_its_command_line_is_one_setup_understands(unit: dict[str, list[str]]) -> None:
    program, *words = unit["ExecStart"]
    assert program == "/opt/caretaker/tool/setup/setup.sh"
    options = read_options(words, {})
    assert options.first_boot
    assert options.yes
    assert options.appliance is None
