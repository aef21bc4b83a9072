"""What systemd-tmpfiles is told: read by the real one, which makes the folders and cleans none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.housekeeping.tmpfiles import rules
from agent.layout import Layout
from agent.manifest.model import Appliance, Manifest
from agent.manifest.upkeep import OwnedPath
from agent.services.units import UnitFile
from agent.values import values_for

MANIFEST = Manifest(
    appliance=Appliance(name="shop", version="1"),
    paths={
        "queue": OwnedPath(path="{run}/a queue", user="root", mode="750"),
        "deep": OwnedPath(path="{run}/a queue/deep%s", user="root", group="root"),
        "data": OwnedPath(path="{data}/uploads"),
        "file": OwnedPath(path="{run}/pid", type="file"),
    },
)


def written(manifest: Manifest, root: Path = Path("/")) -> UnitFile | None:
    layout = Layout(root, "shop")
    return rules(manifest, layout, values_for(manifest, layout))


def test_folders_in_run_are_made_and_nothing_is_cleaned() -> None:
    found = written(MANIFEST)
    assert found is not None
    assert found.path == Path("/etc/tmpfiles.d/shop.conf")
    assert found.text.splitlines()[2:] == [
        'd "/run/shop" 0755 shop shop -',
        'd "/run/shop/a queue" 0750 root root -',
        'd "/run/shop/a queue/deep%%s" 0750 root root -',
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
    tmpfiles("--create", tmp_path)
    made = tmp_path / "run/shop/a queue/deep%s"
    assert made.stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "run/shop").stat().st_mode & 0o777 == 0o755
    (made / "file").write_text("x")
    os.utime(made / "file", (1, 1))
    tmpfiles("--clean", tmp_path)
    tmpfiles("--create", tmp_path)
    assert (made / "file").exists()


def tmpfiles(verb: str, root: Path) -> None:
    done = subprocess.run(
        ["systemd-tmpfiles", verb, f"--root={root}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "shop.conf" not in done.stderr
