"""`state`: files of Caretaker's own that hold no sense are put aside and made anew.

Owns root's ledger, the record of tasks and of the active deployment. The memory of remedies mends
itself when it is read (`memory`), since losing it must not grant more acts; the daemon mends its
own files at its start, since root never writes into its folder. Refuses to delete: what was broken
is kept beside, the newest three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.deployment import Deployments
from agent.errors import CaretakerError, RefusedError
from agent.host import sqlite
from agent.host.failures import FileFailure
from agent.housekeeping.states import state_file
from agent.ledger import mend as mend_ledger
from agent.remedies.codes import CODES
from agent.remedies.remedy import Fault, Remedy, Scene

_CODE = "state-corrupt"


@dataclass(frozen=True, slots=True)
class _Kept:
    """One file: whether it is broken, what would be done, and doing it. `mend` None: not here."""

    path: Path
    trouble: Callable[[], str]
    plan: str
    mend: Callable[[], str] | None


def find(scene: Scene) -> list[Fault]:
    faults: list[Fault] = []
    for kept in _all(scene):
        trouble = kept.trouble()
        if trouble:
            theirs = kept.mend is None
            faults.append(
                Fault(
                    target=str(kept.path),
                    code=_CODE,
                    summary=f"{kept.path}: {trouble}",
                    plan="" if theirs else kept.plan,
                    refusal="the agent puts its own files in order when it starts"
                    if theirs
                    else "",
                    hint="systemctl restart caretaker" if theirs else "",
                )
            )
    return faults


def mend(scene: Scene, fault: Fault) -> str:
    for kept in _all(scene):
        if str(kept.path) == fault.target and kept.mend is not None:
            return kept.mend()
    raise RefusedError("refused", f"{fault.target} is none that can be mended here")


def _all(scene: Scene) -> Iterator[_Kept]:
    layout = scene.layout
    ledger, tasks = layout.ledger, state_file(layout)
    yield _Kept(
        ledger,
        partial(sqlite.damage, ledger),
        "put it aside, begin anew with the entries that can be read",
        lambda: mend_ledger(ledger) or "it is sound by now",
    )
    yield _Kept(
        tasks.path,
        lambda: _unreadable(tasks.broken),
        "put it aside; each task counts as never run",
        lambda: f"put aside as {tasks.set_aside().name}",
    )
    deployments = Deployments(layout, scene.host.clock)
    record = deployments.record()
    if layout.active.is_symlink():
        yield _Kept(
            record.path,
            lambda: "it is missing" if not record.path.exists() else _unreadable(record.broken),
            "write it anew from the links of the deployment",
            lambda: _rebuild(deployments),
        )
    for path in (layout.agent_ledger, layout.history):
        yield _Kept(path, partial(sqlite.damage, path), "", None)


def _rebuild(deployments: Deployments) -> str:
    active, record = deployments.by_links(), deployments.record()
    if record.path.exists():
        record.set_aside()
    record.save(active)
    return f"written anew: deployment {active.number} of version {active.version}"


def _unreadable(broken: Callable[[], bool]) -> str:
    try:
        return "it holds no sense" if broken() else ""
    except (FileFailure, CaretakerError) as failure:
        return str(failure)


REMEDY = Remedy(
    name="state",
    title="files of Caretaker's own that hold no sense",
    cures=CODES["state"],
    find=find,
    mend=mend,
    refuses="the agent's own files, which it puts in order when it starts",
    undo="the broken file stands beside the new one as NAME.corrupt-TIME",
    at_boot=True,
)
