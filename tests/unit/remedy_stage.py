"""A stage for remedies: a scripted machine, a small manifest, a remedy that does as it is told.

stage = Stage(root)
stage.wrong["db"] = "lock-stale"
deeds = stage.run()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.host import files
from agent.layout import Layout
from agent.ledger import Entry, read_ledgers
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.remedies import mend
from agent.remedies.deed import Deed
from agent.remedies.memory import Memory, read_memory
from agent.remedies.remedy import Budget, Fault, Remedy, Scene
from agent.remedies.round import Asker
from agent.services.on_systemd import OnSystemd
from agent.values import values_for
from tests.scripted_host import ScriptedHost, scripted_host

MANIFEST = """\
[appliance]
name = "shop"
version = "1"
[services.web]
command = ["/bin/true"]
"""
BY_ITSELF = Asker("agent")
BUDGET = Budget(acts=3, window=600.0, pause=10.0)
PERSON = Asker("root", person=True)


def scene_of(root: Path, text: str = MANIFEST, *, host: ScriptedHost | None = None) -> Scene:
    """A scene on a scripted machine below `root`."""
    manifest: Manifest = parse(text)
    layout = Layout(root, manifest.appliance.name)
    files.ensure_folder(layout.state)
    host = host or scripted_host(root)
    return Scene(
        host=host,
        manifest=manifest,
        layout=layout,
        values=values_for(manifest, layout),
        services=OnSystemd(manifest, host),
    )


@dataclass
class Stage:
    """One remedy whose faults are `wrong`: target -> code. `heals`: whether its act helps."""

    root: Path
    text: str = MANIFEST
    heals: bool = True
    budget: Budget = BUDGET
    wrong: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    acted: list[str] = field(default_factory=list)
    within: Callable[[], None] = lambda: None
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.host = scripted_host(self.root)
        self.scene = scene_of(self.root, self.text, host=self.host)

    @property
    def remedy(self) -> Remedy:
        return Remedy(
            name="locks", title="Locks", cures=("lock-stale",), find=self._find, mend=self._mend,
            refuses="never", undo="no", budget=self.budget, **self.more,
        )  # fmt: skip

    def run(self, asker: Asker = BY_ITSELF, *others: Remedy) -> list[Deed]:
        return mend.run([self.remedy, *others], self.scene, asker)

    def plan(self, asker: Asker = BY_ITSELF) -> list[Deed]:
        return mend.plan([self.remedy], self.scene, asker)

    def ledger(self) -> list[Entry]:
        return read_ledgers([self.scene.layout.ledger])

    def memory(self) -> Memory:
        memory = read_memory(self.scene.layout.remedies)
        assert memory is not None
        return memory

    def _find(self, scene: Scene) -> list[Fault]:
        return [
            Fault(target=target, code=code, summary=f"{target} is {code}", plan="put it aside",
                  refusal=self.refusals.get(target, ""), hint="look yourself",
                  detail={"pid": 7})
            for target, code in self.wrong.items()
        ]  # fmt: skip

    def _mend(self, scene: Scene, fault: Fault) -> str:
        self.acted.append(fault.target)
        self.within()
        if self.heals:
            del self.wrong[fault.target]
        return f"put {fault.target} aside"
