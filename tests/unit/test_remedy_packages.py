"""An installation that was cut short is finished; one that is under way is left alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import BusyError, MachineError
from agent.host.record_lock import record_holder
from agent.host.spawn import Completed
from agent.remedies import packages
from agent.remedies.packages import find, mend
from agent.remedies.remedy import Scene
from tests.scripted_host import ScriptedHost
from tests.unit.upkeep_world import as_machine, scene, scripted

GOOD = "Package: bash\nStatus: install ok installed\nDescription: a shell\n Status: none\n\n"


def package(name: str, state: str, *, flag: str = "ok") -> str:
    return f"Package: {name}\nStatus: install {flag} {state}\nVersion: 1\n\n"


def stage(root: Path, status: str) -> tuple[Scene, ScriptedHost]:
    made = as_machine(scene(root))
    folder = root / "var/lib/dpkg"
    (folder / "updates").mkdir(parents=True)
    (folder / "status").write_text(GOOD + status)
    return made, scripted(made)


def test_all_is_well(root: Path) -> None:
    made, host = stage(root, package("vim", "config-files"))
    assert find(made) == []
    assert host.asked == []  # cheap: no program runs


@pytest.mark.parametrize("state", ["unpacked", "half-configured", "triggers-pending"])
def test_what_is_unfinished_is_finished(root: Path, state: str) -> None:
    made, host = stage(root, package("vim", state))

    def configure(argv: tuple[str, ...]) -> Completed:
        (root / "var/lib/dpkg/status").write_text(GOOD)
        return Completed(argv, 0, "", "", 3.0)

    host.programs["systemd-run"] = configure
    host.programs["apt-get"] = 0
    (fault,) = find(made)
    assert (fault.target, fault.code) == ("dpkg", "packages-interrupted")
    assert fault.summary.endswith("cut short: vim")
    assert mend(made, fault) == "finished in 3 s"
    assert host.asked[0][-4:] == ("--configure", "-a", "--force-confdef", "--force-confold")
    assert "--setenv=DEBIAN_FRONTEND=noninteractive" in host.asked[0]
    assert find(made) == []


def test_notes_that_dpkg_did_not_merge_are_enough(root: Path) -> None:
    made, _ = stage(root, "")
    (root / "var/lib/dpkg/updates/0003").write_text(package("vim", "unpacked"))
    assert [fault.code for fault in find(made)] == ["packages-interrupted"]


@pytest.mark.parametrize(("state", "flag"), [("half-installed", "ok"), ("unpacked", "reinstreq")])
def test_a_package_that_is_not_whole_is_a_persons(root: Path, state: str, flag: str) -> None:
    made, _ = stage(root, package("vim", state, flag=flag))
    (fault,) = find(made)
    assert fault.refusal
    assert fault.hint == "sudo caretaker os upgrade"


def test_a_failure_says_what_dpkg_said(root: Path) -> None:
    made, host = stage(root, package("vim", "unpacked"))
    host.systemd.is_booted = False
    host.programs["dpkg"] = Completed(("dpkg",), 1, "", "dpkg: error: vim: depends on x\n", 1.0)
    with pytest.raises(MachineError, match="depends on x"):
        mend(made, find(made)[0])


def test_many_packages_are_counted(root: Path) -> None:
    made, _ = stage(root, "".join(package(f"p{number}", "unpacked") for number in range(9)))
    assert find(made)[0].summary.endswith("p0, p1, p2, p3, p4 and 4 more")


def test_other_systems_and_embedded_appliances_have_no_use_for_it(root: Path) -> None:
    assert find(as_machine(scene(root))) == []
    (root / "var/lib/dpkg").mkdir(parents=True)
    assert find(scene(root)) == []


HOLD = """
import fcntl, sys
stream = open(sys.argv[1], "w")
fcntl.lockf(stream, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.real
@pytest.mark.parametrize("lock", ["lock", "lock-frontend"])
def test_one_that_is_under_way_is_waited_for_and_then_left_alone(root: Path, lock: str) -> None:
    made, host = stage(root, package("vim", "unpacked"))
    (fault,) = find(made)
    path = root / "var/lib/dpkg" / lock
    argv = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert record_holder(path) == holder.pid
        assert find(made) == []
        with pytest.raises(BusyError, match=str(holder.pid)):
            mend(made, fault)
    assert sum(host.clock.slept) >= packages._PATIENCE
    assert record_holder(path) == 0
    assert find(made) == [fault]
