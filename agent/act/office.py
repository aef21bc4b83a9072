"""Carrying out one request: who asks, what for, how often; then the act, and the ledger.

Owns the order of these decisions; every way out is an `Answer`. Refuses to know sockets.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.act import budget
from agent.act.acts import Hands
from agent.act.names import Names
from agent.act.request import Answer, Request, answer_to, parse
from agent.errors import BusyError, CaretakerError, RefusedError, UsageError
from agent.host import lock
from agent.host.clock import Clock
from agent.host.failures import LockHeld
from agent.ledger import Ledger
from agent.services.protocol import unknown_service
from agent.state import StateFile

_PATIENCE = 2.0  # seconds; whoever counts holds the lock for milliseconds
_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Office:
    """What a request needs. `folder` is root's own and gone at boot; `agent` the daemon's uid."""

    hands: Hands
    names: Names
    ledger: Ledger
    folder: Path
    agent: int | None
    clock: Clock

    def serve(self, line: bytes | None, uid: int | None) -> Answer:
        """Raises HostFailure where the count could not be kept; then nothing was done."""
        try:
            self._authorise(uid)
            request = self._known(parse(line))
            if uid != 0:
                self._allow_agent(request)
                self._spend(request)
        except CaretakerError as error:
            self._note_refusal(error, uid)
            return answer_to(error)
        return self._carry_out(request, uid)

    def _authorise(self, uid: int | None) -> None:
        # The socket's mode says the same; this holds when somebody changes that mode.
        if uid is None or uid not in (0, self.agent):
            raise RefusedError("refused", "only root and the agent may ask for acts")

    def _known(self, request: Request) -> Request:
        kind = request.act.kind
        names = self.names.known(kind)
        if request.name in names:
            return request
        if kind == "service":
            raise UsageError("service-unknown", unknown_service(request.name, names))
        raise UsageError("usage", f"{request.name} is no {kind} of this appliance")

    def _allow_agent(self, request: Request) -> None:
        if self.names.forbids_agent(request.act.kind, request.name):
            raise RefusedError(
                "refused",
                f"the {request.act.kind} {request.name} runs only when a person asks",
                hint=f"sudo caretaker remedies run {request.name}",
            )

    def _spend(self, request: Request) -> None:
        kind = request.act.kind
        most = budget.ACTS[kind]
        wait = self._count(f"{kind} {request.name}", most)
        if wait:
            hint = f"logs {request.name}" if kind == "service" else "ledger"
            raise RefusedError(
                "refused",
                f"{request.name} was acted upon {most} times within "
                f"{budget.WINDOW / 60:.0f} min; the agent may again in {wait:.0f} s",
                hint=f"caretaker {hint}",
            )

    def _carry_out(self, request: Request, uid: int | None) -> Answer:
        begun = self.clock.monotonic()
        failure: CaretakerError | None = None
        try:
            request.act.run(self.hands, request.name)
        except CaretakerError as error:
            failure = error
        if failure or not request.act.own_entry:
            self.ledger.write(
                request.act.name,
                target=request.name,
                outcome="failed" if failure else "done",
                why=failure.message if failure else "",
                actor=self._actor(uid),
                seconds=self.clock.monotonic() - begun,
            )
        if failure:
            return answer_to(failure)
        return Answer(0, f"{request.name} {request.act.done}")

    def _note_refusal(self, error: CaretakerError, uid: int | None) -> None:
        # A flood of refusals must not push what really happened out of the ledger.
        with contextlib.suppress(BusyError):
            if not self._count("refusals", budget.REFUSALS):
                actor = self._actor(uid)
                self.ledger.write("act", outcome="refused", why=error.message, actor=actor)

    def _count(self, key: str, most: int) -> float:
        """Count one more; 0.0, or the seconds until there is one left. Raises BusyError."""
        file = StateFile(self.folder / "budget.json", budget.Spent, mode=0o600)
        with self._alone():
            spent = file.load() or budget.Spent()
            now = self.clock.monotonic()
            spent, wait = budget.spend(spent, key, now=now, most=most)
            file.save(spent)
        return wait

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        deadline = self.clock.monotonic() + _PATIENCE
        with contextlib.ExitStack() as held:
            while True:
                try:
                    path = self.folder / "budget.lock"
                    held.enter_context(lock.exclusive(path, purpose="counting acts"))
                    break
                except LockHeld as failure:
                    if self.clock.monotonic() > deadline:
                        raise BusyError("lock-held", str(failure), hint="try again") from failure
                self.clock.sleep(_STEP)
            yield

    def _actor(self, uid: int | None) -> str:
        return "agent" if uid is not None and uid == self.agent else f"uid {uid}"
