"""A change's means on a machine with systemd (`agent.change.means.Means`).

Owns which verbs systemd is told, and that a dead agent keeps nobody from anything. Refuses what is
in a unit, and verdicts of its own (`gate`).
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from agent import asking
from agent.change import derived, gate, traffic
from agent.change.means import Judged
from agent.change.settle import make_users, settle_files, settle_units
from agent.errors import CaretakerError, MachineError
from agent.host.failures import HostFailure
from agent.manifest.model import Manifest
from agent.progress import Progress
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene
from agent.services import program
from agent.services.names import unit_name
from agent.services.unit_journal import last_lines

AGENT = "caretaker.service"
_START = 300.0  # seconds


class OnSystemd:
    """The units of one machine."""

    def scene_of(self, scene: Scene, manifest: Manifest) -> Scene:
        return open_scene(manifest, scene.layout, host=scene.host)

    def keep_away(self, scene: Scene, reason: str) -> None:
        traffic.keep_away(scene, reason)

    def let_come(self, scene: Scene) -> None:
        traffic.let_come(scene)

    def stop(self, scene: Scene) -> None:
        for name in reversed(scene.services.names()):
            scene.services.stop(name)

    def settle(self, scene: Scene) -> None:
        make_users(scene)
        settle_files(scene)
        settle_units(scene)

    def start(self, scene: Scene) -> None:
        self._renew_agent(scene)
        units = [unit_name(scene.manifest, name) for name in scene.services.names()]
        # A unit that failed too often is not started again until that is forgotten.
        scene.host.systemd.control("reset-failed", *units)
        for name in scene.services.names():
            scene.services.start(name)
        wanted = [AGENT, *derived.enabled_units(scene.manifest)]
        done = scene.host.systemd.control("start", "--no-block", *wanted, timeout=_START)
        if not done.ok:
            message = f"systemctl start: {done.reason}"
            raise MachineError("service-failed", message, hint="systemctl --failed")

    def judge(self, scene: Scene, progress: Progress) -> Judged:
        return gate.judge(scene, progress, first_good=lambda: self.let_come(scene))

    def last_words(self, scene: Scene) -> dict[str, str]:
        found = {}
        for name, state in scene.services.states().items():
            if not state.running or state.restarts:
                secrets = _secrets(scene, name)
                found[name] = last_lines(scene.host, unit_name(scene.manifest, name), secrets)
        return found

    def _renew_agent(self, scene: Scene) -> None:
        """The agent anew, where what it got at its start is no longer so: credentials, groups, its
        port. Otherwise it reads the manifest again, and its port is never silent."""
        if not self._is_outdated(scene):
            return
        systemd = scene.host.systemd
        systemd.control("restart", "--no-block", AGENT)
        # A second signal cuts its wait for balancers short: they were sent away long ago.
        with contextlib.suppress(HostFailure, OSError):
            scene.host.clock.sleep(0.2)
            systemd.control("kill", "--kill-who=main", "--signal=SIGTERM", AGENT)

    def _is_outdated(self, scene: Scene) -> bool:
        try:
            told = asking.get(scene.layout, "/status", network=scene.host.network)
        except CaretakerError:
            return True  # It is dead, or hangs.
        started, probe = told.get("started"), told.get("probe")
        if not isinstance(started, int | float) or not isinstance(probe, dict):
            return True
        if _changed(scene.layout.units / f"{AGENT}.d/10-appliance.conf") > started:
            return True
        return probe.get("port") != scene.manifest.probe.port


def _secrets(scene: Scene, name: str) -> list[str]:
    """What must not stand in a line of evidence."""
    with contextlib.suppress(CaretakerError):
        service = scene.manifest.services[name]
        return list(program.secret_environment(service, scene.values).values())
    return []


def _changed(path: Path) -> float:
    """When a file was last written; 0.0 where there is none."""
    try:
        return path.lstat().st_ctime
    except FileNotFoundError:
        return 0.0
