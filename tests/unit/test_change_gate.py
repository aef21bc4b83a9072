"""The health gate: what is a good verdict, how many are wanted, and when it gives up."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agent.change.gate import judge
from agent.errors import ManifestError
from agent.findings import Level, Severity, Status
from agent.manifest.reader import parse
from agent.progress import Silent
from agent.remedies.remedy import Scene
from agent.services.protocol import ServiceState
from agent.status import CheckReport, ProbeReport, StatusReport
from agent.values import values_for
from tests.scripted_host import ScriptedHost
from tests.unit.change_world import world
from tests.unit.checks_world import ScriptedServices

MANIFEST = """
[appliance]
name = "shop"
version = "1.1"
[services.web]
command = ["/bin/web"]
[checks.web]
type = "port"
port = 80
[checks.far]
type = "port"
port = 81
shared = true
[checks.low]
type = "port"
port = 82
severity = "warning"
[upgrade]
healthy = 3
within = "30s"
"""


@dataclass
class FakeAgent:
    """`web` is the status of that check by seconds since the start; a look takes a moment."""

    host: ScriptedHost
    web: Any = lambda seconds: Status.PASS
    version: str = "1.1"
    answers: bool = True
    others: Status = Status.PASS
    looked: float = float("-inf")
    asked: int = 0
    began: float = field(default=0.0)

    def __post_init__(self) -> None:
        self.began = self.host.clock.ticks

    def reload(self) -> bool:
        self.asked += 1
        return self.answers

    def look(self) -> None:
        self.looked = self.host.clock.ticks

    def status(self) -> StatusReport | None:
        if not self.answers:
            return None
        seconds = self.host.clock.ticks - self.began
        return StatusReport(
            at=self.host.clock.now, appliance="shop", title="Shop", version=self.version,
            mode="systemd", started=0.0, live=Status.PASS, ready=Status.FAIL, reason="draining",
            summary="", causes=[], weight=100,
            checks=[
                self._check("web", self.web(seconds)),
                self._check("far", self.others),
                self._check("low", self.others, severity=Severity.WARNING),
            ],
            services=[],
            modes=[], events=[], probe=ProbeReport("", 1, 0, None, alive=True),
        )  # fmt: skip

    def _check(
        self, name: str, status: Status, severity: Severity = Severity.CRITICAL
    ) -> CheckReport:
        age = self.host.clock.ticks - self.looked - 0.05
        return CheckReport(
            name=name, title=name, type="port", level=Level.READY, severity=severity,
            status=status, looked=status, code="x", summary="refused", every=10.0,
            age=age if age >= 0 else 99.0, since=0.0,
        )  # fmt: skip


@pytest.fixture
def stage(root: Path) -> Scene:
    there = world(root).scene
    manifest = parse(MANIFEST)
    return replace(
        there, manifest=manifest, values=values_for(manifest, there.layout),
        services=ScriptedServices({"web": ServiceState("web", "web.service", True, "active")}),
    )  # fmt: skip


def gate(stage: Scene, agent: FakeAgent) -> tuple[Any, list[float]]:
    heard: list[float] = []
    host: Any = stage.host
    done = judge(
        stage,
        Silent(),
        first_good=lambda: heard.append(host.clock.ticks),
        agent=agent,  # type: ignore[arg-type]  # a fake
    )
    return done, heard


def test_three_good_verdicts_and_traffic_from_the_first(stage: Scene) -> None:
    host: Any = stage.host
    agent = FakeAgent(host)
    done, heard = gate(stage, agent)
    assert done.good
    assert len(heard) == 1
    assert heard[0] == pytest.approx(done.first_good, abs=0.1)
    assert 4 < host.clock.ticks - agent.began < 8


def test_a_look_that_is_lost_is_asked_for_again(stage: Scene) -> None:
    # As a check does that was under way when it was asked: once a minute would be its next one.
    host: Any = stage.host

    class Busy(FakeAgent):
        times: int = 0

        def look(self) -> None:
            self.times += 1
            if self.times > 1:
                super().look()

    agent = Busy(host)
    assert gate(stage, agent)[0].good
    assert host.clock.ticks - agent.began < 10


def test_a_shared_or_a_mild_one_takes_nothing_away(stage: Scene) -> None:
    host: Any = stage.host
    assert gate(stage, FakeAgent(host, others=Status.FAIL))[0].good


def test_bad_until_the_time_is_over(stage: Scene) -> None:
    host: Any = stage.host
    agent = FakeAgent(host, web=lambda seconds: Status.FAIL)
    done, heard = gate(stage, agent)
    assert (done.good, done.why, heard) == (False, "web: refused", [])
    assert 30 <= host.clock.ticks - agent.began < 32
    assert done.evidence["checks"] == "web: refused"


def test_good_bad_good_begins_again(stage: Scene) -> None:
    host: Any = stage.host

    def web(seconds: float) -> Status:
        return Status.FAIL if 2 < seconds < 6 else Status.PASS

    agent = FakeAgent(host, web=web)
    done, _ = gate(stage, agent)
    assert done.good
    assert host.clock.ticks - agent.began > 9


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"version": "1.0"}, "still looks after 1.0"),
        ({"answers": False}, "does not answer"),
    ],
)
def test_what_is_no_verdict(stage: Scene, more: dict[str, Any], why: str) -> None:
    host: Any = stage.host
    done, heard = gate(stage, FakeAgent(host, **more))
    assert not done.good
    assert why in done.why
    assert heard == []


def test_every_service_runs(stage: Scene) -> None:
    host: Any = stage.host
    services: Any = stage.services
    services.standing = {"web": ServiceState("web", "w", False, "backoff", summary="ended")}
    done, _ = gate(stage, FakeAgent(host))
    assert (done.good, done.why) == (False, "service web: ended")


def test_old_looks_do_not_count(stage: Scene) -> None:
    host: Any = stage.host
    agent = FakeAgent(host)
    agent.look = lambda: None  # type: ignore[method-assign]
    done, _ = gate(stage, agent)
    assert done.why == "web: not looked at yet"


def test_a_service_left_stopped_or_ending_again_and_again_ends_the_wait(stage: Scene) -> None:
    host: Any = stage.host
    services: Any = stage.services
    agent = FakeAgent(host, web=lambda seconds: Status.FAIL)
    services.standing = {"web": ServiceState("web", "w", False, "failed", summary="exit status 1")}
    done, _ = gate(stage, agent)
    assert done.why == "service web: exit status 1"
    assert host.clock.ticks - agent.began < 2

    def web(seconds: float) -> Status:
        times = int(seconds)
        services.standing = {"web": ServiceState("web", "w", True, "active", restarts=times)}
        return Status.FAIL

    done, _ = gate(stage, FakeAgent(host, web=web))
    assert "ends again and again" in done.why


def test_a_manifest_that_the_agent_refuses_is_an_error(stage: Scene) -> None:
    host: Any = stage.host
    agent = FakeAgent(host)

    def refuse() -> bool:
        raise ManifestError("manifest-value", "no")

    agent.reload = refuse  # type: ignore[method-assign]
    with pytest.raises(ManifestError):
        gate(stage, agent)


def test_what_starts_fast_is_seen_at_once_and_what_does_not_is_not_pestered(stage: Scene) -> None:
    """Looks follow each other closely at first, then ever less so."""
    host: Any = stage.host
    looks: list[float] = []

    class Counting(FakeAgent):
        def look(self) -> None:
            super().look()
            looks.append(host.clock.ticks - self.began)

    agent = Counting(host, web=lambda seconds: Status.PASS if seconds > 0.5 else Status.FAIL)
    began = host.clock.ticks
    _, heard = gate(stage, agent)
    assert heard[0] - began < 1.0
    looks.clear()
    gate(stage, Counting(host, web=lambda seconds: Status.FAIL))
    assert len([each for each in looks if each <= 1.0]) >= 3
    assert len(looks) < 45
