"""A VM whose units a test moves about: systemd heeds start and stop, the journal tells the tale."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.host.spawn import Completed
from agent.host.systemd import UnitState
from agent.layout import Layout
from agent.remedies.remedy import Fault, Scene
from agent.remedies.services import REMEDY
from agent.services.on_systemd import OnSystemd
from tests.scripted_host import ScriptedHost, completed, scripted_host, unit
from tests.unit.services_fixtures import manifest_of, values_of

WEB = '[services.web]\ncommand = ["/bin/x"]\n'
RESTART = "5eb03494b6584870a536b337290809b3"
FAILED = "d9b373ed55a64feb8242e02dbe79a49c"


class Machine(Layout):
    """The root is a temporary folder, and yet a machine of its own."""

    @property
    def embedded(self) -> bool:
        return False


@dataclass
class World:
    """The scene and what happens in it. `acts` are start, stop and their kin, as they came.

    `after_start` says how a unit stands once it was started; it runs, where that is not said.
    """

    host: ScriptedHost
    scene: Scene
    acts: list[str] = field(default_factory=list)
    after_start: Callable[[str], UnitState] | None = None
    events: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    lines: str = ""
    runs: int = 0

    def stands(self, name: str, **facts: object) -> None:
        """A service's unit. It has run for an hour, unless `since` says otherwise."""
        known = {"since": self.host.clock.wall() - 3600.0, "invocation": f"run-{name}", **facts}
        self.host.systemd.units[f"shop-{name}.service"] = unit(f"shop-{name}.service", **known)  # type: ignore[arg-type] # names are the test's

    def loops(self, name: str, count: int, *, every: float = 1.0, **facts: object) -> None:
        """It was restarted so often, and waits for the next one."""
        self.stands(
            name,
            active="activating",
            sub="auto-restart",
            result="exit-code",
            restarts=count,
            since=self.host.clock.wall(),
            **facts,
        )
        times = [every * number for number in range(count)]
        self.events[f"shop-{name}.service"] = [
            event for at in times for event in ((at, RESTART), (at + every * 0.9, FAILED))
        ]

    def control(self, words: tuple[str, ...]) -> Completed:
        verb, name = words[1], words[2]
        self.acts.append(f"{verb} {name.removeprefix('shop-').removesuffix('.service')}")
        units = self.host.systemd.units
        if verb in ("start", "restart"):
            self.runs += 1
            fresh = unit(
                name, since=self.host.clock.wall(), invocation=f"run-{self.runs}", main_pid=7
            )
            units[name] = self.after_start(name) if self.after_start else fresh
        elif verb == "stop":
            units[name] = replace(units[name], active="inactive", sub="dead", main_pid=0)
        elif verb == "reset-failed":
            units[name] = replace(units[name], restarts=0, result="success")
        return completed(words, 0)

    def journal(self, words: tuple[str, ...]) -> Completed:
        asked = [each.removeprefix("UNIT=") for each in words if each.startswith("UNIT=")]
        if not asked:
            return completed(words, self.lines)
        assert "_PID=1" in words, "anybody can log under a unit's name"
        lines = [
            json.dumps(
                {
                    "_BOOT_ID": "b1",
                    "__MONOTONIC_TIMESTAMP": str(round(at * 1e6)),
                    "MESSAGE_ID": kind,
                }
            )
            for at, kind in self.events.get(asked[0], [])
        ]
        # Of an earlier boot, and what is no entry at all.
        lines[:0] = [lines[-1].replace("b1", "b0")] * 20 if lines else []
        lines.append('{"MESSAGE_ID": null}')
        return completed(words, "\n".join(lines))


def world(root: Path, text: str) -> World:
    host = scripted_host(root)
    layout = Machine(root, "shop")
    manifest = manifest_of(text)
    scene = Scene(
        host=host,
        manifest=manifest,
        layout=layout,
        values=values_of(layout),
        services=OnSystemd(manifest, host),
    )
    made = World(host, scene)
    host.systemd.units["shop.target"] = unit("shop.target")
    host.programs["journalctl"] = made.journal
    for verb in ("start", "stop", "restart", "reset-failed"):
        host.systemd.answers[verb] = made.control
    for name in manifest.services:
        made.stands(name)
    return made


def the_fault(stage: World) -> Fault:
    """The only one there is."""
    (fault,) = REMEDY.find(stage.scene)
    assert fault.code in REMEDY.cures
    return fault


def mended(stage: World) -> str:
    """What was said when the only fault was mended."""
    return REMEDY.mend(stage.scene, the_fault(stage))
