"""The local API: who may ask, what it answers, and how it says no."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.api.access import Access
from agent.api.app import create_app
from agent.api.facade import Verb
from agent.errors import MachineError
from agent.findings import Level, Severity, Status
from agent.host.clock import Clock
from agent.ledger import Entry
from agent.status import CheckReport, ProbeReport, ServiceReport, StatusReport

CHECK = CheckReport(
    name="sql", title="SQL", type="postgres", level=Level.READY, severity=Severity.CRITICAL,
    status=Status.FAIL, looked=Status.FAIL, code="refused", summary="port 5432 refused", every=10,
    age=3.0, since=0.0, observed=0.2, unit="s",
)  # fmt: skip
REPORT = StatusReport(
    at=1000.0, appliance="shop", title="Shop", version="2.1", mode="systemd", started=0.0,
    live=Status.PASS, ready=Status.FAIL, reason="fail", summary="sql fails", causes=["sql"],
    weight=0, checks=[CHECK],
    services=[ServiceReport("web", running=True, state="active", pid=7, restarts=2, since=0.0,
                            summary="")],
    modes=[], events=[], probe=ProbeReport("0.0.0.0", 8086, 12, 0.5, alive=True),
)  # fmt: skip


class Daemon:
    """A facade that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def status(self) -> StatusReport:
        return REPORT

    def ledger(self, *, limit: int, since: float) -> list[Entry]:
        return [Entry(1.0, "b", "root", "drain", "", "done", "test")][:limit]

    def drain(self, *, reason: str, until: float | None, actor: str) -> None:
        self.asked.append(("drain", reason, until, actor))

    def undrain(self, *, actor: str) -> None:
        self.asked.append(("undrain", actor))

    def maintenance_on(self, *, reason: str, until: float, actor: str) -> None:
        self.asked.append(("maintenance", reason, until, actor))

    def maintenance_off(self, *, actor: str) -> None:
        self.asked.append(("maintenance off", actor))

    def order(self, verb: Verb, service: str, *, actor: str) -> None:
        self.asked.append((verb, service, actor))
        raise MachineError("service-unknown", f"no service {service}", hint="caretaker status")

    def reload(self, *, actor: str) -> None:
        self.asked.append(("reload", actor))

    def look(self) -> None:
        self.asked.append(("look",))

    def stop(self, *, actor: str) -> None:
        self.asked.append(("stop", actor))

    def resources(self) -> dict[str, float]:
        return {"cpu_percent": 1.5}


class Fixed(Clock):
    def wall(self) -> float:
        return 1000.0


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def ask(daemon: Daemon) -> Any:
    client = create_app(daemon, Access(own_uid=500, token="t0ken"), Fixed()).test_client()

    def call(method: str, path: str, *, uid: int | None = 0, bearer: str = "", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return client.open(
            path, method=method, environ_overrides={"caretaker.peer_uid": uid}, headers=headers,
            **more,
        )  # fmt: skip

    return call


VERBS = ("start", "stop", "restart", "reload")
ACTS = [
    *("/drain", "/undrain", "/maintenance/off", "/reload", "/look", "/stop"),
    *(f"/services/web/{verb}" for verb in VERBS),
]


@pytest.mark.parametrize("path", [*ACTS, "/maintenance/on"])
@pytest.mark.parametrize(("uid", "bearer"), [(1000, ""), (None, ""), (None, "wrong"), (1000, "x")])
def test_strangers_may_not_act(
    ask: Any, daemon: Daemon, path: str, uid: int | None, bearer: str
) -> None:
    answer = ask("POST", path, uid=uid, bearer=bearer)
    assert answer.status_code == 403
    assert answer.json["code"] == "refused"
    assert daemon.asked == []


@pytest.mark.parametrize("path", ["/status", "/health/detailed", "/metrics", "/ledger"])
def test_loopback_needs_the_token_to_read(ask: Any, path: str) -> None:
    assert ask("GET", path, uid=None).status_code == 403
    assert ask("GET", path, uid=None, bearer="t0ken").status_code in (200, 503)
    assert ask("GET", path, uid=1000).status_code in (200, 503)


def test_without_a_token_loopback_is_shut(daemon: Daemon) -> None:
    client = create_app(daemon, Access(own_uid=500, token=""), Fixed()).test_client()
    assert client.get("/status", headers={"Authorization": "Bearer "}).status_code == 403


def test_health_json_follows_the_draft(ask: Any) -> None:
    answer = ask("GET", "/health/detailed")
    assert answer.status_code == 503
    assert answer.content_type == "application/health+json"
    check = answer.json["checks"]["sql"][0]
    assert (check["status"], check["output"]) == ("fail", "port 5432 refused")
    assert (check["observedValue"], check["observedUnit"]) == (0.2, "s")
    assert check["time"] == "1970-01-01T00:16:37Z"


def test_metrics_are_what_prometheus_reads(ask: Any) -> None:
    text = ask("GET", "/metrics").text
    assert 'caretaker_health{level="ready"} 0.0' in text
    assert 'caretaker_check_status{check="sql",type="postgres"} 0.0' in text
    assert "caretaker_probes_total 12.0" in text
    assert "caretaker_cpu_percent 1.5" in text


def test_drain_and_maintenance_reach_the_daemon_with_the_actor(ask: Any, daemon: Daemon) -> None:
    assert ask("POST", "/drain", json={"reason": "new disk", "for": "5m"}).status_code == 200
    assert ask("POST", "/drain", uid=None, bearer="t0ken").status_code == 200
    body = {"reason": "move", "for": "1h"}
    assert ask("POST", "/maintenance/on", uid=500, json=body).status_code == 200
    assert daemon.asked == [
        ("drain", "new disk", 1300.0, "uid 0"),
        ("drain", "", None, "token"),
        ("maintenance", "move", 4600.0, "uid 500"),
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/maintenance/on", b"{}"),
        ("/maintenance/on", b'{"for": "1h"}'),
        ("/drain", b"[]"),
        ("/drain", b'{"reason": 3}'),
        ("/drain", b'{"reason": "a\\nb"}'),
        ("/drain", b'{"for": 30}'),
        ("/drain", b"{nonsense"),
    ],
)
def test_a_wrong_body_is_told_and_changes_nothing(
    ask: Any, daemon: Daemon, path: str, body: bytes
) -> None:
    answer = ask("POST", path, data=body)
    assert answer.status_code == 400
    assert json.loads(answer.data)["code"] == "usage"
    assert daemon.asked == []


def test_errors_carry_code_and_hint(ask: Any) -> None:
    answer = ask("POST", "/services/web/restart")
    assert answer.status_code == 503
    assert answer.json["code"] == "service-unknown"
    assert answer.json["hint"] == "caretaker status"
    assert ask("GET", "/nowhere").json["code"] == "usage"
    assert ask("DELETE", "/status").status_code == 405


@pytest.mark.parametrize(
    ("words", "code", "asked"),
    [("-1", 200, [0]), ("9e9", 200, [1000]), ("nan", 400, []), ("inf", 400, [])],
)
def test_no_number_makes_the_ledger_boundless(
    ask: Any,
    daemon: Daemon,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    code: int,
    asked: list[int],
) -> None:
    limits = []

    def ledger(*, limit: int, since: float) -> list[Entry]:
        limits.append(limit)
        return []

    monkeypatch.setattr(daemon, "ledger", ledger)
    assert ask("GET", f"/ledger?limit={words}").status_code == code
    assert limits == asked
