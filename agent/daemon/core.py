"""The daemon's parts, wired.

Owns which part knows which, starting them in order, and taking in a changed manifest. Refuses the
main thread's work (`loop`) and rules (`agent.health`).
"""

from __future__ import annotations

import os
import threading

from agent.api.server import open_server
from agent.daemon import early, errands
from agent.daemon.appliance import Appliance, read_appliance
from agent.daemon.desk import Desk
from agent.daemon.facade import Facade
from agent.daemon.housekeeper import Housekeeper
from agent.daemon.keeper import ModeKeeper
from agent.daemon.looks import Looks
from agent.daemon.mending import Mending
from agent.daemon.pair_watch import PairWatch
from agent.daemon.records import Records
from agent.daemon.report import Facts, render
from agent.daemon.sampler import Sampler
from agent.daemon.selfcheck import BEAT, SelfCheck
from agent.daemon.silence import Silence
from agent.daemon.timetable import Timetable
from agent.errors import CaretakerError, ManifestError
from agent.health.verdict import Mode, Verdict
from agent.host.bell import Bell
from agent.host.machine import Host
from agent.log import Log
from agent.modes import Modes
from agent.probe.answers import REFUSED
from agent.probe.handle import ProbeHandle
from agent.probe.settings import ProbeSettings
from agent.services.embedded import Supervisor
from agent.services.open import open_services
from agent.services.protocol import Services, ServiceState
from agent.state import StateFile
from agent.status import ProbeReport, StatusReport

_SPARE_THREADS = 3  # for the timetable's own jobs, beside one a check
_MOST_THREADS = 64
_NEXT_START = "it does so at the agent's next start"


class Daemon:
    """One running agent."""

    def __init__(
        self, appliance: Appliance, probe: ProbeHandle, *, host: Host, log: Log, bell: Bell
    ) -> None:
        """Raises CaretakerError, FileFailure and OSError where something can't be opened."""
        manifest, layout = appliance.manifest, appliance.layout
        self.appliance = appliance
        self.probe = probe
        self.host = host
        self.bell = bell
        self.stop_wanted = ""  # by whom
        self.stopping = False
        self._reloading = threading.Lock()
        self._started = host.clock.monotonic()
        self.notes: dict[str, str] = {}  # by what they are about
        self.records = Records(layout, host, log, history_limit=manifest.daemon.history)
        self.desk = Desk(
            manifest.checks,
            manifest.groups,
            clock=host.clock,
            probe=probe,
            heard=self._heard,
            sooner=bell.ring,
        )
        threads = min(_MOST_THREADS, len(manifest.checks) + _SPARE_THREADS)
        self.timetable = Timetable(host.clock, threads=threads, broken=self.records.broken)
        self.looks = Looks(self.desk, self.timetable, host)
        self.keeper = ModeKeeper(
            StateFile(layout.modes, Modes),
            host.clock,
            changed=self._mode_changed,
            noted=self.records.noted,
        )
        self.supervisor: Supervisor | None = None
        self.services: Services = self._open_services()
        self._service_states: dict[str, ServiceState] = {}
        self._restarts: dict[str, int] = {}
        self.mending = Mending(self)
        self.housekeeper = self._open_housekeeper()
        self.sampler = Sampler(host.clock, layout.data_home, self.records.sampled)
        self.silence = Silence(host.clock, manifest.probe.silent_after)
        self.pair = PairWatch(probe.settings)
        self.facade = Facade(self)
        self.api = open_server(layout, os.getuid(), manifest.daemon.api_port)
        self.selfcheck = SelfCheck(
            host.clock,
            self.desk,
            self.timetable,
            probe,
            api_alive=self.api.alive,
            noted=self.records.noted,
        )

    def start(self) -> None:
        """Begin to look, to answer and to write."""
        daemon = self.appliance.manifest.daemon
        self.records.start(self.report)
        self.records.noted("agent-start")
        self.keeper.announce()
        if self.supervisor is not None:
            self.mending.first(self.supervisor.open)
        self.timetable.start()
        self.looks.begin(self.appliance, self.services, tuple(self.appliance.manifest.checks))
        self.timetable.add("beat", BEAT, self._beat)
        self.timetable.add("sample", float(daemon.sample_every), self.sampler.begin)
        if self.appliance.layout.embedded:
            keeper = self.housekeeper
            self.timetable.add_when("housekeeping", keeper.wait, keeper.turn)
        self.mending.start()
        self.api.start(self.facade, self.host.clock)
        self._note_for_next_start(self.probe.settings)

    def report(self) -> StatusReport:
        """Everything, as of now. Asks the disk and systemd nothing."""
        probe, stats = self.probe, self.probe.stats()
        wall = self.host.clock.wall()
        boot = wall - self.host.clock.monotonic()
        notes = [*self.notes.values(), *self.mending.notes()]
        notes += [self.housekeeper.note(), self.keeper.complaint(), stats.tls_error]
        facts = Facts(
            wall=wall,
            boot=boot,
            started=boot + self._started,
            modes=self.keeper.current(),
            services=self._service_states,
            events=self.records.events.list(),
            probe=ProbeReport(
                address=probe.settings.address,
                port=probe.port,
                answered=sum(stats.answered.values()) - stats.answered.get(REFUSED, 0),
                last_probe_age=stats.remote_probe_age,
                alive=probe.alive(),
            ),
            notes=[note for note in [*notes, *self.records.complaints()] if note],
            safe_mode=self.mending.safe(),
            remedies=self.mending.counts(),
        )
        return render(self.desk.verdict(), self.appliance, facts)

    def reload(self, *, actor: str) -> None:
        """Read manifest and settings again. Raises CaretakerError, and keeps what it had then."""
        with self._reloading:
            try:
                fresh = read_appliance(self.appliance.layout.root)
                settings = fresh.probe_settings()
                if fresh.manifest.appliance.name != self.appliance.manifest.appliance.name:
                    name = fresh.manifest.appliance.name
                    raise ManifestError("manifest-value", f"this is {name}'s, another appliance's")
            except CaretakerError as error:
                self.notes["reload"] = f"the new manifest was refused: {error.message}"
                self.records.noted("reload", outcome="refused", why=error.message, actor=actor)
                self.records.refresh()
                raise
            self._take(fresh, actor)
            if early.same(settings, self.probe.settings):
                self.notes.pop("port", None)
                if settings.certificate:
                    self.probe.reload(settings.certificate, settings.key)
            else:
                self.notes["port"] = f"the probe port changed; {_NEXT_START}"
            self._note_for_next_start(settings)
            self.records.refresh()

    def _take(self, fresh: Appliance, actor: str) -> None:
        """Everything of a manifest that can change while we run."""
        old, self.appliance = self.appliance, fresh
        changes = self.desk.replace(fresh.manifest.checks, fresh.manifest.groups)
        if self.supervisor is None:
            self.services = self._open_services()
        elif fresh.manifest.services != old.manifest.services:
            self.notes["services"] = f"the services changed; {_NEXT_START}"
        if fresh.manifest.daemon.api_port != old.manifest.daemon.api_port:
            self.notes["api"] = f"the port of the local API changed; {_NEXT_START}"
        self.looks.change(fresh, self.services, changes)
        self.mending.replace()
        self.housekeeper.replace()
        self.silence.after = fresh.manifest.probe.silent_after
        self.records.limit_history(fresh.manifest.daemon.history)
        if fresh.manifest.daemon.sample_every != old.manifest.daemon.sample_every:
            self.timetable.drop("sample")
            every = float(fresh.manifest.daemon.sample_every)
            self.timetable.add("sample", every, self.sampler.begin)
        self.notes.pop("reload", None)
        kept, new, gone = (len(each) for each in (changes.kept, changes.added, changes.removed))
        self.records.noted("reload", why=f"{kept} checks kept, {new} new, {gone} gone", actor=actor)

    def _note_for_next_start(self, settings: ProbeSettings) -> None:
        note = early.note_of(str(self.appliance.layout.root), settings)
        self.records.keep(early.NOTE, note.encode())

    def _open_services(self) -> Services:
        appliance = self.appliance
        if not appliance.layout.embedded:
            return open_services(appliance.manifest, appliance.layout, self.host)
        self.supervisor = Supervisor(
            appliance.manifest,
            appliance.layout,
            self.host,
            appliance.values,
            note=self._service_changed,
        )
        return self.supervisor

    def _open_housekeeper(self) -> Housekeeper:
        layout, records = self.appliance.layout, self.records
        return Housekeeper(
            layout,
            self.host.clock,
            errand=lambda up_since: errands.housekeeping(layout, up_since),
            warn=lambda message: records.warn(message, code="housekeeping"),
            ended=records.refresh,
        )

    def _service_changed(self, state: ServiceState) -> None:
        self._take_in(self.services.states())
        self.records.service(state)
        if state.state == "failed" and self.supervisor is not None:
            self.records.noted(
                "service-left-stopped",
                outcome="failed",
                target=state.name,
                why=state.summary,
                evidence=self.supervisor.evidence(state.name),
            )

    def _heard(self, old: Verdict | None, new: Verdict) -> None:
        self.records.heard(old, new)
        if old is not None:
            self.mending.heard()
        if old is not None and self.appliance.manifest.services:
            # The report is to show the services as they are now, not as the last beat saw them.
            self.timetable.not_later("beat", self.host.clock.monotonic())
        if new.decided and not (old is not None and old.decided):
            self.bell.ring()

    def _mode_changed(self, mode: Mode) -> None:
        if not self.stopping:
            self.desk.set_mode(mode)
            self.bell.ring()
            self.records.refresh()

    def _beat(self) -> None:
        """The timetable's own job: it proves that the timetable is kept, and does small things."""
        if self.appliance.manifest.services:
            self._look_at_services()
        silent = self.silence.complaint(self.probe)
        if silent and not self.notes.get("silence"):
            self.records.warn(silent, code="probe-silent")
        self.notes["silence"] = silent
        if self.pair.renewed(self.probe.settings):
            self.probe.reload(self.probe.settings.certificate, self.probe.settings.key)
            self.records.noted("probe-certificate", why="it was renewed on disk")
        self.mending.beat()
        due = self.housekeeper.look()
        self.timetable.not_later("housekeeping", self.host.clock.monotonic() + due)
        self.records.refresh()

    def _look_at_services(self) -> None:
        """For the report; what a service's state means for health, its check says."""
        try:
            self._take_in(self.services.states())
            self.notes.pop("systemd", None)
        except CaretakerError as error:
            self.notes["systemd"] = error.message

    def _take_in(self, states: dict[str, ServiceState]) -> None:
        """Restarts that nobody asked for stand in the ledger, whoever carried them out."""
        for name, state in states.items():
            # Only once it runs again does its summary say how it ended.
            if state.state == "active":
                if state.restarts > self._restarts.get(name, state.restarts):
                    why = state.summary if state.summary != state.state else "it ended by itself"
                    self.records.noted("service-restart", target=name, why=why)
                self._restarts[name] = state.restarts
        self._service_states = states
