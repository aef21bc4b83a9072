"""One look of one check: always a finding, always in time, never a secret.

Owns the hard limit. A thread can't be ended from outside, and some calls know no time limit (a
path on a network mount whose server is gone, a resolver without servers, a child the kernel won't
let die), so each look runs in a thread of its own that is left behind when its time is up. While
it still hangs, the check says so at once and starts no second one: a dead mount costs one thread
and one verdict. Refuses to judge: hysteresis and levels are the engine's.
"""

from __future__ import annotations

import threading
from dataclasses import replace as replace_fields
from pathlib import PurePath
from types import TracebackType

import msgspec

from agent.errors import CaretakerError
from agent.findings import Finding, failed
from agent.health.checks import CHECKS
from agent.health.context import CheckType, Context
from agent.host.failures import HostFailure
from agent.manifest.checks import Check
from agent.manifest.placeholders import Values, expand_record

# What `look_once` itself may say, besides the codes of agent.errors.
CODES = ("timeout", "machine", "internal")

# Seconds that a look gets above its own limit: the inner limits (a socket's, a child's) are the
# same as the check's and give the better words, so they go first.
_SLACK = 0.1
_LONGEST = 300  # characters of a summary: one line of a terminal, or a few
_SHORTEST_SECRET = 4  # characters; blotting out shorter ones would only garble the words
_HANGING = "look.hanging"  # key of `memory`

_TYPES: dict[type[Check], CheckType] = {each.params: each for each in CHECKS}


class _Attempt:
    """A look under way in its thread."""

    __slots__ = ("begun", "done", "finding")

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.done = threading.Event()
        self.finding: Finding | None = None


def look_once(check: Check, context: Context) -> Finding:
    """What the check sees now. Never raises; returns within the check's timeout and 0.1 s.

    Calls for one context never overlap: the scheduler runs one look of a check at a time.
    """
    kind = _TYPES[type(check)]
    now = context.host.clock.monotonic()
    hanging: _Attempt | None = context.memory.get(_HANGING)
    if hanging is not None:
        if not hanging.done.is_set():
            return _timed_out(kind, now - hanging.begun, since="still ")
        del context.memory[_HANGING]
    attempt = _Attempt(now)
    thread = threading.Thread(
        target=_attempt, args=(attempt, check, context), name=f"look {context.name}", daemon=True
    )
    try:
        thread.start()
    except RuntimeError:  # EAGAIN of pthread_create: TasksMax, or no memory
        return failed("machine", "the machine could not start a thread for this check")
    if not attempt.done.wait(check.timeout + _SLACK) or attempt.finding is None:
        context.memory[_HANGING] = attempt
        return _timed_out(kind, check.timeout)
    return attempt.finding


def _timed_out(kind: CheckType, seconds: float, *, since: str = "") -> Finding:
    return failed(
        "timeout",
        f"{since}no verdict after {seconds:.1f} s: {kind.hang}",
        # A Duration is more than a number, and status.json holds numbers.
        observed=float(seconds),
        unit="s",
        hanging=True,
    )


def _attempt(attempt: _Attempt, check: Check, context: Context) -> None:
    """The thread's work."""
    try:
        attempt.finding = _finding(check, context)
    finally:
        attempt.done.set()


def _finding(check: Check, context: Context) -> Finding:
    """A finding, whatever happens."""
    used: list[str] = []
    try:
        params = expand_record(check, _noting(context.values, used))
        finding = _TYPES[type(check)].look(params, context)
    except CaretakerError as error:
        finding = failed(error.code, error.message)
    except HostFailure as failure:
        finding = failed("machine", str(failure))
    except OSError as error:
        finding = failed("machine", f"the machine refused: {error.strerror or 'no reason given'}")
    except Exception as error:  # A defect of one check must cost its own verdict, not the daemon.
        finding = _broken(error)
    return _clean(finding, used)


def _noting(values: Values, used: list[str]) -> Values:
    """The same values, with each secret handed out also put into `used`."""
    secret = values.named["secret"]

    def noted(name: str) -> str:
        value = secret(name)
        used.append(value)
        return value

    return replace_fields(values, named={**values.named, "secret": noted})


def _broken(error: Exception) -> Finding:
    # The exception's own text may quote what it choked on, and that may be a secret.
    return failed(
        "internal",
        f"the check itself broke ({type(error).__name__}); this is a defect of Caretaker",
        where=_where(error.__traceback__),
    )


def _where(trace: TracebackType | None) -> str:
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{PurePath(code.co_filename).name}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    return place


def _clean(finding: Finding, secrets: list[str]) -> Finding:
    """One printable line without secrets, whatever a server or a program said."""
    hidden = [each for each in secrets if len(each) >= _SHORTEST_SECRET]
    summary = _printable(finding.summary, hidden)
    detail = {
        key: _printable(value, hidden) if isinstance(value, str) else value
        for key, value in finding.detail.items()
    }
    return msgspec.structs.replace(finding, summary=summary, detail=detail)


def _printable(text: str, secrets: list[str]) -> str:
    for each in secrets:
        text = text.replace(each, "(secret)")
    if not text.isprintable():
        # Escape sequences from a server would act on the terminal of whoever reads the status.
        text = "".join(char if char.isprintable() else " " for char in text).strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
