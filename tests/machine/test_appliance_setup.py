"""One command from a bare machine to a database behind a balancer, and away again: SochDB."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machine import wheelhouse as wheels
from tests.machine.appliance import AGENT, SERVICE, binds, healthz, main_pids, set_up, sql
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

# What lives its own life, and what the harness brings.
OTHERS = ("/proc", "/sys", "/dev", "/run", "/tmp", "/src", "/image", "/image-wheels")
FILES = (
    f"find / -xdev \\( {' -o '.join(f'-path {path}' for path in OTHERS)} \\) -prune -o"
    " ! -path '/var/log/journal/*' -printf '%p\\n' | sort"
)


def files(machine: Machine) -> set[str]:
    return set(machine.sh(FILES).out.splitlines())


@pytest.fixture
def bare(machines: Boot, image: Path) -> Iterator[Machine]:
    machine = machines(binds_ro=binds(image, wheels.locked_wheels()))
    yield machine
    machine.kill()  # An orderly end would drain first, for nobody.


def test_a_bare_machine_becomes_a_database_and_a_second_run_touches_nothing(bare: Machine) -> None:
    before = files(bare)
    plan = set_up(bare, "--plan")
    assert "plan only; nothing was changed" in plan.out
    assert files(bare) == before
    first = set_up(bare)
    assert "SochDB 0.8.3 is healthy" in first.out
    assert "http://127.0.0.1:8086/healthz says 200" in first.out
    assert healthz(bare) == "200 pass"
    assert bare.is_active(AGENT)
    assert bare.is_active(SERVICE)
    assert bare.failed_units() == []
    assert sql(bare) == ["0"]
    pids = main_pids(bare)
    second = set_up(bare)
    print(f"first run {first.seconds:.2f} s, second {second.seconds:.2f} s")
    assert "healthy (0 changed" in second.out
    assert second.seconds <= 1
    assert main_pids(bare) == pids
    told = json.loads(bare.read("/run/caretaker-setup/setup.json"))
    assert (told["verdict"], told["exit"], told["changed"]) == ("healthy", 0, 0)


def test_answers_come_from_a_file_and_hold(bare: Machine) -> None:
    bare.put("/root/answers.toml", '[settings]\nlisten = "127.0.0.2"\n', mode=0o600)
    set_up(bare, "--answers", "/root/answers.toml")
    assert "127.0.0.2:5433" in bare.run(["ss", "-Hltn", "sport = :5433"]).out
    assert healthz(bare) == "200 pass"
    assert "(0 changed" in set_up(bare).out
    bare.put("/root/answers.toml", '[settings]\nlisten = "everywhere"\n', mode=0o600)
    refused = set_up(bare, "--answers", "/root/answers.toml", check=False)
    assert refused.code == 3
    assert "listen" in refused.out + refused.err
    assert healthz(bare) == "200 pass"


def test_uninstalled_it_leaves_data_and_purged_nothing(machines: Boot, quick_image: Path) -> None:
    bare = machines(binds_ro=binds(quick_image, wheels.locked_wheels()))
    before = files(bare)
    accounts = bare.read("/etc/passwd"), bare.read("/etc/group")
    set_up(bare)
    sql(bare, f"{KEPT}; INSERT INTO kept (id) VALUES (7)")
    bare.run(["/opt/sochdb/setup.sh", "--uninstall", "--yes"], timeout=60)
    kept = ("/var/lib/sochdb", "/etc/sochdb", "/var/lib/caretaker", "/etc/caretaker")
    left = {path for path in files(bare) - before if not path.startswith(kept)}
    assert left <= ACCOUNTS | JOURNAL
    assert bare.systemctl("list-units", "--all", "--no-legend", "sochdb*", "caretaker*").out == ""
    assert "(0 changed" not in set_up(bare).out
    assert sql(bare, f"{KEPT}; SELECT id FROM kept") == ["7"]
    bare.run(["/opt/sochdb/setup.sh", "--uninstall", "--purge-data", "--yes"], timeout=60)
    assert files(bare) - before <= ACCOUNTS | JOURNAL
    assert (bare.read("/etc/passwd"), bare.read("/etc/group")) == accounts
    assert before - files(bare) == set()


# SochDB forgets a table's definition at each restart, and keeps its rows.
KEPT = "CREATE TABLE kept (id INT)"
# What adding any user leaves (shadow keeps a copy of each file), and what journald made.
ACCOUNTS = {
    f"/etc/{name}-" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
}
JOURNAL = {"/var/log/journal"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("root", "python"), [("trixie", "3.13"), ("noble", "3.12"), ("jammy", "3.11")]
)
def test_every_system_we_name(
    machines: Boot, image: Path, roots: Callable[[str], Path], root: str, python: str
) -> None:
    machine = machines(root, binds_ro=binds(image, wheels.locked_wheels(python)))
    assert "SochDB 0.8.3 is healthy" in set_up(machine).out
    assert healthz(machine) == "200 pass"
    assert machine.failed_units() == []
    assert "healthy (0 changed" in set_up(machine).out
