"""The steps of an upgrade and of a rollback, as a plan tells them.

Owns their words, in the order of `agent.change.course`. Refuses to carry any out.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.data.forecast import Forecast
from agent.manifest.keeping import Upgrade
from agent.manifest.kinds import Duration
from agent.upgrade.plan import Step

_HOW = {
    "snapshot": "a snapshot: at once, and it shares its blocks with the old data",
    "reflink": "each file shares its blocks with the old one until either is written to",
    "copy": "this file system shares no blocks; each byte is written, read back and compared",
}


def of_upgrade(
    before: str,
    version: str,
    *,
    release: int,
    data: Forecast,
    migrations: Sequence[str],
    clone_seconds: float | None,
    proof: Upgrade,
    database: str = "",
) -> tuple[Step, ...]:
    """`release` is the bytes that its files take, 0: they lie there already. `database` is where
    one on another server is."""
    stage = f"unpack {version} beside {before}" if release else f"{version} is unpacked already"
    return (
        Step(code="stage", title=stage, why="read back and compared", disk=release),
        Step(code="stop", title=f"send traffic away and stop {before}", down=True),
        Step(
            code="data",
            title=f"clone the data by {data.how}",
            why=_HOW[data.how],
            disk=data.disk,
            seconds=clone_seconds,
            down=True,
        ),
        *(
            [
                Step(
                    code="database",
                    title=f"have {database} copied by its server",
                    why="where its role may; else both versions use the same",
                    down=True,
                )
            ]
            if database
            else []
        ),
        *(
            Step(
                code=f"migrate-{each[:4]}",
                title=f"migrate {each}",
                why="on the clone; the data in use is not touched",
                down=True,
            )
            for each in migrations
        ),
        *_from_the_flip(before, version, proof),
    )


def of_rollback(before: str, version: str, proof: Upgrade) -> tuple[Step, ...]:
    stop = Step(code="stop", title=f"send traffic away and stop {before}", down=True)
    return (stop, *_from_the_flip(before, version, proof))


def _from_the_flip(before: str, version: str, proof: Upgrade) -> tuple[Step, ...]:
    within = Duration(proof.within)
    return (
        Step(
            code="flip",
            title=f"change over to {version}",
            why="one rename: code and data at once",
            down=True,
        ),
        Step(code="settle", title="write its units and files", down=True),
        Step(code="start", title=f"start {version}", down=True),
        Step(
            code="gate",
            title=f"{proof.healthy} good verdicts in a row within {within}",
            why=f"else {before} comes back, with its data",
        ),
        Step(code="commit", title=f"keep {version}"),
    )
