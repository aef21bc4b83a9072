"""What systemd-tmpfiles is told: read by the real one, which makes and spares what it should."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from agent.housekeeping.tmpfiles import rules
from agent.layout import Layout
from agent.manifest.kinds import Duration
from agent.manifest.model import Appliance, Manifest
from agent.manifest.upkeep import OwnedPath, Purge
from agent.services.units import UnitFile
from agent.values import values_for

OLD = Duration(86400)
MANIFEST = Manifest(
    appliance=Appliance(name="shop", version="1"),
    paths={
        "queue": OwnedPath(path="{run}/a queue", user="root", mode="750"),
        "deep": OwnedPath(path="{run}/a queue/deep%s", user="root", group="root"),
        "data": OwnedPath(path="{data}/uploads"),
        "file": OwnedPath(path="{run}/pid", type="file"),
    },
    purge={
        "tmp": Purge(path="/var/tmp/shop", older_than=OLD),
        "run": Purge(path="{run}/tmp", older_than=OLD),
        "data": Purge(path="{data}/tmp", older_than=OLD),
    },
)


def written(manifest: Manifest, root: Path = Path("/")) -> UnitFile | None:
    layout = Layout(root, "shop")
    return rules(manifest, layout, values_for(manifest, layout))


def test_folders_in_run_are_made_and_those_of_purge_are_left_alone() -> None:
    found = written(MANIFEST)
    assert found is not None
    assert found.path == Path("/etc/tmpfiles.d/shop.conf")
    assert found.text.splitlines()[2:] == [
        'd "/run/shop" 0755 shop shop -',
        'd "/run/shop/a queue" 0750 root root -',
        'd "/run/shop/a queue/deep%%s" 0750 root root -',
        'x "/run/shop/tmp" - - - -',
        'x "/var/tmp/shop" - - - -',
    ]
    assert written(Manifest(appliance=MANIFEST.appliance)) is None


@pytest.mark.real
@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("systemd-tmpfiles"), reason="needs root and tmpfiles"
)
def test_the_real_tmpfiles_does_it(tmp_path: Path) -> None:
    found = written(MANIFEST)
    assert found is not None
    own = tmp_path / "etc/tmpfiles.d"
    own.mkdir(parents=True)
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", tmp_path / "etc" / name)
    (own / "shop.conf").write_text(found.text.replace("shop shop", "root root"))
    # A distribution's own rule, which must spare what purge has.
    (own / "tmp.conf").write_text('q /var/tmp 1777 root root 1s\nd "/run/shop" 0755 - - 1s\n')
    tmpfiles("--create", tmp_path)
    made = tmp_path / "run/shop/a queue/deep%s"
    assert made.stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "run/shop").stat().st_mode & 0o777 == 0o755
    files = [
        tmp_path / each for each in ("var/tmp/shop/ours", "run/shop/tmp/ours", "var/tmp/other")
    ]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    time.sleep(1.5)
    tmpfiles("--clean", tmp_path)
    assert [file.exists() for file in files] == [True, True, False]


def tmpfiles(verb: str, root: Path) -> None:
    done = subprocess.run(
        ["systemd-tmpfiles", verb, f"--root={root}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "shop.conf" not in done.stderr
