"""The whole upgrade, as its one-shot runs it: a signed bundle is verified, staged and carried out.

Owns the bundle and its migration, a program of the vendor's in its cell. Preflight is left out: it
only reads, and has tests of its own.
"""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

from agent.change.ask import Asked
from agent.change.follow import Teller
from agent.change.request import UpgradeRequest
from agent.change.run import run
from agent.errors import CaretakerError
from agent.host import files
from agent.host.clock import Clock
from agent.host.failures import HostFailure
from agent.preflight import upgrade as preflight
from agent.release import source
from bench.bundles.vendor import CREATED, NOW, open_vendor
from bench.crash import appliance, changes, oracle
from bench.crash.operation import Failed, Operation, Wanted
from bench.crash.world import Machine, World, save

UP = '''\
"""From version 1 to 2. May be run again on what an earlier try left."""
import json, os, sqlite3
from pathlib import Path
data = Path(os.environ["CARETAKER_DATA"])
(data / "papers/{year}").mkdir(exist_ok=True)
for number in range({papers}):
    old = data / f"papers/{{number}}.txt"
    if old.exists():
        old.rename(data / f"papers/{year}/{{number}}.txt")
(data / "latest").unlink()
(data / "latest").symlink_to("papers/{year}/0.txt")
rows = json.loads((data / "rows.json").read_text())
rows["format"] = 2
rows["rows"] = [dict(row, year={year}) for row in rows["rows"]]
(data / "rows.json").write_text(json.dumps(rows))
db = sqlite3.connect(os.environ["CARETAKER_STORE_INDEX"], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
db.execute("ALTER TABLE entry ADD COLUMN year INTEGER")
db.execute("UPDATE entry SET year = {year}")
db.execute("PRAGMA user_version = 2")
db.execute("COMMIT")
'''
VERIFY = """\
import os, sqlite3
db = sqlite3.connect(os.environ["CARETAKER_STORE_INDEX"])
assert db.execute("SELECT count(*) FROM entry WHERE year IS NULL").fetchone() == (0,)
print(1)
"""


class Then(Clock):
    """The day after the bundle was made: its signatures expire."""

    def wall(self) -> float:
        return NOW


@cache
def bundle(folder: Path) -> tuple[Path, bytes]:
    """A signed bundle of version 2, and the root of trust that the image has."""
    vendor = open_vendor(folder / "vendor")
    where = folder / "release-2"
    shutil.rmtree(where, ignore_errors=True)
    appliance.write_payload(2, where / "payload")
    (where / "appliance.toml").write_bytes(appliance.manifest(2))
    (where / "release.toml").write_text("")
    step = where / "migrations/0001-papers-by-year"
    step.mkdir(parents=True)
    (step / "up.py").write_text(UP.format(year=appliance.YEAR, papers=appliance.PAPERS))
    (step / "verify.py").write_text(VERIFY)
    made = vendor.bundle(source.read(where, "2.0", CREATED))
    return made, vendor.keys.trusted.chain[0]


def _prepare(root: Path) -> None:
    changes.installed(root)
    _, trusted = bundle(root.parent)
    layout = appliance.layout_of(root)
    files.ensure_folder(layout.keys)
    files.replace(layout.keys / "root.json", trusted)
    # What setup put there is version 1 only; the bundle brings the other.
    for release in layout.releases.glob("2.0-*"):
        shutil.rmtree(release)
    save(root, World(running=1))
    preflight.look = lambda *_all, **_rest: []


def _act(root: Path) -> None:
    path, _ = bundle(root.parent)
    scene = changes.scene_of(root)
    scene = replace(scene, host=replace(scene.host, clock=Then()))
    asked, teller = Asked("1", UpgradeRequest(bundle=str(path))), Teller(scene.layout, Then())
    try:
        run(scene, asked, means=Machine(root), teller=teller)
    except (CaretakerError, HostFailure) as error:
        if "runs here already" not in str(error):
            raise Failed(str(error)) from error


def _judge(root: Path, wanted: Wanted) -> list[str]:
    return oracle.judge(root, (2,) if wanted == "new" else (1, 2))


WHOLE = Operation(
    name="whole upgrade", prepare=_prepare, act=_act, recover=changes.recovered, judge=_judge,
    passing=changes.PASSING,
)  # fmt: skip
