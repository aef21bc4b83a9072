"""Collectors by name: all, some, all but some; and what was probably meant."""

from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.layout import Layout
from support.collectors import COLLECTORS, selection
from support.collectors.collector import Collector
from support.scene import Scene
from tests.scripted_host import NOW, scripted_host
from tests.unit.services_fixtures import manifest_of

SERVICES = """
[services.web]
command = ["{release}/web"]
[services.db]
unit = "postgresql.service"
[services.again]
unit = "postgresql.service"
"""


def scene(root: Path) -> Scene:
    host = scripted_host(root)
    return Scene(host, Layout(root, "shop"), manifest_of(SERVICES), NOW - 86400, NOW)


def codes(collectors: tuple[Collector, ...]) -> list[str]:
    return [each.code for each in collectors]


def test_every_code_stands_once_and_each_service_has_a_journal(root: Path) -> None:
    found = codes(selection.collectors_for(scene(root)))
    assert len(found) == len(set(found))
    assert [code for code in found if code.startswith("journal")] == [
        "journal.web",
        "journal.db",
        "journal-caretaker",
        "journal-kernel",
        "journal-system",
    ]
    assert set(codes(COLLECTORS)) <= set(found)


def test_a_word_means_all_that_begin_with_it(root: Path) -> None:
    every = selection.collectors_for(scene(root))
    assert codes(selection.choose(every, only=["journal"])) == [
        code for code in codes(every) if code.startswith("journal")
    ]
    assert codes(selection.choose(every, only=["journal"], skip=["journal.web"])) == [
        "journal.db",
        "journal-caretaker",
        "journal-kernel",
        "journal-system",
    ]
    assert not set(codes(selection.choose(every, skip=["logs"]))) & {"logs-system"}


def test_what_wants_consent_must_be_named(root: Path) -> None:
    every = selection.collectors_for(scene(root))
    careful = {each.code for each in every if each.consent}
    assert "crash-dumps" in careful
    assert not careful & set(codes(selection.choose(every)))
    assert not careful & set(codes(selection.choose(every, only=["crash"])))
    assert codes(selection.choose(every, only=["crash-dumps"])) == ["crash-dumps"]
    assert "crash-dumps" in codes(selection.choose(every, consented=["crash-dumps"]))
    both = selection.choose(every, only=["disks"], consented=["crash-dumps"])
    assert codes(both) == ["disks", "crash-dumps"]


def test_a_name_that_means_none_is_refused_with_the_nearest(root: Path) -> None:
    every = selection.collectors_for(scene(root))
    with pytest.raises(UsageError, match='did you mean "network"') as raised:
        selection.choose(every, skip=["netwrok"])
    assert raised.value.code == "collector-unknown"


def test_what_matters_most_comes_first(root: Path) -> None:
    order = selection.by_priority(selection.collectors_for(scene(root)))
    assert [each.priority for each in order] == sorted(each.priority for each in order)
