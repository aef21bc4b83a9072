"""A change's means where there is no systemd (`agent.change.means.Means`).

Owns ending the agent with its services and starting both anew, since the agent takes services and
its port from the manifest only when it starts. Refuses to be part of the agent: whoever carries a
change out is a process of its own, and outlives it.
"""

from __future__ import annotations

from agent import asking
from agent.background import Background
from agent.change import gate, traffic
from agent.change.means import Judged
from agent.change.settle import settle_files
from agent.errors import CaretakerError, MachineError
from agent.host import files, lock, spawn
from agent.host.failures import FileFailure
from agent.manifest.model import Manifest
from agent.progress import Progress
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene
from agent.services import evidence

_LOG_CAP = 64 << 20  # bytes


class Embedded:
    """The agent of one root, and the services that are its children."""

    def scene_of(self, scene: Scene, manifest: Manifest) -> Scene:
        return open_scene(manifest, scene.layout, host=scene.host)

    def keep_away(self, scene: Scene, reason: str) -> None:
        traffic.keep_away(scene, reason)

    def let_come(self, scene: Scene) -> None:
        traffic.let_come(scene)

    def stop(self, scene: Scene) -> None:
        background = Background(scene.layout, scene.host.clock)
        running = _pid(scene)
        if not running:
            return
        try:
            asking.post(scene.layout, "/stop", network=scene.host.network)
            background.wait_until_stopped()
        except CaretakerError:
            # Its services are its children, in process groups of their own.
            spawn.end_family(running)
            background.wait_until_stopped()

    def settle(self, scene: Scene) -> None:
        settle_files(scene)

    def start(self, scene: Scene) -> None:
        Background(scene.layout, scene.host.clock).start()

    def judge(self, scene: Scene, progress: Progress) -> Judged:
        return gate.judge(scene, progress, first_good=lambda: self.let_come(scene))

    def last_words(self, scene: Scene) -> dict[str, str]:
        try:
            said = files.read_bytes(scene.layout.agent_log, cap=_LOG_CAP).decode(errors="replace")
        except (FileNotFoundError, FileFailure):
            return {}
        return {"agent": evidence.in_full(evidence.last_lines(said, ()))}


def _pid(scene: Scene) -> int:
    try:
        return lock.holder_pid(scene.layout.daemon_lock)
    except FileFailure as failure:
        raise MachineError("daemon-unreachable", str(failure)) from failure
