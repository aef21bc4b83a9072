"""What the journal knows of a unit: its restarts and ends, and its last lines.

Owns the questions to journalctl. Refuses entries that systemd itself did not write where it counts
restarts: any program may log under a unit's name, none as process 1 (systemd.journal-fields(7),
trusted fields).
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from agent.host.machine import Host
from agent.services import evidence
from agent.services.crash_loop import Event

_TIMEOUT = 10.0  # seconds
_MOST = 400  # entries; a window's worth of the slowest loop and more

# Of systemd's catalog (sd-messages.h): a restart is due; and a run is over, well or badly.
_RESTART = "5eb03494b6584870a536b337290809b3"
_ENDS = ("7ad2d189f7e94e70a38c781354912448", "d9b373ed55a64feb8242e02dbe79a49c")


def restarts_and_ends(host: Host, unit: str) -> list[Event]:
    """In their order, by CLOCK_MONOTONIC, of the last boot that has any. Nothing where the journal
    says nothing."""
    wanted = [f"MESSAGE_ID={each}" for each in (_RESTART, *_ENDS)]
    said = _journal(
        host, "--output=json", "--output-fields=MESSAGE_ID", f"--lines={_MOST}",
        "_PID=1", f"UNIT={unit}", *wanted,
    )  # fmt: skip
    found = [told for line in said.splitlines() if (told := _event(line)) is not None]
    # Not `--boot`: a sandbox that mounts /proc anew shows a container its host's boot id.
    boot = found[-1][0] if found else ""
    return sorted((event for of, event in found if of == boot), key=lambda event: event.at)


def last_lines(host: Host, unit: str, secrets: Iterable[str]) -> str:
    """The last lines that a unit logged, and systemd about it; empty where there are none."""
    count = f"--lines={evidence.LINES}"
    said = _journal(host, "--output=cat", count, f"--unit={unit}")
    return evidence.in_full(evidence.last_lines(said, secrets))


def _journal(host: Host, *words: str) -> str:
    done = host.run(["journalctl", "--no-pager", "--quiet", *words], timeout=_TIMEOUT)
    return done.stdout if done.ok else ""


def _event(line: str) -> tuple[str, Event] | None:
    """The boot, and what happened."""
    try:
        told = json.loads(line)
        at = int(told["__MONOTONIC_TIMESTAMP"]) / 1e6
        kind = "restart" if told["MESSAGE_ID"] == _RESTART else "end"
        return str(told["_BOOT_ID"]), Event(at, kind)
    except (ValueError, KeyError, TypeError):
        return None
