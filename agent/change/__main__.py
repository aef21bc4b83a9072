"""The one-shot: `python -I -m agent.change [--root DIR] run | recover | boot`.

Owns this process's edges: arguments, the machine's means, the last word to whoever asked, and the
exit status. `run` does what was asked for and brings to an end what was interrupted before;
`recover` only the latter, after a run that was killed; `boot` too, before the application is
started, and ends with 0 whatever happens. Refuses to be asked by a person: `caretaker upgrade` and
its kin are for them.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from agent.change import ask, run
from agent.change.embedded import Embedded
from agent.change.follow import Teller
from agent.change.means import Means
from agent.change.on_systemd import OnSystemd
from agent.change.pending import pending_file
from agent.change.recovery import Recovered, recover
from agent.cli.appliance import manifest_of
from agent.errors import BusyError, CaretakerError, InternalError, UsageError
from agent.host import core_dumps, detach
from agent.host.failures import HostFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene

_USAGE = "usage: python -I -m agent.change [--root DIR] run | recover | boot"
_BOOT_PATIENCE = 0.5  # seconds; who holds the lock now is alive and at it


def main(argv: list[str]) -> int:
    core_dumps.switch_off()
    words = list(argv)
    root = "/"
    if words[:1] == ["--root"] and len(words) > 1:
        root, words = words[1], words[2:]
    verbs = {"run": _run, "recover": _recover, "boot": _boot}
    if len(words) != 1 or words[0] not in verbs:
        sys.stderr.write(_USAGE + "\n")
        return UsageError.exit_status
    return verbs[words[0]](Layout(Path(root).resolve()))


def _run(layout: Layout) -> int:
    """What was asked for; whoever asked hears how it ended."""
    host = Host()
    teller = Teller(layout, host.clock)
    try:
        asked = ask.take(layout)
        if asked is not None:
            teller.begin(asked.id)
        scene = _scene(layout, host)
        outcome = run.run(scene, asked, means=_means(layout), teller=teller)
    except (CaretakerError, HostFailure) as error:
        told = _as_ours(error)
        _say(told.message)
        run.tell_end(teller, told)
        return told.exit_status
    except Exception as error:  # A defect must not leave the application stopped.
        traceback.print_exception(error)
        _after_defect(layout, host, teller)
        run.tell_end(teller, InternalError("internal", str(error), hint=_log(layout)))
        return InternalError.exit_status
    if asked is not None or outcome is not None:
        run.tell_end(teller, outcome)
    return 0


def _recover(layout: Layout) -> int:
    """After a run that was killed. While the machine goes down nothing is begun: boot does it."""
    host = Host()
    if not layout.embedded and _is_going_down(host):
        return 0
    teller = Teller(layout, host.clock)
    try:
        recovered = _recovered(layout, host, teller, booting=False)
    except BusyError:
        return 0  # Another run is at it, and recovers first.
    except (CaretakerError, HostFailure) as error:
        told = _as_ours(error)
        _say(told.message)
        run.tell_end(teller, told)
        return told.exit_status
    if recovered.found != "nothing":
        run.tell_end(teller, recovered.error or recovered.outcome)
    return 0


def _boot(layout: Layout) -> int:
    """Before the application is started. The proof, if one is due, comes when it has been, and
    only then is the agent there to let traffic come."""
    host = Host()
    try:
        if pending_file(layout).load(aside=False) is None and not layout.change.exists():
            return 0
        teller = Teller(layout, host.clock)
        recovered = _recovered(layout, host, teller, booting=True)
        if recovered.found not in ("nothing", "due"):
            # Without systemd whoever asked may still be there: only the agent was started again.
            run.tell_end(teller, recovered.error or recovered.outcome)
        if recovered.found != "nothing":
            _start_later(layout, host)
        if recovered.error is not None:
            _say(recovered.error.message)
    except (CaretakerError, HostFailure, OSError) as error:
        _say(str(error))
    except Exception as error:  # A defect here must not keep the application from being started.
        traceback.print_exception(error)
    return 0


def _recovered(layout: Layout, host: Host, teller: Teller, *, booting: bool) -> Recovered:
    scene = _scene(layout, host)
    patience = _BOOT_PATIENCE if booting else run.PATIENCE
    with run.alone(scene.layout, host.clock, patience=patience):
        means = _means(layout)
        return recover(scene, means=means, progress=teller, booting=booting)


def _after_defect(layout: Layout, host: Host, teller: Teller) -> None:
    try:
        _recovered(layout, host, teller, booting=False)
    except (CaretakerError, HostFailure, OSError) as error:
        _say(str(error))


def _scene(layout: Layout, host: Host) -> Scene:
    manifest, layout = manifest_of(layout)
    return open_scene(manifest, layout, host=host)


def _means(layout: Layout) -> Means:
    return Embedded() if layout.embedded else OnSystemd()


def _start_later(layout: Layout, host: Host) -> None:
    if not layout.embedded:
        host.systemd.control("start", "--no-block", ask.UNIT)
        return
    argv = [sys.executable, "-I", "-m", "agent.change", "--root", str(layout.root), "run"]
    detach.start(argv, layout.logs / "change.log").forget()


def _is_going_down(host: Host) -> bool:
    done = host.run(["systemctl", "is-system-running"], timeout=10.0)
    return done.stdout.strip() == "stopping"


def _as_ours(error: Exception) -> CaretakerError:
    if isinstance(error, CaretakerError):
        return error
    return InternalError("internal", str(error), hint="caretaker ledger")


def _log(layout: Layout) -> str:
    return f"tail {layout.logs}/change.log" if layout.embedded else f"journalctl -u {ask.UNIT}"


def _say(text: str) -> None:
    # Standard error is the journal here, a line an entry; a full disk below it must not stop us.
    try:
        sys.stderr.write("".join(c if c.isprintable() else " " for c in text) + "\n")
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
