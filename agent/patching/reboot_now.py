"""A reboot that somebody asked for: traffic is led away first, and the ledger says why.

Owns the order. Refuses to decide: nothing here ever reboots a machine unasked.
"""

from __future__ import annotations

from agent.asking import post
from agent.errors import CaretakerError, MachineError
from agent.ledger import Ledger
from agent.remedies.remedy import Scene

# The drain is kept over the boot and ends by itself, or a machine whose clock jumps would stay out.
_AFTER = 60.0  # seconds


def reboot_now(scene: Scene, why: str, actor: str) -> None:
    """Raises MachineError where systemd refuses. An agent that is dead keeps no machine up."""
    wait = float(scene.manifest.daemon.drain)
    ledger = Ledger(scene.layout.ledger, scene.host.clock)
    try:
        body = {"reason": "reboot after an upgrade of the system", "for": f"{wait + _AFTER:.0f}s"}
        post(scene.layout, "/drain", body, network=scene.host.network)
        scene.host.clock.sleep(wait)
        drained = f"drained for {wait:.0f} s"
    except CaretakerError as error:
        drained = f"not drained: {error.message}"
    ledger.write("os-reboot", outcome="begun", why=f"{why}; {drained}", actor=actor)
    done = scene.host.systemd.control("reboot")
    if not done.ok:
        ledger.write("os-reboot", outcome="failed", why=done.reason, actor=actor)
        said = f"systemctl reboot: {done.reason}"
        raise MachineError("command-failed", said, hint="sudo systemctl reboot")
