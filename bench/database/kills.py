"""A move killed with SIGKILL at moments spread over its length, then recovered and run again.

The mover is a process of its own, the server it moves to another. After each kill: what recovery
sweeps is swept, the move runs again, and the new database must hold every row, with no other
database of ours and no process left.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from agent.database import hashes
from agent.database.reach import place_of
from agent.database.temporary import running
from agent.deployment import Deployments
from agent.host import children
from agent.remedies.remedy import Scene
from bench.database.dataset import fill
from bench.health.table import Bar, Report
from tests.unit.postgres_elsewhere import Elsewhere, elsewhere
from tests.unit.postgres_move import appliance, bundled, cluster_of, moved, swept
from tests.unit.postgres_place import open_folder, scene_at

SHARE = 0.03  # of the gigabyte
_MOVER = """
import sys
from pathlib import Path
from tests.unit.postgres_move import moved
from tests.unit.postgres_place import scene_at
moved(scene_at(Path(sys.argv[1])), sys.argv[2])
"""


def killed(count: int) -> Report:
    report = Report("A move killed, then run again", ("killed after", "left there", "then"))
    wrong = struck = 0
    with open_folder() as folder, elsewhere() as server:
        server.sql("CREATE DATABASE shop")
        cluster = cluster_of(folder)
        with running(scene_at(folder), cluster, copied=False) as filling:
            fill(filling.conninfo(superuser=True), share=SHARE)
        whole, _, _ = _once(cluster, server, None, report)
        for number in range(count):
            after = whole * (number + 0.5) / count
            _, hit, good = _once(cluster, server, after, report)
            struck += hit
            wrong += not good
    report.bars.append(Bar("kills that struck the move", struck, min(10, count), least=True))
    report.bars.append(Bar("runs that did not converge", wrong, 0))
    report.figures = {"whole": whole, "kills": count, "struck": struck, "wrong": wrong}
    return report


def _once(
    cluster: Path, server: Elsewhere, after: float | None, report: Report
) -> tuple[float, bool, bool]:
    """(how long it ran, whether the kill struck, whether all was well in the end)."""
    with appliance(cluster) as scene:
        with bundled(scene) as place:
            before = hashes.content_of(place)
        argv = [sys.executable, "-c", _MOVER, str(scene.layout.root), server.url()]
        begun = time.monotonic()
        with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as mover:
            try:
                mover.wait(after)
            except subprocess.TimeoutExpired:
                mover.send_signal(signal.SIGKILL)
        took = time.monotonic() - begun
        if after is None:
            _forget(server)
            return took, False, mover.returncode == 0
        struck = mover.returncode == -signal.SIGKILL
        left = [name for name in server.databases() if name != "shop"]
        good, said = _again(scene, server, before)
        report.rows.append([f"{after:.2f} s", ", ".join(left) or "nothing", said])
        _forget(server)
        return took, struck, good


def _again(scene: Scene, server: Elsewhere, before: hashes.Content) -> tuple[bool, str]:
    """Recovery, and the move once more; nothing where the killed one had flipped already."""
    deployments = Deployments(scene.layout, scene.host.clock)
    swept(scene)
    active = deployments.active()
    if active is not None and active.number == 1:
        moved(scene, server.url())
    url = deployments.database_url(2) or deployments.database_url(3)
    found = hashes.differences(before, hashes.content_of(place_of(url)))
    ours = [name for name in server.databases() if name != "shop"]
    runs = children.family(f"database:{scene.layout.generations}/1/postgres", None)
    if found or len(ours) != 1 or runs:
        return False, f"**{'; '.join(found) or f'{ours} {runs}'}**"
    return True, f"equal, in {ours[0]}"


def _forget(server: Elsewhere) -> None:
    for name in server.databases():
        if name != "shop":
            server.sql(f"DROP DATABASE {name} WITH (FORCE)")
