"""`python -m bench.database`: a move against pgcopydb alone, and killed at many moments.

Two real servers on this machine, with about 1 GB between them unless `--share` says less. What is
compared: `copying.copy` as a move calls it (the target made, marked, copied, both ends counted and
hashed, schemas compared) with `pgcopydb clone` alone into an empty database, in turn.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.database import copying, ours
from agent.database.copying import Way
from agent.database.programs import programs_for, runner_of
from agent.database.reach import Place, session
from agent.database.temporary import PORT, Server, copy_mark, running
from agent.progress import Silent
from agent.remedies.remedy import Scene
from bench.database.dataset import fill
from bench.database.kills import killed
from bench.health.table import Bar, Report, write
from tests.unit.postgres_place import OWNER, initdb, open_folder, scene_at

LIMIT = 1.1


def main() -> int:
    """0 if every bar is met."""
    asked = argparse.ArgumentParser(prog="bench.database", description=__doc__)
    asked.add_argument("--share", type=float, default=1.0, help="of the full gigabyte")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--kills", type=int, default=16)
    chosen = asked.parse_args()
    reports = [_speed(chosen.share, chosen.rounds)]
    if chosen.kills:
        reports.append(killed(chosen.kills))
    return write("database", reports)


@contextmanager
def _pair(share: float) -> Iterator[tuple[Scene, Server, Server]]:
    """A server that is filled, and an empty one."""
    with open_folder() as here, open_folder() as there:
        scenes = [scene_at(here), scene_at(there)]
        for folder in (here, there):
            initdb(folder / "postgres")
        with (
            running(scenes[0], here / "postgres", copied=False) as old,
            running(scenes[1], there / "postgres", copied=False) as new,
        ):
            with session(_place(old, "postgres")) as opened:
                opened.execute("CREATE ROLE shop LOGIN")
                opened.execute("CREATE DATABASE shop OWNER shop")
            fill(old.conninfo(superuser=True), share=share)
            yield scenes[0], old, new


def _place(server: Server, name: str) -> Place:
    facts = {"host": str(server.socket), "port": str(PORT), "user": server.superuser}
    return Place({**facts, "dbname": name})


def _speed(share: float, rounds: int) -> Report:
    alone, copied, proved = [], [], []
    with _pair(share) as (scene, old, new):
        source, target = _place(old, "shop"), _place(new, "shop_g2")
        with session(source) as opened:
            size = opened.execute("SELECT pg_database_size('shop')").fetchall()[0][0]
        for _ in range(rounds):
            alone.append(_pgcopydb(source, _place(new, "alone")))
            done = _move(scene, source, target)
            copied.append(done.seconds)
            proved.append(done.proof_seconds)
    whole = [one + other for one, other in zip(copied, proved, strict=True)]
    peer, ours_ = statistics.median(alone), statistics.median(whole)
    report = Report(f"Moving a database of {size >> 20} MiB", ("what", "median", "every round"))
    for what, times in (
        ("pgcopydb clone alone", alone),
        ("move: made, marked, copied", copied),
        ("move: both ends counted, hashed, schemas compared", proved),
        ("move in all", whole),
    ):
        each = ", ".join(f"{one:.1f}" for one in times)
        report.rows.append([what, f"{statistics.median(times):.1f} s", each])
    report.bars.append(Bar("move in all ÷ pgcopydb clone alone", ours_ / peer, LIMIT))
    report.figures = {"size": size, "alone": alone, "copied": copied, "proved": proved,
                      "tables": done.tables, "rows": done.rows, "by": done.by}  # fmt: skip
    report.notes.append(f"{done.rows} rows in {done.tables} tables, by {done.by}: equal")
    return report


def _anew(place: Place) -> None:
    with session(place.named("postgres")) as opened:
        opened.execute(f"DROP DATABASE IF EXISTS {place.name} WITH (FORCE)".encode())
        opened.execute(f"CREATE DATABASE {place.name} TEMPLATE template0".encode())


def _pgcopydb(source: Place, target: Place) -> float:
    _anew(target)
    with open_folder() as work:
        if OWNER:
            shutil.chown(work, "postgres", "postgres")
        env = {"PATH": "/usr/lib/postgresql/15/bin:/usr/bin:/bin", "HOME": str(work),
               "PGCOPYDB_SOURCE_PGURI": source.url,
               "PGCOPYDB_TARGET_PGURI": target.url}  # fmt: skip
        argv = ["pgcopydb", "clone", f"--table-jobs={copying.JOBS}", f"--index-jobs={copying.JOBS}",
                "--no-owner", "--no-acl", f"--dir={work / 'dir'}"]  # fmt: skip
        begun = time.monotonic()
        subprocess.run(argv, env=env, check=True, capture_output=True, **OWNER)
        took = time.monotonic() - begun
    with session(target.named("postgres")) as opened:
        opened.execute(f"DROP DATABASE {target.name} WITH (FORCE)".encode())
    return took


def _move(scene: Scene, source: Place, target: Place) -> copying.Copied:
    mark = ours.mark_of(scene)
    runner = runner_of(scene)
    with open_folder() as work:
        if runner.owner:
            os.chown(work, *runner.owner)
        way = Way(source, target, programs_for(scene), runner, Path(work), copy_mark(scene))
        locale = ("UTF8", "C.UTF-8", "C.UTF-8")
        return copying.copy(
            scene, way, Silent(), anew=lambda: ours.make(target, None, mark, locale=locale)
        )


if __name__ == "__main__":
    sys.exit(main())
