"""The course of a build: order, failure, interruption, what is logged and kept."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.failures import FileFailure
from agent.host.spawn import Completed
from packer.catalogue.store import Catalogue
from packer.golden import course, machine, recording
from packer.golden.build import Build
from packer.golden.step import BuildStep
from packer.signing.blob import verify_file
from tests.scripted_host import ScriptedHost
from tests.unit.image_course import MANIFEST, a_build, a_key


def lines(build: Build) -> list[dict[str, object]]:
    return [json.loads(line) for line in build.places.log.read_text().splitlines()]


def took(host: ScriptedHost, seconds: float, words: str) -> str:
    host.clock.advance(seconds)
    return words


def test_steps_run_in_order_and_each_leaves_a_line_with_its_duration(tmp_path: Path) -> None:
    build, host, heard = a_build(tmp_path)
    steps = [
        BuildStep("one", "One", lambda _: took(host, 2.5, "made")),
        BuildStep("two", "Two", lambda _: ""),
    ]
    ended = course.run(build, steps)
    assert ended.error is None
    assert heard.steps == ["one", "two"]
    assert [(row["name"], row["seconds"], row["outcome"]) for row in lines(build)] == [
        ("one", 2.5, "done"),
        ("two", 0.0, "skipped"),
    ]
    assert lines(build)[0]["at"] == "2026-11-21T08:00:02Z"


@pytest.mark.parametrize(
    "failure",
    [
        MachineError("build-failed", "no room"),
        FileFailure(Path("/x"), "write", "no room"),
        OSError("no room"),
    ],
)
def test_nothing_runs_after_a_failure_and_the_record_says_so(
    tmp_path: Path, failure: Exception
) -> None:
    build, _, heard = a_build(tmp_path)

    def fail(_: Build) -> str:
        raise failure

    ended = course.run(build, [BuildStep("one", "One", fail), BuildStep("two", "Two", str)])
    assert ended.error is not None
    assert ended.error.code == "build-failed"
    assert "no room" in ended.error.message
    assert heard.steps == ["one"]
    record = json.loads((build.places.out / "build.json").read_text())
    assert record["result"] == "failed"
    assert "no room" in record["steps"][0]["why"]
    assert Catalogue(build.catalogue).find("b1d0").stage == "failed"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_is_logged_and_goes_on_up(
    tmp_path: Path, interruption: type[BaseException]
) -> None:
    build, _, _ = a_build(tmp_path)

    def stop(_: Build) -> str:
        raise interruption

    with pytest.raises(interruption):
        course.run(build, [BuildStep("one", "One", stop)])
    assert lines(build)[0]["words"] == "interrupted"
    assert json.loads((build.places.out / "build.json").read_text())["result"] == "failed"


def test_the_record_is_signed_and_in_the_catalogue(tmp_path: Path) -> None:
    build, _, _ = a_build(tmp_path)
    build.signer = a_key(tmp_path)
    build.inputs["payload"] = "2" * 64
    course.run(build, [BuildStep("one", "One", lambda _: "made")])
    verify_file(build.places.out / "build.json", build.signer.public)
    entry = Catalogue(build.catalogue).find("b1d0")
    assert entry.record.result == "done"
    assert entry.record.inputs == {"payload": "2" * 64}
    assert entry.folder == str(build.places.out)


def test_the_names_of_the_steps_are_each_one_s_own() -> None:
    names = [step.name for step in course.STEPS]
    assert len(set(names)) == len(names)
    assert names.index("sign") == len(names) - 1


def test_the_record_names_the_manifest_that_was_read(tmp_path: Path) -> None:
    build, host, _ = a_build(tmp_path)
    folder = str(build.places.appliance)
    git = ("git", "-c", f"safe.directory={folder}", "-c", "core.fsmonitor=false", "-C", folder,
           "rev-parse", "HEAD")  # fmt: skip
    host.programs[git] = Completed(git, 128, "", "not a repository", 0.0)
    (build.places.appliance / "appliance.toml").write_text("another since")
    recording.begin(build)
    assert build.inputs["manifest"] == hashlib.sha256(MANIFEST.encode()).hexdigest()
    assert build.commit == ""


@pytest.mark.parametrize("given", [{"flaws": ("none.json",)}, {"flaws": ("a",), "vex": ("a",)}])
def test_what_a_scan_will_need_is_asked_for_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, tuple[str, ...]]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text("no list of flaws")
    build, _, heard = a_build(tmp_path)
    build.wanted = replace(build.wanted, **given)  # type: ignore[arg-type]  # a table's rows
    ended = course.run(build)
    assert ended.error is not None
    assert ended.error.hint
    assert heard.steps == ["inputs"]


def test_what_the_machine_gets_is_kept_for_a_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, _, _ = a_build(tmp_path)
    kept = tmp_path / "packer/upload"
    build.wanted = type(build.wanted)("x", "y", upload=str(kept))

    def prepare(build: Build, _: list[Path]) -> None:
        build.places.upload.mkdir(parents=True)
        (build.places.upload / "install.sh").write_text("#!/bin/sh\n")

    monkeypatch.setattr(machine, "prepare", prepare)
    (step,) = [each for each in course.STEPS if each.name == "template"]
    step.act(build)
    assert (kept / "install.sh").read_text() == "#!/bin/sh\n"


def test_a_listing_that_can_t_be_written_is_told_before_an_image_is_made(tmp_path: Path) -> None:
    build, _, heard = a_build(tmp_path)
    (build.places.appliance / "listing.toml").write_text('[listing]\nlogo = "none.png"\n')
    ended = course.run(build)
    assert ended.error is not None
    assert "none.png" in ended.error.message
    assert heard.steps == ["inputs"]
