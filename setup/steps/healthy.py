"""Step: healthy, as a load balancer would hear it.

Owns asking the probe port and waiting. Refuses to look at checks by itself: there is one verdict,
and the agent has it.
"""

from __future__ import annotations

import msgspec

from agent.errors import UnhealthyError
from agent.findings import Status
from agent.host import files
from agent.host.failures import FileFailure
from agent.status import NO_SENSE, StatusReport
from setup.site import Site
from setup.step import Look, Step

EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  (compared with, not bound to)
PATIENCE = 2.0  # seconds for one answer
PAUSE = 0.1
_PATH = "/readyz"


def url(site: Site) -> str:
    """Where a load balancer asks."""
    probe = site.manifest.probe
    scheme = "https" if probe.certificate else "http"
    return f"{scheme}://{_address(site)}:{probe.port}/healthz"


def look(site: Site) -> Look:
    status = ask(site)
    if status == 200:
        return Look(f"{url(site)} says 200")
    report = _report(site)
    if report is not None and report.modes and status == 503:
        mode = report.modes[0]
        note = f"{mode.name} ({mode.reason}), so load balancers are sent away on purpose"
        return Look(f"{mode.name}: {url(site)} says 503 on purpose", notes=(note,))
    return Look("", (f"wait until {url(site)} says 200, {site.options.wait:.0f} s at most",))


def apply(site: Site) -> str:
    clock = site.host.clock
    began = clock.monotonic()
    while not look(site).satisfied:
        if clock.monotonic() - began > site.options.wait:
            raise UnhealthyError(
                "unhealthy",
                f"not healthy after {site.options.wait:.0f} s: {_why(site)}",
                hint=f"{command(site)} status",
            )
        clock.sleep(PAUSE)
    return f"{url(site)} says 200 after {clock.monotonic() - began:.1f} s"


def ask(site: Site) -> int:
    """The status of one probe; 0 where nothing answers."""
    probe = site.manifest.probe
    try:
        with site.host.network.connect(_address(site), probe.port, timeout=PATIENCE) as wire:
            if probe.certificate:
                wire.start_tls("localhost", verify=False)  # asked of ourselves
            wire.send(f"GET {_PATH} HTTP/1.1\r\nHost: setup\r\nConnection: close\r\n\r\n".encode())
            head = wire.receive(4096).split(b" ", 2)
    except OSError:
        return 0
    return int(head[1]) if len(head) > 1 and head[1].isdigit() else 0


def command(site: Site) -> str:
    """The `caretaker` command for this place, as one would type it."""
    if not site.embedded:
        return "caretaker"
    return f"{site.layout.tool}/venv/bin/caretaker --root {site.layout.root}"


def _address(site: Site) -> str:
    address = site.manifest.probe.address
    return "127.0.0.1" if address in EVERYWHERE else address


def _report(site: Site) -> StatusReport | None:
    try:
        return msgspec.json.decode(files.read_bytes(site.layout.status), type=StatusReport)
    except (FileNotFoundError, FileFailure, *NO_SENSE):
        return None


def _why(site: Site) -> str:
    report = _report(site)
    if report is None:
        return "the agent has not reported yet"
    bad = [f"{c.name}: {c.summary}" for c in report.checks
           if c.status is Status.FAIL and not c.muted_by]  # fmt: skip
    return "; ".join(bad[:3]) or report.summary


HEALTHY = Step("healthy", "healthy", look, apply, stands=True)
