"""Real balancers in front of the appliance: what each sees of it, and how soon.

What was measured is printed (`pytest -rP` shows it for passed tests).
"""

import time

import pytest

from tests.machine.appliance import AGENT, AGENT_PORT, ASK, EVERY, FALL, SERVICE, sql
from tests.machine.counterparts import (
    haproxy_servers,
    start_haproxy,
    start_nginx,
    wait_for_haproxy,
)
from tests.machine.machine import Machine

INTER, TRIES = 0.2, 2  # HAProxy's own: seconds between two checks, and how many must agree
HUNG = 0.9  # seconds until a look at a server that never answers counts as failed
SLACK = 0.8  # for this test's own asking and for a busy machine
SEEN = EVERY * FALL + 0.2 + INTER * (TRIES + 1) + SLACK

_CHECKED = f"check port 8086 inter {round(INTER * 1000)}ms fall {TRIES} rise {TRIES}"
SECTIONS = f"""
listen get
    bind 127.0.0.1:15433
    mode tcp
    option httpchk GET /healthz
    server sochdb 127.0.0.1:5433 {_CHECKED}
listen options
    bind 127.0.0.1:15434
    mode tcp
    option httpchk
    server sochdb 127.0.0.1:5433 {_CHECKED}
listen soft
    bind 127.0.0.1:15435
    mode tcp
    option httpchk GET /health/haproxy
    http-check disable-on-404
    server sochdb 127.0.0.1:5433 {_CHECKED}
listen agent
    bind 127.0.0.1:15436
    mode tcp
    server sochdb 127.0.0.1:5433 {_CHECKED} agent-check agent-port {AGENT_PORT} agent-inter 200ms
"""
DIALECTS = ("get", "options", "soft", "agent")
DRAINED = {"get": "DOWN", "options": "DOWN", "soft": "NOLB", "agent": "DRAIN"}


@pytest.fixture
def balanced(appliance: Machine) -> Machine:
    """The appliance behind HAProxy, which sees it up in every dialect."""
    start_haproxy(appliance, SECTIONS)
    wait_until(appliance, dict.fromkeys(DIALECTS, "UP"))
    return appliance


def wait_until(
    machine: Machine, wanted: dict[str, str], *, timeout: float = 15
) -> dict[str, float]:
    """Until HAProxy calls the server as wanted in each dialect; seconds each took."""
    began, took = time.monotonic(), dict[str, float]()

    def all_so() -> bool:
        servers = haproxy_servers(machine)
        for dialect, status in wanted.items():
            if servers[f"{dialect}/sochdb"]["status"].startswith(status):
                took.setdefault(dialect, time.monotonic() - began)
        return len(took) == len(wanted)

    machine.wait_for(all_so, timeout=timeout, what=f"HAProxy to see {wanted}", interval=0.02)
    return took


def figure(what: str, took: dict[str, float]) -> None:
    print(f"{what}: " + ", ".join(f"{key} {seconds:.2f} s" for key, seconds in took.items()))


def test_sql_passes_through_and_needs_the_password(balanced: Machine) -> None:
    assert sql(balanced, port=15433) == ["0"]
    wrong = {"PGPASSWORD": "wrong"}
    ask = ["psql", "-h", "127.0.0.1", "-p", "15433", "-U", "app", "-d", "sochdb", "-c", ASK]
    refused = balanced.run(ask, env=wrong, check=False)
    assert refused.code == 2
    assert "authentication failed" in refused.err


def test_drained_and_taken_back(balanced: Machine) -> None:
    balanced.run(["caretaker", "drain", "--reason", "new disk"])
    took = wait_until(balanced, DRAINED)
    figure("drain", took)
    assert max(took.values()) < INTER * (TRIES + 1) + SLACK
    assert balanced.run(["curl", "-fsS", "http://127.0.0.1:8086/livez"]).out == "pass\n"
    # Nobody new is let in, and what is inside goes on: the database itself still answers.
    assert sql(balanced, port=15435, check=False) == []
    assert sql(balanced, port=5433) == ["0"]
    balanced.run(["caretaker", "undrain"])
    took = wait_until(balanced, dict.fromkeys(DIALECTS, "UP"))
    figure("undrain", took)
    assert max(took.values()) < INTER * (TRIES + 1) + SLACK


def test_a_session_outlives_the_drain(balanced: Machine) -> None:
    script = f"{ASK};\n\\! caretaker drain\n\\! sleep 1.2\n{ASK}"
    assert sql(balanced, script, port=15435)[-1] == "0"
    wait_for_haproxy(balanced, "soft/sochdb", "NOLB")


def test_maintenance(balanced: Machine) -> None:
    balanced.run(["caretaker", "maintenance", "on", "--for", "30m", "--reason", "moving"])
    wait_until(balanced, {"get": "DOWN", "options": "DOWN", "agent": "MAINT"})
    balanced.run(["caretaker", "maintenance", "off"])
    wait_until(balanced, dict.fromkeys(DIALECTS, "UP"))


def test_killed_and_back_by_itself(balanced: Machine) -> None:
    """Within a second or two: whether a balancer sees the gap depends on its timing."""
    pid = balanced.show(SERVICE, "MainPID")["MainPID"]
    balanced.systemctl("kill", "--signal=KILL", SERVICE)
    began = time.monotonic()

    def runs_anew() -> bool:
        return balanced.show(SERVICE, "MainPID")["MainPID"] not in ("0", pid)

    balanced.wait_for(runs_anew, timeout=10, what="systemd to start it again")
    balanced.wait_for(lambda: sql(balanced, check=False) == ["0"], what="SQL")
    took = wait_until(balanced, dict.fromkeys(DIALECTS, "UP"))
    figure("SIGKILL of SochDB, back by itself", {"SQL": time.monotonic() - began, **took})
    assert sql(balanced, port=15433) == ["0"]


def test_hung_and_woken(balanced: Machine) -> None:
    balanced.systemctl("kill", "--signal=STOP", SERVICE)
    took = wait_until(balanced, dict.fromkeys(DIALECTS, "DOWN"))
    figure("SIGSTOP of SochDB", took)
    assert max(took.values()) < SEEN + HUNG
    report = balanced.run(["caretaker", "status"], check=False)
    assert report.code == 6
    balanced.systemctl("kill", "--signal=CONT", SERVICE)
    took = wait_until(balanced, dict.fromkeys(DIALECTS, "UP"))
    figure("SIGCONT of SochDB", took)
    assert max(took.values()) < SEEN


def test_the_stopped_daemon_turns_red_and_is_replaced(balanced: Machine) -> None:
    """Who watches the watcher: the probe child first, then systemd."""
    assert balanced.show(AGENT, "WatchdogUSec")["WatchdogUSec"] == "20s"
    # The same, only sooner: nobody should wait half a minute for this test.
    drop_in = "[Service]\nWatchdogSec=4\nTimeoutAbortSec=1\n"
    balanced.put(f"/run/systemd/system/{AGENT}.d/90-sooner.conf", drop_in)
    balanced.sh(f"systemctl daemon-reload; systemctl restart {AGENT}")
    wait_until(balanced, dict.fromkeys(DIALECTS, "UP"))
    before = balanced.show(AGENT, "MainPID")["MainPID"]
    balanced.systemctl("kill", "--kill-whom=main", "--signal=STOP", AGENT)
    took = wait_until(balanced, dict.fromkeys(DIALECTS, "DOWN"))
    figure("SIGSTOP of the daemon", took)
    # By the child alone: systemd has not yet done anything.
    stale = balanced.run(["curl", "-sS", "http://127.0.0.1:8086/healthz"]).out
    assert stale.startswith("fail")
    assert balanced.show(AGENT, "MainPID")["MainPID"] == before
    assert max(took.values()) < SEEN + EVERY
    took = wait_until(balanced, dict.fromkeys(DIALECTS, "UP"), timeout=20)
    figure("killed by systemd's watchdog, started again, up", took)
    assert balanced.show(AGENT, "MainPID")["MainPID"] != before
    assert "Watchdog timeout" in balanced.journal("-u", AGENT)


NGINX = """
http {
    access_log off;
    upstream app {
        server 127.0.0.1:9090 max_fails=1 fail_timeout=1s;
        server 127.0.0.1:8099 backup;
    }
    upstream ready {
        server 127.0.0.1:8086 max_fails=1 fail_timeout=1s;
        server 127.0.0.1:8099 backup;
    }
    proxy_next_upstream error timeout http_503;
    proxy_connect_timeout 1s;
    proxy_read_timeout 1s;
    server { listen 127.0.0.1:8099; return 200 "spare\\n"; }
    server {
        listen 127.0.0.1:8100;
        location /app { proxy_pass http://app/health; }
        location /ready { proxy_pass http://ready/healthz; }
    }
}
"""


def test_nginx_goes_to_the_spare_and_comes_back(appliance: Machine) -> None:
    start_nginx(appliance, NGINX)

    def ask(path: str) -> str:
        return appliance.run(["curl", "-fsS", f"http://127.0.0.1:8100{path}"]).out.strip()

    def wait(path: str, *, spare: bool, timeout: float) -> float:
        began = time.monotonic()
        appliance.wait_for(lambda: (ask(path) == "spare") == spare, timeout=timeout)
        return time.monotonic() - began

    assert ask("/ready") == "pass"
    assert ask("/app") != "spare"
    appliance.run(["caretaker", "drain"])
    figure("nginx, drain", {"/ready": wait("/ready", spare=True, timeout=2)})
    appliance.run(["caretaker", "undrain"])
    figure("nginx, undrain", {"/ready": wait("/ready", spare=False, timeout=4)})
    appliance.systemctl("stop", SERVICE)
    took = {path: wait(path, spare=True, timeout=SEEN) for path in ("/app", "/ready")}
    figure("nginx, SochDB stopped", took)
    appliance.systemctl("start", SERVICE)
    took = {path: wait(path, spare=False, timeout=20) for path in ("/app", "/ready")}
    figure("nginx, SochDB started", took)
