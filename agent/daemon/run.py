"""From an open probe port to a running daemon, or to an error with an exit status.

Owns what is said when the daemon can't start, and the lock that keeps it the only one of its root.
"""

from __future__ import annotations

import sys
from pathlib import Path

from agent.daemon import early
from agent.daemon.appliance import Appliance, read_appliance
from agent.daemon.core import Daemon
from agent.daemon.interrupted import end_interrupted
from agent.daemon.loop import SIGNALS, Loop
from agent.errors import BusyError, CaretakerError, InternalError, MachineError
from agent.host import bell, files, journal, lock
from agent.host.bell import Bell
from agent.host.failures import FileFailure, LockHeld
from agent.host.machine import Host
from agent.log import Log, open_log
from agent.probe.handle import ProbeHandle
from agent.probe.start import start_child


def run(root: str, *, embedded: bool, probe: ProbeHandle | None, trouble: Exception | None) -> int:
    """The exit status. `trouble`: why the probe child was not to be started, if it was tried."""
    host = Host(root=Path(root))
    bell.ignore("SIGPIPE")
    log = open_log(host.clock, to_journal=not embedded and journal.is_our_output())
    try:
        if embedded:
            end_interrupted(host.root, host)
        appliance = read_appliance(host.root)
        layout = appliance.layout
        for folder in (layout.run, layout.agent_state):
            files.ensure_folder(folder, mode=0o755 if folder == layout.run else 0o700)
        with lock.exclusive(layout.daemon_lock, purpose="caretaker daemon"):
            probe = _probe(appliance, probe, trouble)
            daemon = Daemon(appliance, probe, host=host, log=log, bell=Bell(SIGNALS))
            daemon.start()
            Loop(daemon).run()
    except CaretakerError as error:
        return _refuse(log, probe, error)
    except LockHeld as held:
        message = f"an agent runs here already: {held}"
        return _refuse(log, probe, BusyError("lock-held", message))
    except FileFailure as failure:
        return _refuse(log, probe, MachineError("file-unwritable", str(failure)))
    except OSError as error:
        return _refuse(log, probe, MachineError("daemon-failed", str(error)))
    except Exception:  # The last resort before the process ends: a defect, told with its trace.
        log.error("the agent broke; this is a defect of Caretaker", exc_info=True)  # noqa: G201
        return _refuse(log, probe, InternalError("internal", "the agent broke"))
    return 0


def _probe(
    appliance: Appliance, probe: ProbeHandle | None, trouble: Exception | None
) -> ProbeHandle:
    """The probe child on the right port: the early one, unless it had guessed wrong."""
    settings = appliance.probe_settings()
    if probe is not None:
        if early.same(settings, probe.settings):
            return probe
        probe.stop()
    if trouble is not None:
        raise trouble
    return start_child(settings)


def _refuse(log: Log, probe: ProbeHandle | None, error: CaretakerError) -> int:
    log.error(error.message, code=error.code, hint=error.hint or None)
    if probe is not None:
        probe.stop()
    sys.stderr.flush()
    return error.exit_status
