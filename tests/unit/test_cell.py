"""The cell: what a stranger's program can reach, and that nothing of it is left, whoever dies."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host import cell
from agent.host.cell import Cell, Ended
from agent.host.failures import HostFailure

pytestmark = pytest.mark.real
USER = "nobody" if os.geteuid() == 0 else ""
HERE = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix="caretaker-cell-"))
    found.chmod(0o755)
    if USER:
        shutil.chown(found, USER)
    yield found
    shutil.rmtree(found)


def sh(folder: Path, text: str, *, timeout: float = 20.0, user: str = USER) -> Ended:
    own = Cell(writable=(folder,), user=user)
    return cell.run(["sh", "-c", text], own, timeout=timeout, folder=folder)


def marked(mark: str) -> list[int]:
    """Processes whose arguments hold the mark."""
    found = []
    for name in os.listdir("/proc"):
        try:
            line = Path(f"/proc/{name}/cmdline").read_bytes() if name.isdigit() else b""
        except OSError:
            continue
        if mark.encode() in line:
            found.append(int(name))
    return found


def wait_gone(mark: str, seconds: float = 5.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def test_status_output_and_the_user(folder: Path) -> None:
    ended = sh(folder, "id -un; echo wrong >&2; exit 7")
    assert (ended.status, ended.reason, ended.unfenced) == (7, "exit status 7", "")
    assert USER in ended.stdout.decode()
    assert b"wrong" in ended.evidence


def test_a_signal_is_told_as_one(folder: Path) -> None:
    assert sh(folder, "kill -SEGV $$").reason == "ended by SIGSEGV"


def test_it_writes_in_its_folder_and_nowhere_else(folder: Path) -> None:
    ended = sh(folder, f"echo x > {folder}/ok; echo x > /tmp/own; touch /etc/evil {HERE}/evil")
    assert (folder / "ok").read_text() == "x\n"
    assert not Path("/tmp/own").exists()
    assert ended.evidence.count(b"Read-only file system") == 2


@pytest.mark.skipif(not USER, reason="takes root")
def test_not_even_root_writes_elsewhere(folder: Path) -> None:
    ended = sh(folder, "touch /usr/evil; echo x > /var/lib/evil", user="")
    assert ended.evidence.count(b"Read-only file system") == 2


def test_it_sees_no_network_but_a_loopback_and_no_sockets_of_services(folder: Path) -> None:
    ended = sh(folder, "cat /proc/net/dev; ls /run; echo listed")
    assert ended.stdout.count(b":") == 1
    assert b"lo:" in ended.stdout
    assert ended.stdout.endswith(b"listed\n")


def test_it_sees_no_process_but_its_own(folder: Path) -> None:
    ended = sh(folder, "ls -d /proc/[0-9]*")
    assert len(ended.stdout.split()) <= 4


DAEMON = "import os,time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\n"


def test_a_daemon_is_gone_when_it_returns(folder: Path) -> None:
    mark = f"caretaker-daemon-{os.getpid()}"
    script = f"{DAEMON}open('up', 'w').close(); time.sleep(600) # {mark}"
    own = Cell(writable=(folder,), user=USER)
    text = 'python3 -c "$0"; while [ ! -e up ]; do sleep 0.02; done'
    ended = cell.run(["sh", "-c", text, script], own, timeout=20, folder=folder)
    assert ended.status == 0
    assert (folder / "up").exists()
    assert marked(mark) == []


def test_a_hanging_family_is_ended_in_time(folder: Path) -> None:
    mark = f"0.{os.getpid()}{time.monotonic_ns()}"
    text = f"trap '' TERM; (setsid sleep 6{mark} &); sleep 6{mark}"
    ended = sh(folder, text, timeout=0.5)
    assert ended.timed_out
    assert ended.seconds < 5
    assert marked(mark) == []


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.3])
def test_a_killed_run_leaves_nothing(folder: Path, moment: float) -> None:
    mark = f"{os.getpid()}{int(moment * 1000)}{time.monotonic_ns()}"
    runner = (
        "from pathlib import Path; from agent.host import cell; import sys\n"
        f"own = cell.Cell(writable=(Path({str(folder)!r}),), user={USER!r})\n"
        "print('go', flush=True)\n"
        f"cell.run(['sh', '-c', '(setsid sleep 6{mark} &); sleep 6{mark}'], own, timeout=60,"
        f" folder=Path({str(folder)!r}))\n"
    )
    argv = [sys.executable, "-c", runner]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=HERE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"go\n"
        time.sleep(moment)
        os.kill(child.pid, signal.SIGKILL)
    assert wait_gone(mark) == []


def test_huge_output_is_drained_and_only_its_end_kept(folder: Path) -> None:
    ended = sh(folder, "head -c 30000000 /dev/zero | tr '\\0' x; echo the end")
    assert ended.status == 0
    assert len(ended.stdout) == cell.STDOUT_CAP
    assert len(ended.evidence) == cell.EVIDENCE
    assert ended.evidence.endswith(b"the end\n")


def test_input_is_fed_while_output_is_read(folder: Path) -> None:
    ended = cell.run(["cat"], Cell(user=USER), timeout=20, folder=folder, stdin=b"x" * (1 << 20))
    assert len(ended.stdout) == 1 << 20


def test_what_can_not_be_run(folder: Path) -> None:
    ended = cell.run(["nonesuch"], Cell(user=USER), timeout=20, folder=folder)
    assert ended.reason == "nonesuch: No such file or directory"
    ended = cell.run(["true"], Cell(user=USER), timeout=20, folder=folder / "gone")
    assert ended.reason == f"{folder}/gone: No such file or directory"


@pytest.mark.skipif(not USER, reason="only root chooses")
def test_a_user_that_is_not_there(folder: Path) -> None:
    with pytest.raises(HostFailure, match="no user nonesuch"):
        cell.run(["true"], Cell(user="nonesuch"), timeout=20, folder=folder)


# A user namespace of its own may forbid more of them, as a hardened machine does.
PLAIN = """
for each in mnt pid; do echo 0 > /proc/sys/user/max_${each}_namespaces || exit 90; done
exec "$0" -c "$1"
"""


def test_without_namespaces_it_says_so_and_leaves_nothing_either(folder: Path) -> None:
    mark = f"{os.getpid()}{time.monotonic_ns()}"
    script = (
        "from pathlib import Path; from agent.host import cell\n"
        f"here = Path({str(folder)!r})\n"
        f"text = '(setsid sleep 6{mark} >/dev/null 2>&1 &); echo done; exit 3'\n"
        "ended = cell.run(['sh', '-c', text], cell.Cell(), timeout=20, folder=here)\n"
        "print(ended.status, ended.unfenced)\n"
        f"text = 'setsid sleep 6{mark} & sleep 6{mark}'\n"
        "ended = cell.run(['sh', '-c', text], cell.Cell(), timeout=0.5, folder=here)\n"
        "print(ended.timed_out)\n"
        "print(cell.run(['true'], cell.Cell(must=True), timeout=9, folder=here).reason)\n"
    )
    argv = ["unshare", "--user", "--map-root-user", "sh", "-c", PLAIN, sys.executable, script]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=HERE, check=False)
    if done.returncode == 90 or "unshare" in done.stderr:
        pytest.skip("no user namespace to forbid them in")
    assert "3 no namespaces of its own" in done.stdout, done.stderr
    assert "True" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("no namespaces of its own")
    assert wait_gone(mark) == []


@pytest.mark.skipif(not USER, reason="is about becoming somebody who is not root")
def test_whoever_is_not_root_gets_them_by_a_user_namespace() -> None:
    script = (
        "import os, tempfile\nfrom pathlib import Path\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "from agent.host import cell\n"
        "with tempfile.TemporaryDirectory() as name:\n"
        "    own = cell.Cell(writable=(Path(name),))\n"
        "    text = 'touch mine /etc/evil; ls mine; ls /run'\n"
        "    ended = cell.run(['sh', '-c', text], own, timeout=20, folder=Path(name))\n"
        "    print(ended.unfenced or ended.evidence.decode())\n"
    )
    argv = [sys.executable, "-c", script]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=HERE, check=True)
    if "no namespaces" in done.stdout:
        pytest.skip("the machine has no user namespaces")
    assert "mine" in done.stdout
    assert "'/etc/evil': Read-only file system" in done.stdout


def test_our_own_python_is_there_although_it_lies_below_what_is_hidden(folder: Path) -> None:
    # An appliance below a root of its own in /tmp: environment, code, data, all of it.
    home = folder / "opt/venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    (folder / "tool").symlink_to(HERE)
    packages = next((home / "lib").glob("python3*/site-packages"))
    (packages / "ours.pth").write_text(f"{folder}/tool\n")
    text = (
        "import sys; from pathlib import Path; from agent.host.cell import Cell, run;"
        "again = [sys.executable, '-I', '-c', 'import agent.errors; print(agent.errors.__file__)'];"
        "print(run(again, Cell(), timeout=20, folder=Path('/usr')))"
    )
    asked = [str(home / "bin/python"), "-I", "-c", text]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30)
    assert "status=0," in done.stdout, done
