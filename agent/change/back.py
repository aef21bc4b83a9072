"""The way back: the deployment that was active before runs again.

Owns its order: the new one is marked as gone back from, then stopped, then the flip, so that
whoever finds this half done goes on in the same direction. Refuses to give up half-way: whatever
fails, the old services are started.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from agent.change.act import Act, Times
from agent.change.means import Judged
from agent.change.pending import Pending, end, go_on
from agent.errors import CaretakerError, MachineError, RolledBackError
from agent.host.failures import HostFailure

TROUBLE = (CaretakerError, HostFailure, OSError)


def go_back(act: Act, pending: Pending, times: Times, judged: Judged) -> CaretakerError:
    """Do it, and give the error that says so: a RolledBackError once the old one runs again.

    A MachineError where it could not all be done; then recovery goes on with it.
    """
    why = judged.why or pending.why
    try:
        pending = turn_back(act, pending, why)
    except TROUBLE as error:
        return _stuck(act, pending, why, error)
    return finish(act, pending, times, why)


def turn_back(act: Act, pending: Pending, why: str) -> Pending:
    """Decide it, stop the new one, and flip. TROUBLE: `active` still names the new one."""
    act.progress.step("back", f"go back to {pending.before_version}: {why}")
    pending = _decided(act, pending, why)
    _as_far_as_it_goes(lambda: act.means.stop(act.scene_at(pending.number)), act)
    act.deployments.flip(pending.before)
    if pending.fresh:
        mark(act, pending)
    return pending


def mark(act: Act, pending: Pending) -> None:
    """Once more that it was gone back from, or its data would count as never used."""
    _as_far_as_it_goes(lambda: act.deployments.abandon(pending.number), act)


def finish(act: Act, pending: Pending, times: Times, why: str) -> CaretakerError:
    """`active` names the old one again: derived files, services, verdict. As `go_back`."""
    try:
        old = act.scene_at(pending.before)
        act.means.settle(old)
        act.means.start(old)
        judged = act.means.judge(old, act.progress)
        act.means.let_come(old)
        act.enter_verdict(pending, judged, old=True)
    except TROUBLE as error:
        return _stuck(act, pending, why, error)
    outcome = times.outcome(act, pending, changed=False, first_good=judged.first_good, why=why)
    try:
        end(act.scene.layout, pending, act.clock, outcome)
    except TROUBLE as error:
        return _stuck(act, pending, why, error)
    act.enter_end(pending, outcome, "rolled-back")
    return rolled_back(pending, why, judged)


def rolled_back(pending: Pending, why: str, old: Judged) -> RolledBackError:
    """The error; `old` is the verdict about the deployment that came back."""
    runs = f"{pending.before_version} runs again"
    if not old.good:
        runs += f", and is not healthy either: {old.why}"
    return RolledBackError("rolled-back", f"{pending.title}: {why}; {runs}", hint=_hint(old))


def words_of(error: BaseException) -> str:
    return error.message if isinstance(error, CaretakerError) else str(error)


def _hint(old: Judged) -> str:
    return "caretaker ledger" if old.good else "caretaker status"


def _decided(act: Act, pending: Pending, why: str) -> Pending:
    """From here on there is no other way, whoever goes on with it."""
    if pending.fresh:
        # On a full disk this may fail. Then the phase says it, and the mark is set after the flip.
        with contextlib.suppress(*TROUBLE):
            act.deployments.abandon(pending.number)
    pending = go_on(act.scene.layout, pending, "returning", why=why)
    act.enter(pending, "back", "begun", why=why, detail={**_evidence(act, pending)})
    return pending


def _evidence(act: Act, pending: Pending) -> dict[str, str]:
    with contextlib.suppress(*TROUBLE):
        return act.means.last_words(act.scene_at(pending.number))
    return {}


def _as_far_as_it_goes(work: Callable[[], None], act: Act) -> None:
    try:
        work()
    except TROUBLE as error:
        act.progress.note(words_of(error))


def _stuck(act: Act, pending: Pending, why: str, error: BaseException) -> CaretakerError:
    """What could not be done is done by recovery; the application is started as it stands."""
    with contextlib.suppress(*TROUBLE):
        active = act.deployments.active()
        if active is not None:
            scene = act.scene_at(active.number)
            act.means.start(scene)
            act.means.let_come(scene)
    act.enter(pending, "back", "failed", why=words_of(error))
    return MachineError(
        "change-failed",
        f"{pending.title}: {why}; and going back to {pending.before_version} broke off: "
        f"{words_of(error)}",
        hint="caretaker upgrade resume",
    )
