"""`unit`, `process` and `port`: who runs, in which state, and who listens."""

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.findings import Status
from agent.health.checks import port
from agent.host.facts import Process
from agent.host.mounts import parse_mounts
from agent.host.sockets import Holder, parse_listeners
from agent.manifest.checks import PortCheck, ProcessCheck, UnitCheck
from agent.manifest.kinds import Size
from agent.services.protocol import ServiceState, State
from tests.scripted_host import unit
from tests.unit.checks_world import World, process, world

SERVICE = UnitCheck(service="web")
MACHINE = UnitCheck(unit="nginx.service")


@pytest.fixture
def stage(root: Path) -> World:
    return world(root)


def stands(
    stage: World, state: State, *, pid: int = 0, restarts: int = 0, since: float = 5.0
) -> None:
    stage.services.standing["web"] = ServiceState(
        "web", "shop-web.service", state == "active", state, pid, restarts, since, "exit status 1"
    )


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("active", "ok"),
        ("starting", "unit-starting"),
        ("stopping", "unit-stopping"),
        ("stopped", "unit-inactive"),
        ("backoff", "unit-restarting"),
        ("failed", "unit-failed"),
    ],
)
def test_each_state_of_a_service_has_its_word(stage: World, state: State, code: str) -> None:
    stands(stage, state)
    finding = stage.look(SERVICE)
    assert finding.code == code
    assert finding.summary.startswith("service web ")


def test_a_service_that_was_never_seen_is_missing(stage: World) -> None:
    stands(stage, "failed", since=0.0)
    assert stage.look(SERVICE).code == "unit-missing"
    assert stage.look(UnitCheck(service="other")).code == "unit-unknown"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({}, "ok", "nginx.service is active"),
        ({"active": "reloading"}, "ok", "active"),
        ({"load": "not-found"}, "unit-missing", "not known"),
        ({"load": "masked", "active": "inactive"}, "unit-masked", "unmask"),
        ({"load": "bad-setting", "active": "inactive"}, "unit-broken", "bad-setting"),
        ({"active": "inactive", "sub": "dead"}, "unit-inactive", "is inactive"),
        ({"active": "failed", "result": "oom-kill"}, "unit-failed", "oom-kill"),
        ({"active": "failed", "result": "start-limit-hit"}, "unit-failed", "start-limit-hit"),
        (
            {"active": "activating", "sub": "auto-restart", "result": "signal"},
            "unit-restarting",
            "ended (signal)",
        ),
        ({"active": "activating", "sub": "start-pre"}, "unit-starting", "start-pre"),
        ({"active": "deactivating", "sub": "stop-sigterm"}, "unit-stopping", "stop-sigterm"),
    ],
)
def test_each_state_of_a_unit_has_its_word(
    stage: World, changes: dict[str, str], code: str, words: str
) -> None:
    stage.host.systemd.units["nginx.service"] = unit("nginx.service", **changes)  # type: ignore[arg-type] # names are the test's
    finding = stage.look(MACHINE)
    assert finding.code == code
    assert words in finding.summary


def test_without_systemd_a_unit_is_unknown(root: Path) -> None:
    assert world(root, booted=False).look(MACHINE).code == "unit-unknown"


def test_a_crash_loop_does_not_hide_between_two_looks(stage: World) -> None:
    stands(stage, "active", restarts=3)
    assert stage.look(SERVICE).ok
    stands(stage, "active", restarts=5)
    finding = stage.look(SERVICE)
    assert (finding.code, finding.observed) == ("unit-restarted", 2)
    assert stage.look(SERVICE).ok
    stands(stage, "active", restarts=0)  # somebody restarted it by hand: systemd counts anew
    assert stage.look(SERVICE).ok


def test_one_restart_is_a_cure_and_one_at_each_look_a_crash_loop(stage: World) -> None:
    stands(stage, "active", restarts=3)
    assert stage.look(SERVICE).ok
    for restarts in (4, 4, 5):
        stands(stage, "active", restarts=restarts)
        assert stage.look(SERVICE).ok
    stands(stage, "active", restarts=6)
    finding = stage.look(SERVICE)
    assert (finding.code, finding.observed) == ("unit-restarted", 1)
    assert "once more" in finding.summary
    stands(stage, "active", restarts=6)
    assert stage.look(SERVICE).ok


def test_systemd_is_asked_again_only_when_the_main_process_changed(stage: World) -> None:
    stands(stage, "active", pid=42)
    stage.host.facts.table[42] = process(42, started=100)
    for _ in range(6):
        stage.host.clock.advance(9)
        assert stage.look(SERVICE).ok
    assert stage.services.asked == 1
    stage.host.clock.advance(20)
    assert stage.look(SERVICE).ok
    assert stage.services.asked == 2
    stands(stage, "failed")
    del stage.host.facts.table[42]
    assert stage.look(SERVICE).code == "unit-failed"


@pytest.mark.parametrize("change", [{"state": "Z"}, {"started": 101}])
def test_a_zombie_or_a_namesake_is_not_the_main_process(
    stage: World, change: dict[str, str | int]
) -> None:
    stands(stage, "active", pid=42)
    stage.host.facts.table[42] = process(42)
    assert stage.look(SERVICE).ok
    stage.host.facts.table[42] = process(42, **change)  # type: ignore[arg-type] # names are the test's
    stands(stage, "failed")
    assert stage.look(SERVICE).code == "unit-failed"


def runs(stage: World, *processes: tuple[int, str]) -> None:
    stage.host.facts.table = {pid: process(pid, state=state) for pid, state in processes}
    stage.services.processes["web"] = [pid for pid, _ in processes]


@pytest.mark.parametrize(
    ("processes", "code"),
    [
        ([(1, "S"), (2, "R")], "ok"),
        ([(1, "S"), (2, "D"), (3, "I")], "process-many"),
        ([(1, "S")], "process-few"),
        ([], "process-missing"),
        ([(1, "Z")], "process-missing"),
        ([(1, "S"), (2, "T")], "process-stopped"),
    ],
)
def test_processes_are_counted(stage: World, processes: list[tuple[int, str]], code: str) -> None:
    runs(stage, *processes)
    finding = stage.look(ProcessCheck(service="web", at_least=2, at_most=2))
    assert finding.code in (code, "process-few" if code == "process-missing" else code)
    if code == "process-stopped":
        assert "kill -CONT 2" in finding.summary


def test_a_process_that_ended_since_it_was_listed_does_not_count(stage: World) -> None:
    runs(stage, (1, "S"))
    stage.services.processes["web"] = [1, 99]
    assert stage.look(ProcessCheck(service="web")).detail["count"] == 1


def test_only_a_zombie_that_stays_is_one(stage: World) -> None:
    runs(stage, (1, "S"))
    stage.host.facts.table[7] = process(7, state="Z", started=5)
    stage.host.facts.families[1] = [7]
    check = ProcessCheck(service="web")
    assert stage.look(check).ok
    finding = stage.look(check)
    assert (finding.code, "process 7 " in finding.summary) == ("process-zombie", True)
    stage.host.facts.table[7] = process(7, state="Z", started=6)
    assert stage.look(check).ok


def test_a_traced_process_is_stopped_only_if_it_stays_so(stage: World) -> None:
    runs(stage, (1, "t"))
    assert stage.look(ProcessCheck(service="web")).ok
    assert stage.look(ProcessCheck(service="web")).code == "process-stopped"


def test_memory_of_them_all_warns(stage: World) -> None:
    runs(stage, (1, "S"), (2, "S"))
    assert stage.look(ProcessCheck(service="web", memory_max=Size(2 << 20))).ok
    finding = stage.look(ProcessCheck(service="web", memory_max=Size((2 << 20) - 1)))
    assert (finding.status, finding.code) == (Status.WARN, "process-memory")
    assert finding.observed == 2 << 20


def test_a_services_group_saves_asking_systemd(
    stage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = "/system.slice/shop-web.service"
    stage.host.kernel.files["/proc/1/cgroup"] = f"0::{group}/worker\n"
    stage.host.kernel.files["/proc/self/cgroup"] = "0::/system.slice/caretaker.service\n"
    members = {group: [2, 1]}
    monkeypatch.setattr("agent.host.cgroups.processes_in", lambda path: members.get(path, []))
    runs(stage, (1, "S"), (2, "S"))
    stage.services.processes["web"] = [1]
    check = ProcessCheck(service="web", at_least=1)
    counts = [stage.look(check).detail["count"] for _ in range(5)]
    assert counts == [1, 2, 2, 2, 2]
    assert stage.services.asked == 1
    stage.host.facts.table[1] = process(1, started=200)
    stage.look(check)
    assert stage.services.asked == 2


def test_our_own_children_have_no_group_of_their_own(stage: World) -> None:
    same = "0::/user.slice/user@0.service/app.scope\n"
    stage.host.kernel.files.update({"/proc/1/cgroup": same, "/proc/self/cgroup": same})
    runs(stage, (1, "S"))
    for _ in range(3):
        assert stage.look(ProcessCheck(service="web")).ok
    assert stage.services.asked == 3


def test_an_executable_is_found_among_all_and_newcomers_are_noticed(stage: World) -> None:
    table = stage.host.facts.table
    table.update({pid: process(pid, executable="/bin/sh") for pid in range(10, 20)})
    table[1] = process(1, executable="/opt/app (deleted)")
    check = ProcessCheck(executable="/opt/app")
    assert stage.look(check).detail["count"] == 1
    table[30] = process(30, executable="/bin/sh")  # forked, not yet exec'd
    assert stage.look(check).detail["count"] == 1
    table[30] = process(30, executable="/opt/app")
    assert stage.look(check).detail["count"] == 2
    table.pop(1)
    table.pop(30)
    assert stage.look(check).code == "process-missing"


def test_what_was_looked_at_twice_is_not_looked_at_again_for_a_while(
    stage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, looked = stage.host.facts.table, list[int]()
    table.update({pid: process(pid, executable="/bin/sh") for pid in range(10, 20)})
    ask = stage.host.facts.process

    def noted(pid: int) -> Process | None:
        looked.append(pid)
        return ask(pid)

    monkeypatch.setattr(stage.host.facts, "process", noted)
    for expected in (10, 10, 0, 0):
        looked.clear()
        stage.look(ProcessCheck(executable="/opt/app"))
        assert len(looked) == expected
    stage.host.clock.advance(61)
    looked.clear()
    stage.look(ProcessCheck(executable="/opt/app"))
    assert len(looked) == 10


def test_another_users_process_is_known_by_its_name(stage: World) -> None:
    files = stage.host.kernel.files
    stage.host.facts.table = {pid: process(pid, executable="") for pid in (1, 2, 3)}
    files.update({"/proc/1/cmdline": "/opt/app\0-v\0", "/proc/1/comm": "worker\n"})
    files.update({"/proc/2/cmdline": "app: main\0", "/proc/2/comm": "app\n"})
    files.update({"/proc/3/cmdline": "", "/proc/3/comm": PermissionError(errno.EACCES, "no")})
    assert stage.look(ProcessCheck(executable="/opt/app")).detail["count"] == 2


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def row(address: str, number: int, inode: int, *, state: str = "0A", uid: int = 33) -> str:
    empty = "0" * len(address)
    return (
        f"   0: {address}:{number:04X} {empty}:0000 {state} 00000000:00000000 00:00000000 "
        f"00000000 {uid:5} 0 {inode} 1 0000000000000000 100 0 0 10 0\n"
    )


LOOPBACK, ANYWHERE, ANY6 = "0100007F", "00000000", "0" * 32


def listening(stage: World, *rows: str, six: str = "") -> None:
    stage.host.kernel.files["/proc/net/tcp"] = HEAD + "".join(rows)
    if six:
        stage.host.kernel.files["/proc/net/tcp6"] = HEAD + six


@pytest.mark.parametrize(
    ("listener", "address", "code"),
    [
        (LOOPBACK, "", "ok"),
        (LOOPBACK, "127.0.0.1", "ok"),
        (LOOPBACK, "10.0.0.7", "port-elsewhere"),
        (ANYWHERE, "10.0.0.7", "ok"),
        (ANYWHERE, "::1", "port-elsewhere"),
        (ANY6, "10.0.0.7", "ok"),
        (ANY6, "::1", "ok"),
        (LOOPBACK, "localhost", "port-elsewhere"),
    ],
)
def test_a_port_is_open_where_it_should_be(
    stage: World, listener: str, address: str, code: str
) -> None:
    if len(listener) == 32:
        listening(stage, six=row(listener, 8080, 7))
    else:
        listening(stage, row(listener, 8080, 7))
    assert stage.look(PortCheck(port=8080, address=address)).code == code
    assert stage.look(PortCheck(port=8081)).code == "port-closed"


def test_connections_are_no_listeners_and_are_not_even_read() -> None:
    def lines() -> list[str]:
        return [HEAD, row(LOOPBACK, 80, 1), row(LOOPBACK, 80, 2, state="01"), "not reached"]

    assert [each.inode for each in parse_listeners(lines())] == [1]
    busy = iter([*lines()[:3], *(row(LOOPBACK, 80, 3, state="01") for _ in range(50))])
    assert len(list(parse_listeners(busy))) == 1
    assert sum(1 for _ in busy) == 50


@given(st.lists(st.text(max_size=80) | st.just(row(LOOPBACK, 80, 1)), max_size=20))
def test_no_table_breaks_the_reader(lines: list[str]) -> None:
    assert {each.port for each in parse_listeners(lines)} <= {80}


@given(st.lists(st.text(max_size=80), max_size=20))
def test_no_mount_table_breaks_the_reader(lines: list[str]) -> None:
    for mount in parse_mounts(lines):
        assert mount.kind


def owned(
    stage: World, monkeypatch: pytest.MonkeyPatch, *, open_: set[int], held: dict[int, Holder]
) -> list[int]:
    """The service web has process 5 of user 33; what may be seen of descriptors is given."""
    asked: list[int] = []
    stage.host.facts.table[5] = process(5)
    stage.services.processes["web"] = [5]
    stage.host.kernel.files["/proc/5/status"] = "Name:\tweb\nUid:\t0\t33\t33\t33\n"

    def holdings(pids: list[int]) -> set[int]:
        asked.extend(pids)
        return open_

    monkeypatch.setattr(port, "holdings", holdings)
    monkeypatch.setattr(port, "holders", lambda inodes: held)
    return asked


OWNED = PortCheck(port=8080, service="web")


def test_the_services_own_socket_is_proved_once(
    stage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = owned(stage, monkeypatch, open_={7, 8}, held={})
    listening(stage, row(LOOPBACK, 8080, 7))
    for _ in range(4):
        assert stage.look(OWNED).ok
    assert len(asked) == 1
    listening(stage, row(LOOPBACK, 8080, 8))
    assert stage.look(OWNED).ok
    assert len(asked) == 2


def test_a_strangers_socket_is_named(stage: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owned(stage, monkeypatch, open_=set(), held={9: Holder(77, "nc", "")})
    listening(stage, row(LOOPBACK, 8080, 9))
    finding = stage.look(OWNED)
    assert finding.code == "port-foreign"
    assert "process 77 (nc), not by service web" in finding.summary


@pytest.mark.parametrize(("uid", "code"), [(33, "ok"), (0, "ok"), (34, "port-foreign")])
def test_where_descriptors_are_hidden_the_user_must_do(
    stage: World, monkeypatch: pytest.MonkeyPatch, uid: int, code: str
) -> None:
    owned(stage, monkeypatch, open_=set(), held={})
    listening(stage, row(LOOPBACK, 8080, 9, uid=uid))
    assert stage.look(OWNED).code == code
