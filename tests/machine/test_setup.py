"""setup.sh on machines with real systemd: from nothing to healthy, again, mended, and gone."""

import json
import os
from pathlib import Path

import pytest

from bench.setup import appliance, trace
from bench.setup.arena import copy_tool
from tests.machine import ready
from tests.machine import wheelhouse as wheels
from tests.machine.conftest import Boot
from tests.machine.machine import Machine, Ran

SETUP = "/checkout/setup/setup.sh"
OFFLINE = ("--offline", "--wheelhouse", "/wheels")
UNITS = ("caretaker.service", "tiny-web.service")
LEFT = "find / -xdev ( -path /proc -o -path /sys -o -path /tiny -o -path /src ) -prune -o"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The appliance's folder; a test may change it while the machine runs."""
    return appliance.write(tmp_path / "tiny", probe=8086, port=8080)


@pytest.fixture
def bare(machines: Boot, tiny: Path) -> Machine:
    """A machine with the checkout, the appliance and wheels, and nothing set up but libraries."""
    return machines(ready.NAME, binds_ro=binds(tiny, wheels.locked_wheels()))


def binds(tiny: Path, wheelhouse: Path) -> dict[str, Path]:
    """A checkout of its own: an edit of ours during the test would be a new version to install."""
    return {
        "/tiny": tiny, "/wheels": wheelhouse, "/checkout": copy_tool(tiny.parent / "checkout")
    }  # fmt: skip


def run_setup(machine: Machine, *words: str, check: bool = True) -> Ran:
    return machine.run([SETUP, "/tiny", *OFFLINE, *words], timeout=120, check=check)


def changed(ran: Ran) -> object:
    return json.loads(ran.out.splitlines()[-1])["changed"] if "{" in ran.out else ran.out


def verdict(machine: Machine) -> dict[str, object]:
    told: dict[str, object] = json.loads(machine.read("/run/caretaker-setup/setup.json"))
    return told


def invocations(machine: Machine) -> list[str]:
    return [machine.show(unit, "InvocationID")["InvocationID"] for unit in UNITS]


def test_from_nothing_to_healthy_and_the_second_run_changes_nothing(
    machines: Boot, tiny: Path
) -> None:
    bare = machines(binds_ro=binds(tiny, wheels.locked_wheels()))
    first = run_setup(bare)
    assert "Tiny 1.0 is healthy" in first.out
    assert bare.run(["curl", "-fsS", "http://127.0.0.1:8086/healthz"]).out.startswith("pass")
    assert bare.run(["curl", "-fsS", "http://127.0.0.1:8080/"]).out == "hello"
    assert bare.failed_units() == []
    assert verdict(bare)["verdict"] == "healthy"
    told = bare.journal("-t", "caretaker-setup")
    assert "Tiny 1.0 is healthy (" in told
    before = invocations(bare)
    second = run_setup(bare)
    assert "healthy (0 changed" in second.out
    assert second.seconds <= 2  # `bench.setup` holds it to 1 s, with nothing else at work
    assert invocations(bare) == before
    by_link = bare.run(["/opt/tiny/setup.sh"])
    assert "healthy (0 changed" in by_link.out


def test_secrets_stay_where_they_belong(bare: Machine) -> None:
    first = run_setup(bare)
    token = bare.read("/etc/tiny/secrets/token").strip()
    assert len(token) == 32
    shown = run_setup(bare, "--json", "--show-secrets")
    assert [json.loads(line)["value"] for line in shown.out.splitlines()
            if '"secret"' in line] == [token]  # fmt: skip
    assert token not in run_setup(bare, "--json", "--show-secrets").out  # once
    assert token not in first.out
    found = bare.sh(f"grep -rlF {token} /etc /var /run /opt/tiny || true").out.split()
    assert found == ["/etc/tiny/env/web.env", "/etc/tiny/secrets/token"]
    modes = bare.run(["stat", "-c", "%a %U", *found, "/etc/tiny/secrets"]).out.splitlines()
    assert modes == ["600 root", "600 root", "700 root"]
    assert token not in bare.journal(lines=5000)
    assert token not in bare.sh("cat /proc/[0-9]*/cmdline | tr '\\0' ' '").out


def test_only_declared_ports_are_open(bare: Machine) -> None:
    run_setup(bare)
    lines = bare.run(["ss", "-Hltn"]).out.splitlines()
    assert sorted({line.split()[3] for line in lines}) == ["127.0.0.1:8080", "127.0.0.1:8086"]


WRECKS = {
    "a stopped service": "systemctl stop tiny-web",
    "a killed agent that stays down": "systemctl stop caretaker",
    "a disabled target": "systemctl disable -q tiny.target",
    "a changed unit": "echo '# mine' >>/etc/systemd/system/tiny-web.service",
    "a removed drop-in": "rm /etc/systemd/system/caretaker.service.d/10-appliance.conf",
    "an open secret": "chmod 644 /etc/tiny/secrets/token",
    "a lost link": "rm /usr/local/bin/caretaker",
    "a folder of the wrong owner": "chown nobody /var/lib/tiny",
    "a damaged environment": "rm -r /opt/caretaker/venv/lib/python3*/site-packages/msgspec",
    "a lost environment": "rm -r /opt/caretaker",
    "a lost certificate": "rm -r /etc/tiny/tls/web",
    "a file edited but not reloaded": (
        "cp /etc/systemd/system/tiny-web.service /run/copy; sleep 1;"
        "cp /run/copy /etc/systemd/system/tiny-web.service"
    ),
}


@pytest.mark.slow
def test_whatever_is_wrecked_the_next_run_mends(bare: Machine) -> None:
    run_setup(bare)
    for what, wreck in WRECKS.items():
        bare.sh(wreck)
        mended = run_setup(bare, check=False)
        assert mended.ok, f"{what}: {mended}"
        assert "(0 changed" not in mended.out, what
        assert "healthy (0 changed" in run_setup(bare).out, what
        assert bare.run(["curl", "-fsS", "http://127.0.0.1:8080/"]).out == "hello", what


def test_a_new_answer_restarts_what_it_concerns_and_keeps_the_rest(bare: Machine) -> None:
    run_setup(bare)
    token = bare.read("/etc/tiny/secrets/token")
    plan = run_setup(bare, "--set", "greeting=moin", "--plan").out
    assert "+ setting greeting = moin (--set greeting), then restart caretaker.service" in plan
    run_setup(bare, "--set", "greeting=moin")
    assert bare.run(["curl", "-fsS", "http://127.0.0.1:8080/"]).out == "moin"
    assert "healthy (0 changed" in run_setup(bare).out  # and it is kept without being said
    assert bare.read("/etc/tiny/secrets/token") == token


def test_a_database_is_initialised_as_its_service_would(bare: Machine, tiny: Path) -> None:
    appliance.write(tiny, probe=8086, port=8080, database=True)
    run_setup(bare)
    assert bare.read("/var/lib/tiny/active/state/rows") == "made by tiny\n"
    assert "healthy (0 changed" in run_setup(bare).out


def test_a_service_that_is_declared_no_more_goes_away(bare: Machine, tiny: Path) -> None:
    run_setup(bare)
    manifest = tiny / "appliance.toml"
    text = manifest.read_text().replace("[services.web", "[services.site")
    manifest.write_text(text.replace('services = ["web"]', 'services = ["site"]'))
    assert "+ remove /etc/systemd/system/tiny-web.service" in run_setup(bare, "--plan").out
    run_setup(bare)
    assert not bare.exists("/etc/systemd/system/tiny-web.service")
    assert bare.is_active("tiny-site.service")
    assert "healthy (0 changed" in run_setup(bare).out


def test_first_boot_speaks_on_the_console(bare: Machine) -> None:
    bare.sh("rm -f /dev/console; touch /dev/console")  # nspawn's is a pipe to nowhere
    run_setup(bare, "--first-boot", "--yes")
    said = bare.read("/dev/console")
    assert "Tiny 1.0 is healthy" in said
    assert bare.read("/etc/tiny/secrets/token").strip() not in said


def test_a_plan_writes_nothing_before_and_after(bare: Machine) -> None:
    assert written(bare) == []
    before = bare.sh(f"{LEFT} -newer /etc/hostname -print | wc -l", check=False).out
    assert "caretaker" not in before
    run_setup(bare)
    assert written(bare) == []


def written(machine: Machine) -> list[str]:
    """What a plan opened for writing, or changed, by strace; journald's own work is not its."""
    calls = ",".join((*trace.CHANGING, *trace.WRITING, *trace.OPENING))
    strace = ["strace", "-f", "-qq", "-y", "-e", "signal=none", "-o", "/run/trace", "-e"]
    machine.run([*strace, f"trace={calls}", SETUP, "/tiny", *OFFLINE, "--plan"], timeout=60)
    return trace.offences(machine.read("/run/trace").splitlines())


def test_uninstalling_keeps_data_and_purging_leaves_nothing(bare: Machine) -> None:
    run_setup(bare)
    token = bare.read("/etc/tiny/secrets/token")
    bare.sh("echo precious >/var/lib/tiny/active/state/rows")
    bare.run(["/opt/tiny/setup.sh", "--uninstall", "--yes"], timeout=120)
    assert bare.read("/var/lib/tiny/active/state/rows") == "precious\n"
    assert not bare.exists("/opt/caretaker")
    assert bare.systemctl("list-units", "--all", "--no-legend", "tiny-*", "caretaker*").out == ""
    run_setup(bare)
    assert bare.read("/etc/tiny/secrets/token") == token
    assert bare.read("/var/lib/tiny/active/state/rows") == "precious\n"
    bare.run(["/opt/tiny/setup.sh", "--uninstall", "--purge-data", "--yes"], timeout=120)
    left = bare.sh(f"{LEFT} ( -name '*tiny*' -o -name '*caretaker*' ) -print".replace("(", "\\(")
                   .replace(")", "\\)")).out.split()  # fmt: skip
    assert left == []
    assert not bare.run(["getent", "passwd", "tiny", "caretaker"], check=False).ok


def test_uninstalling_asks_and_takes_no_answer_for_no(bare: Machine) -> None:
    run_setup(bare)
    refused = bare.run(["/opt/tiny/setup.sh", "--uninstall"], check=False)
    assert refused.code == 2
    assert bare.is_active("tiny-web.service")


def test_a_failure_before_anything_ran_is_undone(bare: Machine) -> None:
    bare.sh("mkdir -p /etc/tmpfiles.d/caretaker.conf")  # no file can be put there now
    failed = run_setup(bare, check=False)
    assert failed.code == 20, failed
    assert verdict(bare)["verdict"] == "failed-and-undone"
    for gone in ("/etc/tiny", "/var/lib/tiny", "/opt/tiny", "/etc/systemd/system/tiny.target"):
        assert not bare.exists(gone), gone
    assert not bare.run(["getent", "passwd", "tiny"], check=False).ok
    assert bare.exists("/etc/tmpfiles.d/caretaker.conf")  # it stood before
    bare.sh("rmdir /etc/tmpfiles.d/caretaker.conf")
    assert run_setup(bare).ok


def test_a_failure_after_the_start_stands_and_a_better_payload_mends_it(
    bare: Machine, tiny: Path
) -> None:
    program = tiny / "payload/serve"
    good = program.read_text()
    program.write_text("#!/bin/sh\nexit 1\n")
    failed = run_setup(bare, "--wait", "3", check=False)
    assert failed.code == 30, failed
    assert "next" not in failed.out
    assert verdict(bare)["verdict"] == "needs-attention"
    assert bare.exists("/etc/tiny/secrets/token")
    program.write_text(good)
    assert "is healthy" in run_setup(bare).out


def test_a_second_setup_at_the_same_time_is_busy(bare: Machine) -> None:
    run_setup(bare)
    bare.spawn(["flock", "/var/lib/caretaker/setup.lock", "sleep", "30"])
    bare.wait_for(lambda: run_setup(bare, check=False).code == 75, what="busy")
    assert "another setup runs" in run_setup(bare, check=False).out


def test_another_appliance_is_refused_and_nothing_is_touched(bare: Machine, tiny: Path) -> None:
    run_setup(bare)
    appliance.write(tiny, name="other", probe=8086, port=8080)
    refused = run_setup(bare, check=False)
    assert refused.code == 10
    assert "tiny is set up here already" in refused.out
    assert bare.is_active("tiny-web.service")


@pytest.mark.parametrize(
    ("root", "packages"),
    [("minimal", "python3 python3-venv"), ("jammy", "python3.11 python3.11-venv")],
)
def test_without_python_it_says_what_it_would_install(
    machines: Boot, tiny: Path, root: str, packages: str
) -> None:
    machine = machines(root, binds_ro=binds(tiny, wheels.locked_wheels()))
    machine.sh("rm -f /usr/bin/python3* /usr/bin/apt-get; ln -s /bin/false /usr/bin/apt-get")
    plan = run_setup(machine, "--plan")
    assert f"DPkg::Lock::Timeout=600 {packages}\n" in plan.out
    assert "Nothing was changed" in plan.out
    offline = run_setup(machine, check=False)
    assert offline.code == 20
    assert "--offline forbids fetching it" in offline.err
    online = machine.run([SETUP, "/tiny"], check=False)
    assert online.code == 20
    assert "could not install Python" in online.err


@pytest.mark.slow
def test_a_newcomers_machine_needs_git_and_python_only(machines: Boot, tiny: Path) -> None:
    # It shares the host's network, and with it the ports of other tests.
    probe, port = appliance.free_ports(2)
    appliance.write(tiny, probe=probe, port=port)
    machine = machines("minimal", network="host", binds_ro=binds(tiny, wheels.locked_wheels()))
    done = machine.run([SETUP, "/tiny", "--wait", "60"], timeout=300, env=pip_settings())
    assert "is healthy" in done.out, done


def pip_settings() -> dict[str, str]:
    """Where the host's pip looks for packages, for a machine that shares its network."""
    return {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
