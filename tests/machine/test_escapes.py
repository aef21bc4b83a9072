"""The daemon was taken over: what a stranger may do with its unit, its folders and its socket.

Python of the stranger's runs in the very unit, in place of the daemon: its user, its groups, its
sandbox. Everything here is tried, and each try must fail in the right way.
"""

import json
from pathlib import Path

import pytest

from agent.housekeeping.timers import task_units
from agent.manifest.reader import parse
from agent.values import values_for
from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, SECRETS, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

MANIFEST = f"""{by_hand.MANIFEST}
[certificates.web]
[checks.certificate]
type = "certificate"
certificate = "web"
[checks.clock]
type = "clock"
[checks.told]
type = "command"
command = ["/bin/true"]
environment = {{ KEY = "{{secret:key}}" }}
[remedies.asked]
checks = ["told"]
command = ["/usr/bin/touch", "{{data}}/asked"]
unasked = false
[remedies.off]
checks = ["told"]
command = ["/usr/bin/touch", "{{data}}/off"]
[remediation]
off = ["off"]
[tasks.sweep]
calendar = "daily"
command = ["/usr/bin/touch", "{{data}}/sweep"]
"""
STRANGER = """[Service]
Type=exec
WatchdogSec=0
ExecStart=
ExecStart=/usr/bin/python3 -I /opt/shop/current/shell.py /run/caretaker
"""
# The daemon's own, and what everybody may write in: of that it has its own, which nobody else sees.
OWN = ("/var/lib/caretaker/agent", "/run/caretaker")
PRIVATE = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")
WRITABLE = """
import os, stat
for base, folders, files in os.walk("/"):
    if base in ("/proc", "/sys"):
        folders[:] = []
        continue
    for path in (base, *(os.path.join(base, name) for name in files)):
        kind = os.lstat(path).st_mode
        if (stat.S_ISREG(kind) or stat.S_ISDIR(kind)) and os.access(path, os.W_OK):
            print(path)
"""
TRIES = {
    "setuid": "os.setuid(0)",
    "setgid": "os.setgid(0)",
    "setgroups": "os.setgroups([0])",
    "sudo": "program('sudo', '-n', 'id')",
    "su": "program('su', 'root', '-c', 'id')",
    "setuid bit": "os.chmod(mine(), 0o4755)",
    "mknod": "os.mknod('/tmp/disk', 0o60600, os.makedev(8, 0))",
    "kill": "os.kill(1, 9)",
    "kill a service": "os.kill(web, 9)",
    "memory of init": "open('/proc/1/mem', 'rb')",
    "memory of a service": "open(f'/proc/{web}/mem', 'r+b')",
    "environment of a service": "open(f'/proc/{web}/environ').read()",
    "root of init": "os.listdir('/proc/1/root/')",
    "ptrace": "call(101, 16, web, 0, 0)",
    "pidfd_getfd": "call(438, os.pidfd_open(web), 0, 0)",
    "mount": "call(165, b'none', b'/mnt', b'tmpfs', 0, 0)",
    "user namespace": "call(272, 0x10000000)",
    "mount namespace": "call(272, 0x20000)",
    "setns": "call(308, os.open('/proc/self/ns/net', 0), 0)",
    "chroot": "os.chroot('/tmp')",
    "bpf": "call(321, 0, 0, 0)",
    "perf": "call(298, 0, 0, -1, -1, 0)",
    "keyctl": "call(250, 0, -3, 1)",
    "userfaultfd": "call(323, 0)",
    "open_by_handle_at": "call(304, 0, 0, 0)",
    "init_module": "call(175, 0, 0, b'')",
    "kexec": "call(246, 0, 0, 0, 0)",
    "reboot": "call(169, 0xfee1dead, 672274793, 0, 0)",
    "adjtimex": "call(159, 0)",
    "host name": "call(170, b'x', 1)",
    "priority": "os.nice(-5)",
    "real time": "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
    "write and execute": "mmap.mmap(-1, 4096, prot=7)",
    "raw packets": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "port 80": "socket.socket().bind(('127.0.0.1', 80))",
    "sysctl": "open('/proc/sys/kernel/core_pattern', 'w')",
    "cgroup": "open('/sys/fs/cgroup/cgroup.procs', 'w')",
    "kernel log": "open('/dev/kmsg', 'w')",
    "start a unit": "program('systemctl', 'start', 'caretaker-task@purge.service')",
    "stop a unit": "program('systemctl', 'stop', 'shop-web.service')",
    "signal a unit": "program('systemctl', 'kill', 'shop-web.service')",
    "make a unit": "program('systemd-run', 'id')",
    "reload systemd": "program('systemctl', 'daemon-reload')",
    "set its limits": "program('systemctl', 'set-property', 'caretaker.service', 'MemoryMax=1G')",
    "linger": "program('loginctl', 'enable-linger', 'caretaker')",
    "set the clock": "program('timedatectl', 'set-time', '2030-01-01')",
    "power off": "program('systemctl', 'poweroff')",
}
TRY = """
import ctypes, json, mmap, os, socket, subprocess
libc = ctypes.CDLL(None, use_errno=True)
def call(*words):
    if libc.syscall(*words) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def program(*argv):
    subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
def mine():
    open("/var/lib/caretaker/agent/mine", "w").close()
    return "/var/lib/caretaker/agent/mine"
web, got = %d, []
for name, source in json.loads(%r).items():
    try:
        exec(source)
        got.append(name)
    except (OSError, subprocess.CalledProcessError):
        pass
print(got)
"""
SHUT = (
    "/etc/shadow", "/root", "/home", "/etc/shop/secrets", "/etc/shop/secrets/key", "/etc/shop/env",
    "/etc/shop/tls/authority", "/var/lib/caretaker/ledger.db",
    "/run/caretaker-act", "/etc/ssl/private",
)  # fmt: skip
READ = """
import os
for path in %r:
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
        print(path)
    except OSError:
        pass
"""
REFUSED = (
    b"start-service web\n", b"run-task sweep\n", b"run-task purge\n", b"run-remedy nothing\n",
    b"run-remedy asked\n", b"run-remedy off\n", b"run-remedy ../paths\n", b"run-remedy /bin/sh\n",
    b"run-remedy paths.service\n", b"run-remedy paths@x\n", b"run-remedy paths \n",
    b"run-remedy paths\r\n", b"run-remedy paths\0\n", b"run-remedy paths\nrun-remedy locks\n",
    b"run-remedy\n", b"run-remedy " + b"a" * 150 + b"\n", b"restart-service postgresql\n",
    b"restart-service web; id\n", b"restart-service $(id)\n", b"Restart-service web\n", b"\n",
    b"run-remedy p\xc3\xa4ths\n", b"run-remedy paths",
)  # fmt: skip
ASK = """
import json, socket
for line in %r:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(30)
        caller.connect("/run/caretaker-act.sock")
        caller.sendall(line)
        caller.shutdown(socket.SHUT_WR)
        print(json.loads(caller.makefile().read())["status"])
"""


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    """The appliance, and a stranger in place of the daemon."""
    machine = machines(binds_ro=by_hand.binds(tool))
    manifest = install(machine, MANIFEST)
    for each in task_units(manifest, LAYOUT, values_for(parse(MANIFEST), LAYOUT)):
        machine.put(str(each.path), each.text)
    machine.put("/run/systemd/system/caretaker.service.d/stranger.conf", STRANGER)
    machine.put("/etc/shop/tls/authority/authority.pem", "key", mode=0o600)
    machine.sh("chmod 0700 /etc/shop/tls/authority; install -d -m 0700 /etc/shop/env")
    machine.systemctl("daemon-reload")
    machine.systemctl("start", "shop-web.service", "caretaker-act.socket", "caretaker.service")
    machine.caretaker("remedies", "reset")
    machine.wait_for(lambda: machine.exists("/run/caretaker/shell.sock"))
    return machine


def stranger(machine: Machine, source: str) -> str:
    """What the stranger's Python prints."""
    ask = ["socat", "-t60", "-", "UNIX-CONNECT:/run/caretaker/shell.sock"]
    return machine.run(ask, stdin=source, timeout=90).out.strip()


def test_it_gets_no_further(machine: Machine) -> None:
    web = int(machine.show("shop-web", "MainPID")["MainPID"])
    # The tries are worth something: what is allowed is seen as got.
    tries = {"nothing": "os.getpid()", **TRIES}
    assert stranger(machine, TRY % (web, json.dumps(tries))) == "['nothing']"
    open_to_all = "/etc/caretaker/appliance.toml"
    assert stranger(machine, READ % ((*SHUT, open_to_all),)) == open_to_all
    own = "/run/credentials/caretaker.service"
    listed = "import os\nfor found in os.walk('/run/credentials'): print(found)"
    assert stranger(machine, listed).splitlines() == [
        "('/run/credentials', ['caretaker.service'], [])",
        f"({own!r}, [], ['key'])",
    ]
    assert machine.show("shop-web", "MainPID")["MainPID"] == str(web)


def test_it_writes_its_own_folders_and_what_nobody_else_sees(machine: Machine) -> None:
    found = stranger(machine, WRITABLE).splitlines()
    assert set(OWN) | set(PRIVATE) <= set(found)
    inside = tuple(f"{folder}/" for folder in (*OWN, *PRIVATE))
    assert [path for path in found if path not in (*OWN, *PRIVATE)
            and not path.startswith(inside)] == []  # fmt: skip
    stranger(machine, f"for f in {PRIVATE[:3]!r}: open(f + '/stranger', 'w').close()")
    assert not any(machine.exists(f"{folder}/stranger") for folder in PRIVATE)


def test_it_has_named_acts_done_and_no_others(machine: Machine) -> None:
    web = machine.show("shop-web", "MainPID")
    said = stranger(machine, ASK % (REFUSED,)).splitlines()
    assert len(said) == len(REFUSED)
    assert set(said) == {"2", "7"}, "misused, or refused"
    assert machine.show("shop-web", "MainPID") == web
    started = "caretaker-remedy@", "caretaker-task@"
    assert not any(f"Starting {each}" in machine.journal(lines=1000) for each in started)
    # What it may ask for, it may not ask for ever.
    flood = (b"run-remedy paths\n",) * 16
    said = stranger(machine, ASK % (flood,)).splitlines()
    assert said[-1] == "7", said
    assert said.count("7") == 1, said
    assert machine.failed_units() == []
    assert not [n for n in ("asked", "off", "sweep") if machine.exists(f"{LAYOUT.data}/{n}")]
    # Refusals do not push what happened out of root's ledger.
    entries = machine.caretaker("ledger", "--json", "--limit", "1000").out.splitlines()
    refused = [each for each in map(json.loads, entries) if each["outcome"] == "refused"]
    assert 1 <= len(refused) <= 20


# What root reads of the daemon's, each replaced by something else.
FILES = ("/run/caretaker/status.json", "/run/caretaker/api.sock", "/run/caretaker/daemon.lock",
         "/var/lib/caretaker/agent/ledger.db", "/var/lib/caretaker/agent/history.db",
         "/var/lib/caretaker/agent/modes.json")  # fmt: skip
POISONS = {
    "a link to a secret": "os.symlink('/etc/shadow', path)",
    "a link to root's own": "os.symlink('/var/lib/caretaker/ledger.db', path)",
    "a pipe": "os.mkfifo(path)",
    "nonsense": "open(path, 'wb').write(b'SQLite format 3\\0' + os.urandom(9000))",
    "deep": "open(path, 'wb').write(b'[' * 200000)",
    "huge": "os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 40)",
    "a folder": "os.mkdir(path)",
    "a log ahead": (
        "os.path.basename(path).endswith('.db') and __import__('sqlite3').connect(path)"
        ".executescript('PRAGMA journal_mode=WAL; CREATE TABLE ledger (a)')"
    ),
}
POISON = """
import os, shutil
for path in %r:
    shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else (
        os.path.lexists(path) and os.unlink(path))
    for more in ("-wal", "-shm", "-journal"):
        os.path.lexists(path + more) and os.unlink(path + more)
    %s
"""
VERBS = ("status", "health", "ledger", "remedies plan", "remedies history", "housekeeping history",
         "drain --for 1s")  # fmt: skip


def test_what_root_reads_of_it_steers_nothing(machine: Machine) -> None:
    machine.caretaker("remedies", "run", "paths", check=False)
    secret = machine.read("/etc/shadow").splitlines()[0]
    watch = (
        "stat -c '%n %U %a %Y %Z %s' /etc/shadow /etc/passwd /etc/shop/secrets/key;"
        "sha256sum /etc/shadow"
    )
    before = machine.sh(watch).out
    for name, poison in POISONS.items():
        assert stranger(machine, POISON % (FILES, poison)) == "", name
        for verb in VERBS:
            ran = machine.caretaker(*verb.split(), check=False, timeout=30)
            assert ran.code != 70 or "drain" in verb, (name, ran)
            assert "Traceback" not in ran.err, (name, ran)
            assert secret not in ran.out + ran.err, (name, ran)
            assert SECRETS["key"] not in ran.out + ran.err, (name, ran)
            if verb == "ledger":
                assert "remedy paths" in ran.out, (name, "root's own entries are there", ran)
        for unit in ("caretaker-remedy@state.service", "caretaker-task@look-round.service"):
            machine.systemctl("start", unit, timeout=40)
        assert machine.sh(watch).out == before, name
    written = "find /var/lib/caretaker/agent /run/caretaker -user root"
    assert machine.sh(written).out == "", "root writes nothing there"
    assert "Traceback" not in machine.journal("-t", "caretaker-remedy", "-t", "caretaker-task")
