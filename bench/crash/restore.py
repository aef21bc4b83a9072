"""A restore of a backup, and the making of one, as their one-shots run them.

Owns the backup: Caretaker's own archive, since restic is a static program, whose calls nobody here
sees. What is restored is known by what was written after the backup, and is not there then.
"""

from pathlib import Path
from unittest import mock

from agent.backup import repository
from agent.backup.create import create
from agent.change.ask import Asked
from agent.change.follow import Teller
from agent.change.request import RestoreRequest
from agent.change.run import run
from agent.errors import CaretakerError
from agent.host.clock import Clock
from agent.host.failures import HostFailure
from agent.progress import Silent
from bench.crash import appliance, changes, oracle
from bench.crash.operation import Failed, Operation, Wanted
from bench.crash.world import Machine


def _prepare(root: Path) -> None:
    changes.installed(root)
    mock.patch.object(repository, "_kind", return_value="archives").start()
    create(changes.scene_of(root), Silent(), by="the bench")
    (appliance.layout_of(root).data / appliance.SINCE).write_text("written after the backup")


def _act(root: Path) -> None:
    scene = changes.scene_of(root)
    asked = Asked("1", RestoreRequest(backup="latest", accept_data_loss=True))
    try:
        run(scene, asked, means=Machine(root), teller=Teller(scene.layout, Clock()))
    except (CaretakerError, HostFailure) as error:
        raise Failed(str(error)) from error


def _judge(root: Path, wanted: Wanted) -> list[str]:
    wrong = oracle.judge(root, (1,))
    if wanted == "new" and (appliance.layout_of(root).data / appliance.SINCE).exists():
        wrong.append("it is not the data of the backup")
    return wrong


RESTORE = Operation(
    name="restore", prepare=_prepare, act=_act, recover=changes.recovered, judge=_judge,
    once=True, passing=changes.PASSING,
)  # fmt: skip
