"""Services run by the daemon itself, where there is no systemd: the supervisor.

Owns the thread in which all services of a manifest are started, watched, restarted and ended; the
rules stand in `keeper` and `crew`. It sleeps until a child ends, a pause is over or somebody asks.
Refuses `unit =`: those are systemd's. There is no sandbox here; each program runs as this user,
or, where this user is root, as the service's `user`.
"""

from __future__ import annotations

import contextlib
import threading
import traceback
from collections.abc import Callable, Hashable
from concurrent.futures import TimeoutError as NotInTime
from queue import Empty, SimpleQueue

from agent.errors import MachineError, UsageError
from agent.host import children
from agent.host.children import Child, Identity
from agent.host.machine import Host
from agent.host.orphans import Orphans
from agent.host.systemd import TIMEOUT
from agent.host.waiting import Waiting
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.services import program
from agent.services.crash_loop import limit_of
from agent.services.crew import Crew
from agent.services.hands import ServiceHands
from agent.services.keeper import Keeper
from agent.services.log_watch import LogWatch
from agent.services.orders import Order, Verb, failed_to
from agent.services.protocol import ServiceState, unknown_service
from agent.services.roll import Roll

_ALLOWANCE = 15.0  # seconds above a service's stop_timeout, for SIGKILL and the kernel
_AFTER_A_DEFECT = 1.0  # seconds
_REAP_EVERY = 15.0  # seconds

Note = Callable[[ServiceState], None]


class Supervisor:
    """The services of one manifest as children. `open` starts them, `close` ends them.

    Only the holder of the daemon's lock may open one for a root. `note` hears of each change of
    state, in the supervisor's thread. Raises MachineError where a service is a unit.
    """

    def __init__(
        self,
        manifest: Manifest,
        layout: Layout,
        host: Host,
        values: Values,
        note: Note = lambda state: None,
    ) -> None:
        _no_units(manifest)
        self._services = manifest.services
        self._layout, self._host, self._values, self._note = layout, host, values, note
        self._roll = Roll(layout.run / "children.json", host.clock.boot_id())
        self._hands = {name: self._make_hands(name) for name in manifest.services}
        limit = limit_of(manifest)
        self._crew = Crew(
            manifest.services,
            {
                name: Keeper(name, manifest.services[name].stop_timeout, hands, limit)
                for name, hands in self._hands.items()
            },
        )
        now = host.clock.monotonic()
        self._logs = [LogWatch(hands.log, now) for hands in self._hands.values()]
        self._orphans = Orphans()
        self._reap_at = now
        self._watched: dict[str, Child] = {}
        self._waiting = Waiting()
        self._orders: SimpleQueue[Order] = SimpleQueue()
        self._open_orders: list[Order] = []
        self._states = self._crew.states(host.clock.wall())
        # All children hang on this thread (agent/host/leash.py), so nothing may end it early.
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def open(self) -> None:
        """Begin: end what an earlier daemon left, then start all in order. Returns at once."""
        self._thread.start()

    def close(self) -> None:
        """End all in order. Raises MachineError where something would not end in time."""
        if not self._thread.is_alive():
            return
        self._orders.put(Order("end", ""))
        self._waiting.ring()
        longest = sum(service.stop_timeout for service in self._services.values())
        self._thread.join(longest + _ALLOWANCE)
        if self._thread.is_alive():
            left = [name for name, state in self._states.items() if state.state != "stopped"]
            raise failed_to(", ".join(left), "stop", "it did not end in time")

    def names(self) -> tuple[str, ...]:
        return tuple(self._crew.keepers)

    def state(self, name: str) -> ServiceState:
        self._known(name)
        return self._states[name]

    def states(self) -> dict[str, ServiceState]:
        return self._states

    def evidence(self, name: str) -> str:
        """The last lines the service logged."""
        return self._hands[name].evidence()

    def pids(self, name: str) -> list[int]:
        pid = self.state(name).pid
        return [pid, *children.descendants(pid)] if pid else []

    def start(self, name: str) -> None:
        self._do("start", name, TIMEOUT)

    def stop(self, name: str) -> None:
        self._do("stop", name, _ALLOWANCE)

    def restart(self, name: str) -> None:
        self._do("restart", name, TIMEOUT)

    def reload(self, name: str) -> None:
        """The reload program finds the main process in MAINPID, as under systemd."""
        state = self.state(name)
        argv = program.reload_command(name, self._services[name], self._values)
        if not argv:
            return self.restart(name)
        if not state.running:
            raise failed_to(name, "reload", state.summary)
        environment = {**self._hands[name].environment(), "MAINPID": str(state.pid)}
        done = self._host.run(argv, timeout=TIMEOUT, env=environment, cwd=self._layout.data)
        if not done.ok:
            raise failed_to(name, "reload", done.reason)
        return None

    # --- asking the thread ---
    def _do(self, verb: Verb, name: str, timeout: float) -> None:
        self._known(name)
        if not self._thread.is_alive():
            raise failed_to(name, verb, "the supervisor does not run")
        order = Order(verb, name)
        self._orders.put(order)
        self._waiting.ring()
        try:
            order.done.result(timeout + self._services[name].stop_timeout)
        except NotInTime:
            raise failed_to(name, verb, self._states[name].summary) from None

    def _known(self, name: str) -> None:
        if name not in self._services:
            raise UsageError(
                "service-unknown", unknown_service(name, self.names()), hint="caretaker status"
            )

    # --- the thread ---
    def _run(self) -> None:
        while not self._crew.ended:
            try:
                self._round()
            except Exception:  # The thread's end would be the end of every service.
                traceback.print_exc()
                self._host.clock.sleep(_AFTER_A_DEFECT)
        self._take_orders(self._host.clock.monotonic())
        self._publish()
        for order in self._open_orders:
            order.refuse("the agent is stopping")
        self._waiting.close()

    def _round(self) -> None:
        now = self._host.clock.monotonic()
        self._take_orders(now)
        self._crew.step(now)
        self._look_at_logs(now)
        self._reap_orphans(now)
        self._watch()
        self._publish()
        if not self._crew.ended:
            self._wake(self._waiting.wait(self._pause(self._host.clock.monotonic())))

    def _take_orders(self, now: float) -> None:
        while True:
            try:
                order = self._orders.get_nowait()
            except Empty:
                return
            if order.verb == "end":
                self._crew.end()
            elif self._crew.ending:
                order.refuse("the agent is stopping")
            else:
                order.give(self._crew.asked(order.name), now)
                self._open_orders.append(order)

    def _wake(self, ready: list[Hashable]) -> None:
        now = self._host.clock.monotonic()
        # Reports first: a child that could not become its program says why, and then ends.
        for kind in ("report", "end"):
            for each in ready:
                if isinstance(each, tuple) and each[0] == kind and each[1] in self._watched:
                    self._happened(kind, each[1], now)

    def _happened(self, kind: str, name: str, now: float) -> None:
        child, keeper = self._watched[name], self._crew.keepers[name]
        if child.report >= 0:
            self._waiting.discard(child.report)
            keeper.reported()
        if kind == "end":
            self._waiting.discard(child.pidfd)  # it stays readable, and would wake us for ever
            keeper.ended(now)

    def _watch(self) -> None:
        """Wait for what the new children will do."""
        for name, keeper in self._crew.keepers.items():
            child = keeper.child
            if child is not None and self._watched.get(name) is not child:
                self._watched[name] = child
                self._waiting.add(child.pidfd, ("end", name))
                self._waiting.add(child.report, ("report", name))

    def _remember(self, name: str, identity: Identity | None) -> None:
        gone = self._watched.pop(name, None) if identity is None else None
        if gone is not None:
            self._waiting.discard(gone.pidfd)
            self._waiting.discard(gone.report)
        self._roll.note(name, identity)

    def _publish(self) -> None:
        before, self._states = self._states, self._crew.states(self._host.clock.wall())
        for name, state in self._states.items():
            if state.state != before[name].state:
                self._note(state)
        keepers = self._crew.keepers
        self._open_orders = [
            order for order in self._open_orders if not order.answer(keepers[order.name])
        ]

    def _look_at_logs(self, now: float) -> None:
        for log in self._logs:
            if now >= log.due:
                with contextlib.suppress(OSError):  # A full disk; it is tried again.
                    log.look(now)

    def _reap_orphans(self, now: float) -> None:
        if now >= self._reap_at:
            self._reap_at = now + _REAP_EVERY
            self._orphans.reap({child.identity.pid for child in self._watched.values()})

    def _pause(self, now: float) -> float:
        due = self._crew.next_due()
        dues = [self._reap_at, *(log.due for log in self._logs)]
        return max(0.0, min([*dues, *([] if due is None else [due])]) - now)

    def _make_hands(self, name: str) -> ServiceHands:
        return ServiceHands(
            name,
            self._services[name],
            self._layout,
            self._values,
            self._roll.before(name),
            self._remember,
        )


def _no_units(manifest: Manifest) -> None:
    for name, service in manifest.services.items():
        if service.unit:
            raise MachineError(
                "system-unsupported",
                f"the service {name} is the unit {service.unit}, and there is no systemd here",
                hint=f"run it on a machine with systemd, or give services.{name} a command",
            )
