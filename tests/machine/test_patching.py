"""`caretaker os` on real apt, dpkg and systemd: tiny packages, each trouble in turn."""

import json
from pathlib import Path

import pytest

from tests.machine import by_hand, patch_repository
from tests.machine.appliance import KEEP, disk
from tests.machine.by_hand import install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine
from tests.machine.patch_repository import NEW, OLD

MANIFEST = """
[appliance]
name = "shop"
title = "Shop"
version = "1.0"
[services.web]
command = ["/usr/bin/python3", "-I", "{release}/web.py", "8443"]
ports = [8443]
[checks.web]
type = "tcp"
address = "127.0.0.1"
port = 8443
every = "1s"
timeout = "500ms"
[upgrade]
healthy = 2
within = "12s"
[daemon]
drain = "1s"
"""
ARCHIVE = "/srv/archive"
UPGRADE = ("os", "upgrade", "--yes")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("os-archive")
    patch_repository.build(folder)
    return folder


def start(machine: Machine, archive: Path, *, within: str = "12s") -> Machine:
    """An appliance that is healthy, with the old versions of every package installed."""
    install(machine, MANIFEST.replace("12s", within))
    machine.put_tree(archive, ARCHIVE)
    machine.sh(f"""
        rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/*
        printf '%s' '{patch_repository.sources(ARCHIVE)}' >/etc/apt/sources.list
        dpkg --install {ARCHIVE}/old/*.deb >/dev/null 2>&1
        echo 'version = mine' >/etc/cp-conf.conf
        apt-get --quiet update >/dev/null 2>&1
        systemctl start caretaker.service shop-web.service
    """)
    machine.run(["/opt/tool/bin/caretaker", "health", "--wait", "20s"])
    return machine


@pytest.fixture
def machine(machines: Boot, tool: Path, archive: Path) -> Machine:
    return start(machines(binds_ro=by_hand.binds(tool)), archive)


def versions(machine: Machine) -> dict[str, str]:
    form = "${Package} ${Version} ${db:Status-Abbrev}\n"
    lines = machine.run(["dpkg-query", "-W", "-f", form, "cp-*"]).out.splitlines()
    return {name: f"{version} {state}" for name, version, state in map(str.split, lines)}


def status(machine: Machine) -> dict[str, object]:
    told: dict[str, object] = json.loads(machine.caretaker("os", "status", "--json").out)
    return told


def waits(machine: Machine) -> dict[str, bool]:
    updates = json.loads(machine.caretaker("os", "status", "--json").out)["updates"]
    return {each["name"]: bool(each["fix"]) for each in updates}


def snapshot(machine: Machine) -> str:
    """What a plan must leave as it is: every file of apt's, dpkg's and Caretaker's own."""
    places = "/var/lib/apt /var/lib/dpkg /var/cache/apt /etc /var/lib/caretaker"
    look = f"find {places} -path '*/agent/*' -prune -o -printf '%p %s %T@ %m\\n' | sort | sha256sum"
    return machine.sh(look).out


def test_security_alone_then_the_rest_then_nothing(machine: Machine) -> None:
    assert waits(machine) == {
        "cp-lib": True, "cp-conf": True, "cp-kernel": True, "cp-plain": False, "cp-slow": False,
    }  # fmt: skip
    assert machine.caretaker("os", "status", "--check", check=False).code == 6
    before = snapshot(machine)
    plan = json.loads(machine.caretaker("os", "plan", "--security", "--json").out)
    assert [each["name"] for each in plan["found"]["updates"]] == ["cp-conf", "cp-kernel", "cp-lib"]
    assert machine.run(
        ["/opt/tool/bin/caretaker", "os", "status", "--json"], user="nobody"
    ).out.startswith("{")
    assert snapshot(machine) == before

    said = machine.caretaker(*UPGRADE, "--security", "--json", timeout=60).out
    outcome = json.loads(said.splitlines()[-1])
    assert outcome["health"] == "healthy"
    assert [each["name"] for each in outcome["changed"]] == ["cp-conf", "cp-kernel", "cp-lib"]
    there = versions(machine)
    assert {name for name in there if there[name] == f"{NEW} ii"} == {
        "cp-lib", "cp-conf", "cp-kernel",
    }  # fmt: skip
    # A question about a changed configuration file is answered by keeping it.
    assert machine.read("/etc/cp-conf.conf") == "version = mine\n"
    told = status(machine)
    assert told["reboot"] == ["asked for by cp-kernel"]
    assert machine.is_active("caretaker.service")

    done = machine.caretaker(*UPGRADE, timeout=60)
    assert f"cp-plain {OLD} → {NEW}" in done.out
    assert "could not be fetched" not in done.err
    assert all(version == f"{NEW} ii" for name, version in versions(machine).items()
               if name != "cp-broken")  # fmt: skip
    assert "0 packages changed" in machine.caretaker(*UPGRADE, timeout=60).out
    entries = machine.caretaker("ledger", "--json").out
    assert "os-upgrade" in entries
    assert f"{OLD} → {NEW}" in entries
    assert machine.failed_units() == []


def test_a_package_that_fails_stops_it_and_a_second_run_goes_on(machine: Machine) -> None:
    source = f"deb [trusted=yes] file:{ARCHIVE} broken main\n"
    machine.put("/etc/apt/sources.list.d/broken.list", source)
    failed = machine.caretaker(*UPGRADE, timeout=60, check=False)
    assert failed.code == 4
    assert "cp-broken" in failed.err
    assert machine.is_active("shop-web.service")
    again = machine.caretaker(*UPGRADE, timeout=60, check=False)
    assert again.code == 4
    assert "cp-broken" in again.err
    assert status(machine)["interrupted"] == ["cp-broken"]
    machine.put("/var/lib/dpkg/info/cp-broken.postinst", "#!/bin/sh\nexit 0\n", mode=0o755)
    machine.caretaker(*UPGRADE, timeout=60)
    assert set(versions(machine).values()) == {f"{NEW} ii"}
    assert machine.run(["dpkg", "--audit"]).out == ""


def test_killed_in_the_middle_and_run_again(machine: Machine) -> None:
    machine.sh(f"rm {ARCHIVE}/old/cp-broken*")  # It could not be installed a second time.
    for delay in ("0.0", "0.3"):
        machine.sh(
            f"dpkg --install --force-downgrade --force-confold {ARCHIVE}/old/*.deb >/dev/null 2>&1"
        )
        machine.sh("rm -f /var/lib/caretaker/os-upgrade.log")
        machine.spawn(["/opt/tool/bin/caretaker", *UPGRADE])
        machine.wait_for(
            lambda: "Setting up" in machine.read("/var/lib/caretaker/os-upgrade.log"),
            what="dpkg at work", timeout=20,
        )  # fmt: skip
        machine.sh(f"sleep {delay}; systemctl kill --kill-whom=all -s KILL caretaker-os.service")
        machine.wait_for(lambda: not machine.is_active("caretaker-os.service"), what="its end")
        machine.caretaker(*UPGRADE, timeout=60)
        there = versions(machine)
        assert {there[name] for name in there if name != "cp-broken"} == {f"{NEW} ii"}
        assert machine.run(["dpkg", "--audit"]).out == ""


def test_who_follows_may_go_and_one_runs_at_a_time(machine: Machine) -> None:
    machine.run(["systemd-run", "--unit=follower", "/opt/tool/bin/caretaker", *UPGRADE], timeout=20)
    machine.wait_for(
        lambda: "Setting up" in machine.read("/var/lib/caretaker/os-upgrade.log"),
        what="dpkg at work", timeout=20,
    )  # fmt: skip
    machine.systemctl("kill", "--kill-whom=all", "-s", "KILL", "follower.service", check=False)
    second = machine.caretaker(*UPGRADE, check=False)
    assert (second.code, "under way already" in second.err) == (5, True)
    # Told to stop, it ends after the step at hand, and dpkg is not cut short.
    machine.systemctl("stop", "caretaker-os.service", timeout=60)
    assert machine.run(["dpkg", "--audit"]).out == ""
    machine.caretaker(*UPGRADE, timeout=60)
    assert versions(machine)["cp-slow"] == f"{NEW} ii"


def test_not_healthy_before_nothing_is_touched(machine: Machine) -> None:
    machine.systemctl("stop", "shop-web.service")
    machine.wait_for(
        lambda: machine.caretaker("health", check=False).code == 6, what="red", timeout=20
    )
    refused = machine.caretaker(*UPGRADE, "--no-refresh", timeout=60, check=False)
    assert refused.code == 6
    assert "nothing was changed" in refused.err
    assert set(versions(machine).values()) == {f"{OLD} ii"}
    machine.caretaker(*UPGRADE, "--security", "--unhealthy", timeout=90)
    assert versions(machine)["cp-lib"] == f"{NEW} ii"


def test_boots_are_counted_until_one_is_healthy(
    machines: Boot, tool: Path, archive: Path, roots: object
) -> None:
    from tests.machine import rootfs

    with disk(rootfs.build("bookworm")) as tree:
        options = {"binds_ro": by_hand.binds(tool), "options": KEEP}
        machine = start(machines(tree, **options), archive, within="1m")
        machine.caretaker(*UPGRADE, timeout=60)
        machine.systemctl("enable", "caretaker-os-boot.service", "caretaker.target")
        machine.poweroff()

        machine = machines(tree, **options, degraded=True)  # The application is not started.
        machine.systemctl("start", "caretaker.service")
        machine.wait_for(lambda: boots(machine)["count"] == 1, what="the count", timeout=20)
        assert boots(machine)["good_at"] == 0.0
        assert "none of them healthy" in machine.caretaker("os", "status").out
        machine.systemctl("start", "shop-web.service")
        machine.wait_for(lambda: boots(machine)["good_at"], what="the mark", timeout=60)
        assert "os-boot" in machine.caretaker("ledger").out


def boots(machine: Machine) -> dict[str, float]:
    found: dict[str, float] = json.loads(machine.read("/var/lib/caretaker/boots.json"))
    return found
