"""systemd itself reads our unit files without a word, and finds their sandbox tight."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.housekeeping.tasks import TASKS
from agent.housekeeping.timers import task_units
from agent.manifest.upkeep_rules import REMEDIES
from agent.services.units import unit_files
from tests.unit.services_fixtures import layout_at, manifest_of, values_of

REPOSITORY = Path(__file__).parents[2]
STATIC = sorted(
    path for path in (REPOSITORY / "systemd").rglob("*") if path.is_file() and path.suffix != ".md"
)
UNITS = [path for path in STATIC if path.parent.name == "systemd"]
PYTHON = "opt/caretaker/venv/bin/python3"
SETUP = "opt/caretaker/tool/setup/setup.sh"

# Exposure, 0 (none) to 10, as `systemd-analyze security` of systemd 252 counts it: of every unit,
# with the drop-ins that the appliance below gives it.
BAR = 2.5
TIGHTER = {
    # With checks that bring it the application's group, and a clock check.
    "caretaker.service": 1.5,
    "caretaker-act@.service": 1.0,
    "caretaker-os-boot.service": 1.0,
    "shop-web.service": 1.5,
    "shop-silent.service": 1.0,
}
# What can't be held to the bar, and why. docs/explanation/privilege.md has the same list.
LOOSER = {
    # Users, packages, units: it works on the whole machine, once, before there is an appliance.
    "caretaker-setup.service": 10.0,
    # Scripts of packages may need any right; it runs for the length of one upgrade.
    "caretaker-os.service": 10.0,
    # It stops, copies, migrates as the application's user, writes units and starts again.
    "caretaker-change.service": 5.1,
    # It reads all data, writes to any place that was chosen, and becomes the application's user.
    "caretaker-backup.service": 4.1,
    # The manifest asks for it to begin as root, and for the capabilities that this takes.
    "shop-root.service": 2.6,
}

SHOP = """
[services.web]
command = ["{release}/bin/web", "a b", ";", "%n", "$HOME", "\\"", "\\u007f", ""]
ports = [8443]
requires = ["root"]
reload = ["sh", "-c", "kill -HUP $MAINPID"]
environment = { A = "x y", B = "%h", C = "{secret:key}" }
[services.root]
command = ["nginx"]
user = "root"
ports = [443]
allow = ["capabilities"]
[services.silent]
command = ["{release}/bin/web"]
network = false
[services.database]
unit = "postgresql.service"
requires = ["web"]
[checks.api]
type = "command"
command = ["/bin/true"]
environment = { KEY = "{secret:key}" }
[checks.cert]
type = "certificate"
certificate = "web"
[checks.clock]
type = "clock"
[remedies.cache]
checks = ["api"]
command = ["{release}/bin/web", "--clear"]
[tasks.sweep]
calendar = "Mon..Fri *-*-* 03:30:00 Europe/Berlin"
jitter = "90m"
persistent = false
command = ["{release}/bin/web", "--sweep"]
timeout = "2h"
[locks.main]
path = "/srv/lock/main.pid"
kind = "pidfile"
service = "web"
[probe]
certificate = "web"
[certificates.web]
names = ["shop.example.org"]
[certificates.web.acme]
directory = "https://ca.example.org/dir"
terms = true
[secrets.key]
"""

GIVEN = (manifest_of(SHOP), layout_at(), values_of(layout_at()))
MADE = (*unit_files(*GIVEN), *task_units(*GIVEN))


def _services() -> list[str]:
    """Every service that there is: files, and instances that are run or have drop-ins."""
    # The order of starts is a drop-in of another name, also for a unit that is not ours.
    drop_ins = [each.path for each in MADE if each.path.name == "10-appliance.conf"]
    names = {path.name for path in UNITS} | {each.path.name for each in MADE}
    names |= {path.parent.name.removesuffix(".d") for path in drop_ins}
    names |= {f"caretaker-remedy@{name}.service" for name in (*REMEDIES, *GIVEN[0].remedies)}
    names |= {f"caretaker-task@{task.name}.service" for task in TASKS}
    return sorted(name for name in names if name.endswith(".service"))


SERVICES = _services()

needs_analyze = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed"
)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with our units, the generated ones, systemd's own, and the programs they run."""
    root = tmp_path_factory.mktemp("machine")
    programs = (PYTHON, SETUP, "opt/shop/current/bin/web")
    for program in (*programs, "bin/kill", "bin/sh", "bin/nginx", "bin/touch"):
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/true", root / program)
    own = root / "usr/lib/systemd/system"
    own.mkdir(parents=True)
    for target in Path("/usr/lib/systemd/system").glob("*.target"):
        shutil.copy(target, own / target.name, follow_symlinks=True)
    for each in MADE:
        path = root / each.path.relative_to("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.text)
    for path in UNITS:
        shutil.copy(path, root / "etc/systemd/system")
    (own / "postgresql.service").write_text("[Service]\nExecStart=/bin/sh\n")
    return root


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("path", STATIC, ids=lambda path: path.name)
def test_every_file_opens_with_why_it_exists(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert re.fullmatch(r"# [A-Z/].{20,}", first)


@needs_analyze
@pytest.mark.real
def test_systemd_reads_every_unit_without_a_word(machine: Path) -> None:
    folder = machine / "etc/systemd/system"
    units = sorted(path.name for path in folder.iterdir() if path.is_file())
    assert {"shop-web.service", "caretaker-task@sweep.timer"} <= set(units)
    done = run("systemd-analyze", "verify", "--man=no", f"--root={machine}", *units)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def exposure(unit: str, *options: str) -> float:
    done = run("systemd-analyze", "security", "--offline=yes", *options, unit)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stderr
    return float(found[1])


@needs_analyze
@pytest.mark.real
@pytest.mark.parametrize("unit", SERVICES)
def test_the_sandbox_is_tight(machine: Path, unit: str) -> None:
    most = {**TIGHTER, **LOOSER}.get(unit, BAR)
    assert exposure(unit, f"--root={machine}") <= most


def test_what_is_held_to_another_bar_is_there() -> None:
    assert set(TIGHTER) | set(LOOSER) <= set(SERVICES)
    assert {"caretaker-boot.service", "caretaker-remedy@cache.service"} <= set(SERVICES)


@needs_analyze
@pytest.mark.real
def test_the_daemon_alone_is_tighter_still() -> None:
    assert exposure(str(REPOSITORY / "systemd/caretaker.service")) <= 1.5


def test_the_daemon_has_no_capability_and_no_way_to_one() -> None:
    text = (REPOSITORY / "systemd/caretaker.service").read_text().splitlines()
    assert {"User=caretaker", "NoNewPrivileges=yes", "CapabilityBoundingSet="} <= set(text)
    assert "AmbientCapabilities=" in text


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="no systemd-sysusers")
@pytest.mark.real
def test_sysusers_makes_the_daemons_user(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    conf = REPOSITORY / "systemd/sysusers.d/caretaker.conf"
    done = run("systemd-sysusers", f"--root={tmp_path}", str(conf))
    assert done.returncode == 0, done.stderr
    [line] = (tmp_path / "etc/passwd").read_text().splitlines()
    name, _, uid, gid, _, home, shell = line.split(":")
    assert (name, home, shell) == ("caretaker", "/var/lib/caretaker/agent", "/usr/sbin/nologin")
    assert 0 < int(uid) < 1000
    assert (tmp_path / "etc/group").read_text().startswith(f"caretaker:x:{gid}:")


def test_tmpfiles_lines_name_what_root_or_the_daemon_own() -> None:
    lines = (REPOSITORY / "systemd/tmpfiles.d/caretaker.conf").read_text().splitlines()
    rules = [line.split() for line in lines if not line.startswith("#")]
    assert {rule[1]: (rule[2], rule[3]) for rule in rules} == {
        "/var/lib/caretaker": ("0755", "root"),
        "/var/lib/caretaker/agent": ("0700", "caretaker"),
        "/etc/caretaker": ("0755", "root"),
        "/run/caretaker-setup": ("0755", "root"),
        "/run/caretaker-os": ("0755", "root"),
        "/var/lib/caretaker/remedies.lock": ("0600", "root"),
        "/var/lib/caretaker/tasks.lock": ("0600", "root"),
    }


def test_the_preset_names_units_that_are_there() -> None:
    lines = (REPOSITORY / "systemd/system-preset/90-caretaker.preset").read_text().splitlines()
    named = {line.split()[1] for line in lines if not line.startswith("#")}
    assert named <= {path.name for path in UNITS}
