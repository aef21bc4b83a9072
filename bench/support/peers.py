"""sos on the same machine with the same data: the plugins that see what a bundle of ours sees.

Owns its command line. The application's files come by `sos_extras`, since it collects no vendor's
paths by itself. Refuses to make it worse than it is: the quickest of its formats stays the default.
"""

from bench.support.appliance import APP
from tests.machine.machine import Machine

TEMPORARY = "/var/tmp/sos"
_PLUGINS = "systemd,logs,host,networking,filesys,memory,process,dpkg,release,sos_extras"


def prepare(machine: Machine) -> None:
    machine.put(f"/etc/sos/extras.d/{APP}", f"/etc/{APP}\n/var/log/{APP}\n")


def report(*, clean: bool) -> list[str]:
    """Without limits on logs, since ours had none that mattered."""
    argv = ["sos", "report", "--batch", "--quiet", f"--tmp-dir={TEMPORARY}", "-o", _PLUGINS]
    argv += ["--log-size=0"]
    return [*argv, *(["--clean"] if clean else [])]


def archive(machine: Machine) -> str:
    """The newest archive that it made; empty where there is none."""
    found = machine.sh(
        f"ls -t {TEMPORARY}/*.tar.* 2>/dev/null | grep -v -e sha256 -e md5 | head -1"
    )
    return found.out.strip()
