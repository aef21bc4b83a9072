"""A daemon in miniature, as a process of its own: started, killed and stopped by tests and benches.

Arguments: port, seconds a publication is valid (0: never publish), seconds between renewals.
Prints its port and its child's process id.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.probe.settings import ProbeSettings
from agent.probe.snapshot import CheckState, Snapshot
from agent.probe.start import start_child


def main() -> None:
    port, valid, every = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    handle = start_child(ProbeSettings(address="127.0.0.1", port=port))
    print(handle.port, handle.pid, flush=True)
    taken = Snapshot(live="pass", ready="pass", checks=[CheckState("db", "pass", level="live")])
    while True:
        if valid:
            handle.publish(taken, valid_for=valid)
        time.sleep(every)


main()
