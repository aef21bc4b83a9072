"""The steps on a real folder tree: plan, apply, satisfied; the outline says the same before."""

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.change.pending import Pending, pending_file
from agent.deployment import Deployments
from agent.host import files
from agent.release.versions import order
from setup import removal, restarts
from setup.console import Console
from setup.environment.outline import OUTLINES, outline
from setup.options import Options
from setup.place import Mode, Place
from setup.site import Site
from setup.step import Kind, Look, Step, Thing
from setup.steps import STEPS
from setup.steps.accounts import ACCOUNTS
from setup.steps.certificates import CERTIFICATES
from setup.steps.manifest import MANIFEST
from setup.steps.release import RELEASE
from setup.steps.secrets import SECRETS
from setup.steps.settings import SETTINGS
from tests.unit.setup_site import APPLIANCE, TOOL, appliance, make_site

QUIET = (ACCOUNTS, MANIFEST, SETTINGS, SECRETS, CERTIFICATES, RELEASE)


@pytest.fixture
def site(tmp_path: Path, root: Path) -> Site:
    return make_site(tmp_path / "source", root)


def set_up(site: Site) -> None:
    for step in QUIET:
        if not step.look(site).satisfied:
            step.apply(site)


def satisfied(site: Site) -> dict[str, bool]:
    return {step.code: step.look(site).satisfied for step in QUIET}


def test_every_step_satisfies_itself(site: Site) -> None:
    for step in QUIET:
        if step is not SETTINGS:  # nobody answered, so nothing is to be kept
            assert step.look(site).needs, step.code
    set_up(site)
    assert all(satisfied(site).values()), satisfied(site)


def test_looking_changes_nothing(site: Site) -> None:
    before = sorted(site.layout.root.rglob("*"))
    for step in QUIET:
        step.look(site)
    assert sorted(site.layout.root.rglob("*")) == before == []


def test_secrets_are_made_once_and_closed(site: Site) -> None:
    set_up(site)
    path = site.layout.secrets / "token"
    value = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert SECRETS.look(site).needs == ("secret token: close it to everybody but its owner",)
    SECRETS.apply(site)
    assert SECRETS.look(site).satisfied
    assert path.read_text() == value


def test_left_over_files_of_a_killed_run_are_removed(site: Site) -> None:
    set_up(site)
    dead = 1 << 22  # above every pid the kernel gives
    left = site.layout.secrets / f".token.{dead}-0123456789ab.part"
    left.write_text("half a secret")
    inner = site.layout.tls / f"authority/.authority.pem.{dead}-0123456789ab.part"
    inner.write_text("half a key")
    writing = site.layout.secrets / ".token.1-0123456789ab.part"
    writing.write_text("init is alive")
    assert ACCOUNTS.look(site).needs == ("remove 2 files that an interrupted run left aside",)


def test_data_may_live_on_a_disk_of_the_operators_choice(site: Site, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    site.layout.data_home.parent.mkdir(parents=True)
    site.layout.data_home.symlink_to(disk)
    set_up(site)
    assert all(satisfied(site).values()), satisfied(site)
    assert (disk / "generations/1").is_dir()
    tree = Thing(Kind.TREE, str(site.layout.data_home), data=True)
    assert removal.remove(site, [tree]) == []
    assert not disk.exists()


def test_another_manifest_of_the_same_appliance_replaces_it(site: Site, tmp_path: Path) -> None:
    set_up(site)
    other = make_site(
        tmp_path / "source", site.layout.root, text=APPLIANCE.replace('shop"', 'shop" ')
    )
    assert MANIFEST.look(other).needs == (
        "etc/caretaker/appliance.toml: replace by the one handed in",
    )


def test_another_appliance_is_refused(site: Site, tmp_path: Path) -> None:
    set_up(site)
    text = APPLIANCE.replace('name = "shop"', 'name = "bank"')
    other = make_site(tmp_path / "other", site.layout.root, text=text)
    assert "shop is set up here already" in MANIFEST.look(other).blockers[0].message


def test_an_answer_is_kept_and_outlives_the_flag(site: Site, tmp_path: Path) -> None:
    set_up(site)
    options = Options(appliance=tmp_path / "source", said=(("colour", "blue"),))
    blue = make_site(tmp_path / "source", site.layout.root, options=options)
    assert SETTINGS.look(blue).needs == ("setting colour = blue (--set colour)",)
    SETTINGS.apply(blue)
    again = make_site(tmp_path / "source", site.layout.root)
    assert SETTINGS.look(again).satisfied
    assert again.answers.values == {"colour": "blue"}


def test_a_setting_that_is_asked_no_more_is_dropped(site: Site, tmp_path: Path) -> None:
    options = Options(appliance=tmp_path / "source", said=(("colour", "blue"),))
    blue = make_site(tmp_path / "source", site.layout.root, options=options)
    set_up(blue)
    text = APPLIANCE.replace("[settings.colour]", "[settings.shade]")
    later = make_site(tmp_path / "source", site.layout.root, text=text)
    assert "drop it" in SETTINGS.look(later).needs[0]
    SETTINGS.apply(later)
    assert SETTINGS.look(later).satisfied


@pytest.mark.real
def test_a_newer_payload_is_deployed_with_a_copy_of_the_data(site: Site, tmp_path: Path) -> None:
    set_up(site)
    (site.layout.data / "rows").write_text("1")
    (tmp_path / "source/payload/serve").write_text("#!/bin/sh\n# better\n")
    newer = make_site(tmp_path / "source", site.layout.root,
                      text=APPLIANCE.replace('version = "1.2"', 'version = "1.10"'))  # fmt: skip
    appliance(tmp_path / "x")
    needs = RELEASE.look(newer).needs
    assert "copy its data, change over from 1.2" in needs[1]
    RELEASE.apply(newer)
    assert RELEASE.look(newer).satisfied
    active = Deployments(newer.layout, newer.host.clock).active()
    assert active is not None
    assert (active.version, active.generation, active.previous) == ("1.10", 2, 1)


def test_a_newer_payload_with_a_migration_is_for_an_upgrade(site: Site, tmp_path: Path) -> None:
    RELEASE.apply(site)
    appliance(tmp_path / "source", APPLIANCE.replace('version = "1.2"', 'version = "1.10"'))
    (tmp_path / "source/payload/serve").write_text("#!/bin/sh\n# newer\n")
    (tmp_path / "source/migrations/0001-first").mkdir(parents=True)
    newer = make_site(tmp_path / "source", site.layout.root,
                      text=APPLIANCE.replace('version = "1.2"', 'version = "1.10"'))  # fmt: skip
    (blocker,) = RELEASE.look(newer).blockers
    assert "0001-first" in blocker.message
    assert "caretaker upgrade FILE" in blocker.fix
    (newer.layout.etc / "migrations/0001-first").mkdir(parents=True)
    assert RELEASE.look(newer).blockers == ()


def test_an_older_payload_never_replaces_a_newer_release(site: Site, tmp_path: Path) -> None:
    set_up(site)
    older = make_site(tmp_path / "source", site.layout.root,
                      text=APPLIANCE.replace('version = "1.2"', 'version = "1.1.9"'))  # fmt: skip
    look = RELEASE.look(older)
    assert look.satisfied
    assert "newer than the 1.1.9 handed in" in look.notes[0]


def test_after_an_upgrade_the_old_manifest_changes_nothing(site: Site, tmp_path: Path) -> None:
    set_up(site)
    newer = APPLIANCE.replace('version = "1.2"', 'version = "1.3"').encode()
    deployments = Deployments(site.layout, site.host.clock)
    assert deployments.manifest(1) == site.text
    before = deployments.active()
    assert before is not None
    upgraded = msgspec.structs.replace(before, number=2, version="1.3")
    deployments.write(upgraded, manifest=newer)
    deployments.flip(2)
    files.replace(site.layout.manifest, newer)
    again = make_site(tmp_path / "source", site.layout.root)
    assert (again.left_aside, again.text) == ("1.2", newer)
    assert again.manifest.appliance.version == "1.3"
    assert all(satisfied(again).values()), satisfied(again)
    assert "newer than the 1.2 handed in" in RELEASE.look(again).notes[0]


def test_a_manifest_that_was_edited_stays_with_what_runs(site: Site, tmp_path: Path) -> None:
    set_up(site)
    text = APPLIANCE.replace('shop"', 'shop" ')
    other = make_site(tmp_path / "source", site.layout.root, text=text)
    assert not MANIFEST.look(other).satisfied
    files.replace(site.layout.manifest, text.encode())  # killed right after
    assert not MANIFEST.look(other).satisfied
    MANIFEST.apply(other)
    assert MANIFEST.look(other).satisfied
    assert Deployments(site.layout, site.host.clock).manifest(1) == text.encode()


def test_a_change_that_was_interrupted_comes_first(site: Site) -> None:
    set_up(site)
    pending = Pending(
        kind="upgrade", title="upgrade Shop 1.2 to 1.3", phase="gating", number=2, before=1,
        version="1.3", before_version="1.2", fresh=True, begun=1.0,
    )  # fmt: skip
    pending_file(site.layout).save(pending)
    (blocker,) = RELEASE.look(site).blockers
    assert "upgrade Shop 1.2 to 1.3 was interrupted" in blocker.message
    assert blocker.fix.endswith("upgrade resume")


@pytest.mark.parametrize(
    ("old", "new"), [("0.9", "0.10"), ("1.2", "1.2.1"), ("8", "17"), ("1.0-rc1", "1.0-rc2")]
)
def test_versions_are_counted_as_people_do(old: str, new: str) -> None:
    assert order(old) < order(new)


def test_lost_data_is_never_begun_anew(site: Site) -> None:
    set_up(site)
    site.layout.data.resolve().rmdir()
    look = RELEASE.look(site)
    assert not look.needs
    assert "is gone" in look.blockers[0].message


def test_a_kill_between_flip_and_current_is_mended(site: Site) -> None:
    set_up(site)
    site.layout.current.unlink()
    assert "put it back" in RELEASE.look(site).needs[0]
    RELEASE.apply(site)
    assert RELEASE.look(site).satisfied
    assert (site.layout.current / "serve").exists()


def test_a_removed_release_is_staged_again(site: Site) -> None:
    set_up(site)
    release = next(site.layout.releases.iterdir())
    (release / "serve").unlink()
    release.rmdir()
    RELEASE.apply(site)
    assert (site.layout.current / "serve").exists()


def test_without_payload_or_build_there_is_nothing_to_deploy(tmp_path: Path, root: Path) -> None:
    site = make_site(tmp_path / "source", root)
    (tmp_path / "source/payload/serve").unlink()
    assert RELEASE.look(site).blockers


def test_an_image_that_staged_a_release_deploys_it_without_a_payload(site: Site) -> None:
    Deployments(site.layout, site.host.clock).stage(site.payload, "1.2")
    baked = replace(site, source=site.layout.etc)
    assert RELEASE.look(baked).needs
    RELEASE.apply(baked)
    assert RELEASE.look(baked).satisfied


def test_restart_notes_name_one_run_only(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = iter(["100-5", "100-5", "200-9"])
    monkeypatch.setattr(restarts, "current_run", lambda *_: next(runs))
    restarts.note(site.layout, restarts.AGENT_UNIT)
    assert restarts.pending(site.layout, restarts.AGENT_UNIT) == "restart"
    assert restarts.pending(site.layout, restarts.AGENT_UNIT) == ""  # another run by now


def test_a_reload_never_weakens_a_restart(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "current_run", lambda *_: "100-5")
    restarts.note(site.layout, "x.service")
    restarts.note(site.layout, "x.service", restarts.RELOAD)
    assert restarts.pending(site.layout, "x.service") == "restart"
    restarts.settle(site.layout, "x.service")
    assert restarts.pending(site.layout, "x.service") == ""


# --- the outline -----------------------------------------------------------------------------


def outlined(site: Site, mode: Mode, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    options = replace(site.options, appliance=site.source)
    place = Place(mode, site.layout.root)
    assert outline(options, place, Console(json=True), TOOL) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["event"] == "plan"]


def test_the_outline_has_the_steps_of_the_plan() -> None:
    assert [(code, title) for code, title, _ in OUTLINES] == [(s.code, s.title) for s in STEPS]


def test_the_outline_of_a_bare_place_is_the_true_plan(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {line["code"]: line["needs"] for line in outlined(site, Mode.EMBEDDED, capsys)}
    for step in (*QUIET, *later_steps()):
        needs = [need.partition(" (0.")[0] for need in look_of(step, site).needs]
        if step is not SETTINGS:
            assert told[step.code] == needs, step.code


def later_steps() -> list[Step]:
    return [step for step in STEPS if step.code == "start"]


def look_of(step: Step, site: Site) -> Look:
    return step.look(site)


def test_the_outline_on_a_machine_names_units_and_users(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {line["code"]: line["needs"] for line in outlined(site, Mode.SYSTEMD, capsys)}
    units = told["units"]
    root = site.layout.root
    assert f"file {root}/etc/systemd/system/shop-web.service" in units
    assert f"file {root}/etc/shop/env/web.env" in units
    assert "enable shop.target" in units
    assert "start shop-web.service" in told["start"]
