"""What the appliance keeps to itself: secrets, ports, rights. And what it tells the journal."""

import json
from dataclasses import dataclass

import pytest

from tests.machine.appliance import AGENT, AGENT_PORT, SERVICE, healthz, sql
from tests.machine.machine import Machine

SECRETS = ("/etc/sochdb/secrets/sql", "/etc/sochdb/secrets/token-key")
KEYS = ("/etc/sochdb/tls/tls/current/key.pem", "/etc/sochdb/tls/authority/authority.pem")
OPEN = {
    ("0.0.0.0", 8086): "/healthz, for balancers",
    ("0.0.0.0", AGENT_PORT): "HAProxy's agent-check",
    ("127.0.0.1", 5433): "SQL",
    ("127.0.0.1", 9090): "metrics",
    ("127.0.0.1", 50051): "gRPC",
}
OUTSIDE = "10.77.0.1"  # an address that is not loopback's, as a customer's network would reach it

# Every port of an address, connected to; prints those that answer. A port that the kernel picked
# for this very end would answer itself (a simultaneous open, RFC 9293 section 3.5).
SCAN = """
import socket, sys
for address in sys.argv[1:]:
    for port in range(1, 65536):
        with socket.socket() as asker:
            asker.settimeout(2)
            if asker.connect_ex((address, port)) == 0 and asker.getsockname() != (address, port):
                print(address, port)
"""


@dataclass(frozen=True)
class Entry:
    """A line of the journal, by its fields."""

    fields: dict[str, str]

    def __getattr__(self, name: str) -> str:
        return self.fields[name.upper()]


def entries(machine: Machine, *match: str) -> list[Entry]:
    lines = machine.run(["journalctl", "--no-pager", "-b", "-o", "json", *match]).out.splitlines()
    return [Entry(json.loads(line)) for line in lines]


@pytest.fixture
def eventful(appliance: Machine) -> Machine:
    """An appliance that was used, drained, restarted; its service hung, ended, and came back."""
    assert sql(appliance) == ["0"]
    appliance.sh("caretaker drain; caretaker undrain; caretaker restart sochdb")
    appliance.run(["caretaker", "health", "--wait", "15s"])
    appliance.systemctl("kill", "--signal=STOP", SERVICE)
    appliance.wait_for(lambda: entries(appliance, "CHECK=sql", "VERDICT=fail"), what="SQL's end")
    appliance.sh(f"systemctl kill --signal=CONT {SERVICE}; systemctl stop {SERVICE}")
    appliance.wait_for(lambda: entries(appliance, "CHECK=service"), what="a word on the service")
    appliance.systemctl("start", SERVICE)
    appliance.run(["caretaker", "health", "--wait", "15s"])
    return appliance


def silent_while_asked(machine: Machine) -> bool:
    """Whether the agent logs nothing while a balancer asks five times."""
    lines = len(entries(machine, f"_SYSTEMD_UNIT={AGENT}"))
    for _ in range(5):
        healthz(machine)
    return len(entries(machine, f"_SYSTEMD_UNIT={AGENT}")) == lines


def test_the_journal_answers_by_field_and_nobody_finds_a_secret(eventful: Machine) -> None:
    changes = [(entry.verdict, entry.code) for entry in entries(eventful, "CHECK=service")]
    assert changes == [("fail", "unit-inactive"), ("pass", "ok")]
    (failure,) = entries(eventful, "CHECK=service", "VERDICT=fail")
    assert failure._systemd_unit == AGENT
    assert failure.syslog_identifier == "caretaker"
    (failure, *_) = entries(eventful, "CHECK=sql", "VERDICT=fail")
    assert (failure.type, failure.code) == ("postgres", "timeout")
    assert [entry.outcome for entry in entries(eventful, "ACT=drain-on")] == ["done"]
    # All it says has fields: nothing went to its standard output or error past the log.
    assert [
        e.message for e in entries(eventful, f"_SYSTEMD_UNIT={AGENT}", "_TRANSPORT=stdout")
    ] == []
    # A probe leaves no line. What happened before may still be settling, and be told of.
    assert any(silent_while_asked(eventful) for _ in range(5))

    values = [eventful.read(path).strip() for path in SECRETS]
    values += [eventful.read(path).splitlines()[1] for path in KEYS]
    assert all(len(value) >= 32 for value in values)
    eventful.put("/run/wanted", "\n".join(values) + "\n", mode=0o644)
    # Even root finds them nowhere in the journal and in no process's words.
    told = eventful.sh("journalctl -o json -a --no-pager >/run/told; ps axww -o args >>/run/told;"
                       "cat /proc/[0-9]*/cmdline >>/run/told; grep -cF -f /run/wanted /run/told",
                       check=False)  # fmt: skip
    assert told.out.strip() == "0"
    # And whoever logs in finds them in no file and no process's environment.
    places = "/etc /opt /run /var /usr/local /tmp /root /home"
    search = (
        f"grep -rlF -s -D skip -f /run/wanted {places} /proc/[0-9]*/environ | grep -v /run/wanted"
    )
    found_by_nobody = eventful.run(
        ["runuser", "-u", "nobody", "--", "sh", "-c", search], check=False
    )
    assert found_by_nobody.out == ""
    # The search itself is worth something: root finds every one where it belongs.
    by_root = set(eventful.sh("grep -rlF -s -D skip -f /run/wanted /etc || true").out.split())
    resolved = {eventful.run(["readlink", "-f", path]).out.strip() for path in (*SECRETS, *KEYS)}
    assert by_root == resolved | {"/etc/sochdb/env/sochdb.env"}


def test_nothing_of_ours_may_be_written_by_everybody(appliance: Machine) -> None:
    ours = "/etc/caretaker /etc/sochdb /opt /run/caretaker* /run/sochdb /var/lib /var/log/caretaker"
    loose = appliance.sh(f"find {ours} -perm /o+w ! -type l ! -perm -1000")
    assert loose.out == ""
    foreign = appliance.sh("find /opt /etc/caretaker /etc/sochdb ! -user root")
    assert foreign.out == ""


def test_only_declared_ports_are_open_where_they_were_declared(appliance: Machine) -> None:
    appliance.sh(f"ip address add {OUTSIDE}/32 dev lo")
    lines = appliance.run(["ss", "-Hltnp"]).out.splitlines()
    listening = set()
    for line in lines:
        address, _, port = line.split()[3].rpartition(":")
        listening.add((address, int(port)))
    assert listening == set(OPEN)
    assert appliance.run(["ss", "-Hlunp"]).out == ""
    scanned = appliance.run_outside(["python3", "-c", SCAN, "127.0.0.1", OUTSIDE], timeout=60)
    answered = {(line.split()[0], int(line.split()[1])) for line in scanned.out.splitlines()}
    inside = {("127.0.0.1", port) for _, port in OPEN}
    outside = {(OUTSIDE, port) for address, port in OPEN if address == "0.0.0.0"}
    assert answered == inside | outside


def status_of(machine: Machine, unit: str) -> dict[str, str]:
    pid = machine.show(unit, "MainPID")["MainPID"]
    lines = machine.read(f"/proc/{pid}/status").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


# As the very process would: its user, its name spaces, no capability.
def within(machine: Machine, unit: str, script: str) -> bool:
    pid = machine.show(unit, "MainPID")["MainPID"]
    user = machine.show(unit, "User")["User"]
    enter = ["nsenter", "--target", pid, "--mount", "--", "setpriv", f"--reuid={user}"]
    enter += ["--init-groups", "--bounding-set=-all", "--no-new-privs", "sh", "-euc", script]
    return machine.run(enter, check=False).ok


@pytest.mark.parametrize("unit", [AGENT, SERVICE])
def test_neither_has_a_right_of_its_own(appliance: Machine, unit: str) -> None:
    status = status_of(appliance, unit)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert status["Uid"].split()[0] != "0"


def test_each_writes_its_own_and_nothing_else(appliance: Machine) -> None:
    own = {AGENT: "/var/lib/caretaker/agent", SERVICE: "/var/lib/sochdb/active/state"}
    foreign = ("/etc", "/etc/sochdb", "/opt", "/opt/sochdb/current", "/usr", "/var/lib",
               "/var/lib/caretaker", "/var/lib/sochdb", "/run", "/home", "/root")  # fmt: skip
    for unit, folder in own.items():
        assert within(appliance, unit, f"touch {folder}/mine; rm {folder}/mine")
        others = (*foreign, *(path for other, path in own.items() if other != unit))
        written = [path for path in others if within(appliance, unit, f"touch {path}/mine")]
        assert written == [], unit


def test_the_service_reads_no_secret_and_nothing_of_the_agent(appliance: Machine) -> None:
    for path in (*SECRETS, "/etc/sochdb/env/sochdb.env", KEYS[1], "/var/lib/caretaker/ledger.db",
                 "/var/lib/caretaker/agent/history.db"):  # fmt: skip
        assert appliance.exists(path), path
        assert not within(appliance, SERVICE, f"cat {path}"), path
    assert within(appliance, SERVICE, f"cat {KEYS[0]}")
    agent_reads = [
        path for path in (*SECRETS, *KEYS[1:]) if within(appliance, AGENT, f"cat {path}")
    ]
    assert agent_reads == []
