"""One health model in the words of each balancer.

Owns how a state reads in each dialect: plain 200/503, Kubernetes' verbose list, Azure's rich
states, HAProxy's 404 soft stop and agent-check line, Google's weight header. Decides nothing: the
status is already known here.
"""

from __future__ import annotations

from agent.probe.request import Request, parameters
from agent.probe.response import ALLOW, JSON, TEXT, render
from agent.probe.routes import AZURE, CHECK, GROUP, HAPROXY, LIVE, LIVE_CHECK, NONE, READY
from agent.probe.snapshot import FAIL
from agent.probe.state import State

_DRAINING = frozenset(("draining", "stopping"))


def answer(state: State, request: Request, family: str, name: str) -> bytes:
    """The whole response to `request`, which `routes` found to ask for `family` and `name`."""
    verbose, excluded = parameters(request.query) if request.query else (False, frozenset())
    found = _status(state, family, name, excluded)
    if found is None:
        return _finish(request, 404, "not found\n", TEXT, "")
    status, reason = found
    weight = f"X-Load-Balancing-Endpoint-Weight: {state.weight_for(status)}\r\n"
    if family == AZURE:
        word = "Unhealthy" if status == FAIL else "Healthy"
        return _finish(request, 200, f'{{"ApplicationHealthState":"{word}"}}\n', JSON, weight)
    body = f"{status}\n" if reason in ("ok", status) else f"{status} {reason}\n"
    if verbose:
        body += _list(state, family, name, excluded, status)
    return _finish(request, _code(state, family, status), body, TEXT, weight)


def _status(
    state: State, family: str, name: str, excluded: frozenset[str]
) -> tuple[str, str] | None:
    if family in (READY, HAPROXY):
        return state.of_ready(excluded)
    if family in (LIVE, AZURE):
        # Azure replaces a VM that says Unhealthy: a drained or waiting one must not say it.
        return state.of_live(excluded)
    if family == NONE:
        return None
    if family == GROUP and (state.blind or name in state.groups):
        return state.of_group(name, excluded)
    return state.of_check(name, live_only=family == LIVE_CHECK)


def _code(state: State, family: str, status: str) -> int:
    if status != FAIL:
        return 200
    if family == HAPROXY and _drains(state):
        return 404  # http-check disable-on-404: no new sessions, the present ones stay
    return 503


def _drains(state: State) -> bool:
    return state.live != FAIL and (state.drained or state.reason in _DRAINING)


def _finish(request: Request, code: int, body: str, content: str, extra: str) -> bytes:
    if request.method == b"OPTIONS":
        extra += ALLOW
    return render(
        code,
        body,
        content=content,
        extra=extra,
        keep=request.keep,
        old=request.old,
        bare=request.method == b"HEAD",
    )


def _list(state: State, family: str, name: str, excluded: frozenset[str], status: str) -> str:
    """Kubernetes' list: names and statuses, never why."""
    if state.blind:
        return ""
    family = {LIVE_CHECK: CHECK, GROUP: GROUP if name in state.groups else CHECK}.get(
        family, family
    )
    lines = []
    for check in state.named(family, name):
        if check in excluded:
            lines.append(f"[+]{check} excluded: ok\n")
        elif state.checks[check][0] == FAIL:
            lines.append(f"[-]{check} failed: reason withheld\n")
        else:
            lines.append(f"[+]{check} {_MILD[state.checks[check][0]]}\n")
    lines.append(f"{family} check {'failed' if status == FAIL else 'passed'}\n")
    return "".join(lines)


_MILD = {"pass": "ok", "warn": "warn"}


def agent_line(state: State) -> bytes:
    """HAProxy's agent-check: the line it reads from the agent's own port.

    Every line names both states, operational (up, down) and administrative (ready, drain, maint):
    only the agent can take back what the agent said before.
    """
    if state.ready == FAIL and state.live != FAIL:
        if _drains(state):
            return b"up drain\n"
        if state.reason == "maintenance":
            return b"up maint\n"
    if state.ready == FAIL:
        return f"down #{state.reason}\n".encode("ascii")
    return f"up ready {state.weight}%\n".encode("ascii")
