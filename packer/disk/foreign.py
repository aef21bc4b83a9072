"""A processor that is not this machine's: whether its programs run here all the same.

Packages bring scripts that run in the tree, so another processor's needs QEMU's user emulation,
registered with the kernel (binfmt_misc). Owns asking before anything is fetched. Refuses to
register it: that list is the whole machine's, and no build's.
"""

from __future__ import annotations

from agent.errors import MachineError
from agent.host.machine import Host
from packer.disk.system import Architecture
from packer.program import program

PACKAGES = "arch-test qemu-user-static binfmt-support"
_PATIENCE = 30.0  # seconds


def emulated(host: Host, architecture: Architecture) -> bool:
    """Whether that processor's programs run here by QEMU alone. MachineError if not at all."""
    own = program(host, ("dpkg", "--print-architecture"), timeout=_PATIENCE).stdout.strip()
    if own == architecture:
        return False
    # It starts a tiny program of that processor, which is what mmdebstrap asks too.
    done = host.run(("arch-test", architecture), timeout=_PATIENCE)
    if not done.ok:
        why = "arch-test is not installed" if done.missing else done.reason
        raise MachineError(
            "system-unsupported",
            f"packages for {architecture} run programs, which this {own} machine cannot: {why}",
            hint=f"apt-get install {PACKAGES}",
        )
    return True
