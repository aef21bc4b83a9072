"""From the flip to the commit: derived files, services, the health gate; or the way back.

Owns what makes a change good. Refuses to be the only one who knows how far it is: each decision
is on the disk before it is acted on, so that recovery goes on from there.
"""

from __future__ import annotations

from agent.change.act import Act, Times
from agent.change.back import TROUBLE, go_back, words_of
from agent.change.change import Outcome
from agent.change.means import Judged
from agent.change.pending import Pending, end, go_on
from agent.errors import MachineError


def prove(act: Act, pending: Pending, times: Times) -> Outcome:
    """Start what `active` names and commit it. RolledBackError, or MachineError (`go_back`)."""
    try:
        judged = _judged(act, pending)
    except TROUBLE as error:
        judged = Judged(good=False, why=words_of(error))
    act.enter_verdict(pending, judged)
    if not judged.good:
        raise go_back(act, pending, times, judged)
    try:
        return commit(act, pending, times, judged)
    except TROUBLE as error:
        raise MachineError(
            "change-failed",
            f"{pending.title}: {pending.version} runs and is healthy, and it could not be written "
            f"down: {words_of(error)}",
            hint="caretaker upgrade resume",
        ) from error


def _judged(act: Act, pending: Pending) -> Judged:
    new = act.scene_at(pending.number)
    act.progress.step("settle", f"units and files of {pending.version}")
    act.means.settle(new)
    act.progress.step("start", f"start {pending.version}")
    act.means.start(new)
    upgrade = new.manifest.upgrade
    act.progress.step("gate", f"{upgrade.healthy} good verdicts in a row within {upgrade.within}")
    return act.means.judge(new, act.progress)


def commit(act: Act, pending: Pending, times: Times, judged: Judged) -> Outcome:
    """It is good: say so durably, first that it is decided. TROUBLE; it may be done again."""
    act.progress.step("commit", f"keep {pending.version}")
    pending = go_on(act.scene.layout, pending, "committing")
    act.deployments.commit(pending.number)
    if pending.kind == "rollback":
        act.deployments.abandon(pending.before)
    first_good = judged.first_good
    outcome = times.outcome(act, pending, changed=True, first_good=first_good)
    end(act.scene.layout, pending, act.clock, outcome)
    act.enter_end(pending, outcome, "done")
    return outcome
