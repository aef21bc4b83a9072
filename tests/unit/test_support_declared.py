"""What the vendor declares is collected, as its user, within its limits."""

import os
from pathlib import Path

import pytest

from agent.host.failures import HostFailure
from support.collectors.declared import declared
from support.collectors.selection import collectors_for
from support.scene import Scene
from tests.unit.support_machine import MANIFEST, gather, machine, put


def scene_with(root: Path, text: str, *, rescue: bool = False) -> Scene:
    scene, _ = machine(root, manifest=MANIFEST + text, rescue=rescue)
    return scene


def test_without_a_manifest_there_is_none(root: Path) -> None:
    scene, _ = machine(root, manifest="")
    assert declared(scene) == ()


def test_files_by_their_own_paths_the_newest_first_and_no_secrets(root: Path) -> None:
    text = '[collect.reports]\nfiles = ["{data}/crash/*.txt", "{config}/**"]\n'
    scene = scene_with(root, text)
    old = put(root, "var/lib/shop/active/state/crash/a.txt", "old\n")
    os.utime(old, (1, 1))
    put(root, "var/lib/shop/active/state/crash/b.txt", "new\n")
    put(root, "var/lib/shop/active/state/crash/c.bin", "no\n")
    put(root, "etc/shop/secrets/db", "hush")
    put(root, "etc/shop/backup/password", "hush")
    (collector,) = declared(scene)
    found, broken = gather(collector, scene)
    assert list(found) == [
        "collected/reports/var/lib/shop/active/state/crash/b.txt",
        "collected/reports/var/lib/shop/active/state/crash/a.txt",
    ]
    assert not broken
    assert collector.guess(scene) == 8
    assert collector.reads == "files: [collect.reports] of the manifest"


@pytest.mark.real
def test_a_program_is_run_in_the_data_and_its_errors_stand_apart(root: Path) -> None:
    text = """
[collect.look]
command = ["/bin/sh", "-c", "pwd; echo $HOME; echo bad >&2; exit 3"]
title = "Look"
cap = "1MiB"
"""
    scene = scene_with(root, text)
    data = root / "var/lib/shop/active/state"
    data.mkdir(parents=True)
    (collector,) = declared(scene)
    assert (collector.code, collector.title, collector.cap) == ("look", "Look", 1 << 20)
    given = []
    for source in collector.sources(scene):
        given.append((source.name, b"".join(source.blocks()), source.exit_code()))
    assert given == [
        ("collected/look/command.txt", f"{data}\n{data}\n".encode(), 3),
        ("collected/look/command.errors.txt", b"bad", None),
    ]


@pytest.mark.real
def test_a_program_that_is_missing_is_a_line(root: Path) -> None:
    scene = scene_with(root, '[collect.look]\ncommand = ["/opt/shop/none"]\n')
    (collector,) = declared(scene)
    (source, *_) = collector.sources(scene)
    assert b"".join(source.blocks()) == b"not installed: /opt/shop/none\n"
    assert source.exit_code() == 127


@pytest.mark.real
def test_more_than_the_spawners_cap_comes_through(root: Path) -> None:
    scene = scene_with(root, '[collect.big]\ncommand = ["/usr/bin/seq", "500000"]\n')
    (collector,) = declared(scene)
    (source, *_) = collector.sources(scene)
    content = b"".join(source.blocks())
    assert content.count(b"\n") == 500_000
    assert source.exit_code() == 0


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_program_runs_as_the_user_named(root: Path) -> None:
    root.chmod(0o755)
    scene = scene_with(root, '[collect.who]\ncommand = ["/usr/bin/id", "-un"]\nuser = "nobody"\n')
    (collector,) = declared(scene)
    (source, *_) = collector.sources(scene)
    assert b"".join(source.blocks()) == b"nobody\n"
    scene = scene_with(root, '[collect.who]\ncommand = ["/usr/bin/id"]\nuser = "not-there"\n')
    (source, *_) = declared(scene)[0].sources(scene)
    with pytest.raises(HostFailure, match="no user not-there"):
        b"".join(source.blocks())


def test_rescue_takes_files_and_runs_nothing(root: Path) -> None:
    text = '[collect.both]\nfiles = ["/srv/x"]\ncommand = ["/bin/false"]\n[collect.run]\n'
    scene = scene_with(root, text + 'command = ["/bin/false"]\n', rescue=True)
    put(root, "srv/x", "x")
    both, run = declared(scene)
    assert list(gather(both, scene)[0]) == ["collected/both/srv/x"]
    assert (both.rescue, run.rescue) == (True, False)


def test_what_needs_consent_says_so_and_all_are_chosen(root: Path) -> None:
    scene = scene_with(root, '[collect.deep]\nfiles = ["/srv/x"]\nconsent = true\n')
    assert declared(scene)[0].consent
    assert "deep" in {each.code for each in collectors_for(scene)}
