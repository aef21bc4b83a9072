"""The other end: no trace of the build stays, and what the image is gets written down.

Owns the order: who writes at its end is stopped, the build's user goes, then traces, then the
record that drift compares with, then traces again of having made it. Refuses to run on a machine
that was set up: that one has a customer.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.cli.appliance import manifest_of
from agent.errors import MachineError
from agent.host.machine import Host
from agent.layout import Layout
from packer.golden.inside.generalise import generalise, mark_hostname
from packer.golden.inside.traces import STOPPED

CARETAKER = "/opt/caretaker/venv/bin/caretaker"
_PATIENCE = 300.0  # seconds; these machines may be emulated


def parts(host: Host, user: str) -> tuple[tuple[str, Callable[[], str]], ...]:
    return (
        ("unused", lambda: _unused(host)),
        ("stop", lambda: _stop(host)),
        ("user", lambda: _user(host, user)),
        ("clean", lambda: _clean(host)),
        ("record", lambda: _record(host)),
        ("clean again", lambda: _clean(host)),
        ("redaction", lambda: _redaction(host)),
        ("trim", lambda: _trim(host)),
    )


def _unused(host: Host) -> str:
    marks = sorted(Layout(host.root).state.glob("first-boot-*"))
    if marks or (host.root / "var/lib/caretaker/setup.json").exists():
        raise MachineError(
            "build-failed",
            "this machine was set up for a customer already, so it becomes no image",
            hint="caretaker image build DIR --output OUT",
        )
    return "never set up"


def _stop(host: Host) -> str:
    host.run(["systemctl", "stop", *STOPPED], timeout=_PATIENCE)
    # systemd refuses to stop it, since who logs in wants to be seen; a signal it obeys.
    host.run(["systemctl", "kill", "--signal=TERM", "auditd.service"], timeout=_PATIENCE)
    # From here on the journal is in memory only.
    host.run(["journalctl", "--relinquish-var"], timeout=_PATIENCE)
    host.run(["systemctl", "stop", "systemd-networkd-wait-online.service"], timeout=_PATIENCE)
    return f"{len(STOPPED)} units"


def _user(host: Host, user: str) -> str:
    if not user:
        return "nobody to remove"
    host.run(["userdel", "-f", "-r", user], timeout=_PATIENCE)
    if host.run(["getent", "passwd", user], timeout=30).ok:
        raise MachineError(
            "build-failed", f"the build's user {user} can't be removed", hint=f"ps -u {user}"
        )
    host.run(["usermod", "-p", "*", "root"], timeout=30)
    return f"{user} is gone"


def _clean(host: Host) -> str:
    changed = generalise(host.root)
    # Until a cloud or DHCP names it, the machine has the appliance's name.
    mark_hostname(host.root, manifest_of(Layout(host.root))[1].app)
    return f"{len(changed)} paths"


def _record(host: Host) -> str:
    # What hardening wrote counts from the next boot on; the record tells of that one.
    host.run(["sysctl", "--system"], timeout=_PATIENCE)
    done = host.run(["/opt/caretaker/venv/bin/caretaker", "drift", "--record"], timeout=_PATIENCE)
    if not done.ok:
        raise MachineError(
            "build-failed",
            f"the record of the image: {done.reason}",
            hint="caretaker drift --record",
        )
    return done.stdout.strip().splitlines()[0]


def _redaction(host: Host) -> str:
    """Its rules take a while to compile. A processor of another kind compiles them anew."""
    done = host.run([CARETAKER, "redact", "--prepare"], timeout=_PATIENCE)
    if not done.ok:
        raise MachineError(
            "build-failed",
            f"the rules of redaction: {done.reason}",
            hint="caretaker redact --prepare",
        )
    return "rules are compiled"


def _trim(host: Host) -> str:
    """What was deleted is given back to the disk's file, so that it compresses."""
    host.run(["sync"], timeout=_PATIENCE)
    done = host.run(["fstrim", "-av"], timeout=_PATIENCE)
    return "; ".join(done.stdout.strip().splitlines()) if done.ok else f"no: {done.reason}"
