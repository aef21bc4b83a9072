"""The log: one line per event, as fields.

Owns the form: to journald a sentence (MESSAGE) with fields (CODE, CHECK, VERDICT, PRIORITY ...),
elsewhere one JSON object a line on standard output. Refuses chatter: one line per change of a
verdict, none per look and none per probe; and secrets, which no caller has to give: what is
logged are names, codes and findings' summaries, which `health.look` has cleaned.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any, Protocol

import msgspec
import structlog

from agent.host import journal
from agent.host.clock import Clock, rfc3339

# syslog(3)'s numbers, which `journalctl -p` and the colours of `systemctl status` go by.
PRIORITY = {"critical": 2, "error": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}
_NOTICE = {"info": "notice"}  # journald's own chatter is info; what a person should see stands out

Event = MutableMapping[str, Any]


class Log(Protocol):
    """What callers use. Fields with the value None are left out."""

    def info(self, message: str, **fields: Any) -> Any: ...

    def warning(self, message: str, **fields: Any) -> Any: ...

    def error(self, message: str, **fields: Any) -> Any: ...


def open_log(clock: Clock, *, to_journal: bool) -> Log:
    """The process's log. Without systemd-python it writes JSON lines, which journald keeps too."""
    factory: Any
    last: Any
    if to_journal and journal.available():
        factory, last = _JournalLogger, _as_entry
    else:
        factory, last = structlog.BytesLoggerFactory(sys.stdout.buffer), _as_line
    structlog.configure(
        processors=[structlog.processors.add_log_level, _Stamp(clock), _exception, last],
        wrapper_class=structlog.make_filtering_bound_logger(20),  # info and above
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    log: Log = structlog.get_logger()
    return log


class _Stamp:
    """Adds the time, by the clock handed in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        event["at"] = rfc3339(self._clock.wall())
        return event


def _exception(_logger: Any, _method: str, event: Event) -> Event:
    """`exc_info=True` as text; structlog's own processor loads its pretty printers."""
    if event.pop("exc_info", None):
        import traceback

        event["exception"] = traceback.format_exc()
    return event


def _as_line(_logger: Any, _method: str, event: Event) -> bytes:
    line = {"at": event.pop("at"), "level": event.pop("level"), "message": event.pop("event")}
    line |= {key: value for key, value in event.items() if value is not None}
    return msgspec.json.encode(line, enc_hook=str)


def _as_entry(_logger: Any, _method: str, event: Event) -> tuple[tuple[()], dict[str, Any]]:
    level = str(event.pop("level"))
    del event["at"]  # journald has its own
    entry = {
        "message": str(event.pop("event")),
        "priority": PRIORITY[_NOTICE.get(level, level)],
        "fields": {key.upper(): str(value) for key, value in event.items() if value is not None},
    }
    return (), entry


class _JournalLogger:
    """The end of structlog's chain: one entry a call."""

    def msg(self, *, message: str, priority: int, fields: dict[str, str]) -> None:
        if not journal.send(message, priority=priority, fields=fields):
            # journald is away or full; standard error reaches it again when it is back.
            sys.stderr.write(f"<{priority}>{message}\n")

    debug = info = warning = error = critical = msg
