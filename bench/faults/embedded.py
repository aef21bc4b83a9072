"""The same appliance without systemd: below a folder of its own, run by the agent itself.

Owns its root, its daemon and HAProxy before it, each as a process of an ordinary user, on ports
that were free. What it starts it ends, by number. Refuses faults (`embedded_faults`).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agent.host.children import descendants
from agent.host.spawn import children_of
from bench.faults import subject
from bench.faults.subject import BALANCED
from bench.faults.watch import PROBE, Watch, ask, watching
from bench.setup.appliance import free_ports
from bench.setup.arena import adopt_orphans, copy_tool, end_tree
from tests.machine import wheelhouse as wheels
from tests.machine.counterparts import HAPROXY
from tests.machine.machine import PATH, Ran

_NOBODY = 65534  # base-passwd's, on every Debian
# As in a container: its first process, and no other user's processes are there to be seen.
_FENCE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
_PROBE = '\n[probe]\naddress = "127.0.0.1"\nport = 8086\n'
_LOWER = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
_PATIENCE = 60.0  # seconds
_SHOWS = {"web": b"nginx.conf", "db": b"bin/postgres"}  # in the command line of the main process
_PORTS = (PROBE, BALANCED, 8443, 5433)  # as they are on a machine


class Embedded:
    """One root, set up once; `running` starts it from there as often as wanted."""

    leader = 0  # no machine: the network is ours

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "root"
        self.data = self.root / "var/lib/shop/active/state"
        self.tls = self.root / "etc/shop/tls/web/current"
        self._ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        self._user = _NOBODY if os.geteuid() == 0 else os.geteuid()
        self._lower = _LOWER if os.geteuid() == 0 else ()
        self._fence = _FENCE if os.geteuid() == 0 else ()
        self._daemon: subprocess.Popen[bytes] | None = None
        adopt_orphans()

    def set_up(self) -> None:
        """Run setup.sh as anybody would who has no rights; then stop, and keep what it made."""
        source = self.folder / "shop"
        (source / "payload").mkdir(parents=True)
        manifest = self._placed(subject.MANIFEST + _PROBE)
        (source / "appliance.toml").write_text(manifest)
        for name, content, mode in subject.PAYLOAD:
            (source / "payload" / name).write_text(self._placed(content))
            (source / "payload" / name).chmod(mode)
        copy_tool(self.folder / "checkout")
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            self._own(self.folder)
        offline = ["--offline", "--wheelhouse", str(wheels.locked_wheels()), "--yes"]
        tool = str(self.folder / "checkout/setup/setup.sh")
        done = self.run([tool, str(source), "--root", str(self.root), *offline], timeout=200)
        if not done.ok:
            raise SystemExit(f"{done}\n{self.journal()}")
        self.caretaker("stop")
        self._end_strays()
        for part in ("etc", "var", "run"):
            self._copy(self.root / part, self.folder / "kept" / part)

    @contextmanager
    def running(self) -> Iterator[Embedded]:
        """As it was after setup, healthy, with HAProxy before it."""
        for part in ("etc", "var", "run"):
            shutil.rmtree(self.root / part, ignore_errors=True)
            self._copy(self.folder / "kept" / part, self.root / part)
        try:
            self.start()
            self.caretaker("health", "--wait", "30s")
            with self._haproxy():
                yield self
        finally:
            self.end()

    def start(self) -> None:
        """The daemon, as `caretaker start` starts it, but a child of ours."""
        python = self.root / "opt/caretaker/venv/bin/python"
        with (self.folder / "daemon.log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [*self._fence, *self._lower, str(python), "-I", "-m", "agent.daemon",
                 "--root", str(self.root), "--embedded"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env={"PATH": PATH}, start_new_session=True,
            )  # fmt: skip

    def end(self) -> None:
        """All at once, as when a container is killed."""
        if self._daemon is not None:
            end_tree(self._daemon.pid)
            self._daemon.wait()
            self._daemon = None
        self._end_strays()

    def caretaker(self, *words: str) -> Ran:
        return self.run(["caretaker", *words], check=True)

    def run(self, argv: Sequence[str], *, check: bool = False, timeout: float = _PATIENCE) -> Ran:
        """Run a program as the appliance's user; `caretaker` is this root's."""
        tool = self.root / "opt/caretaker/venv/bin/caretaker"
        words = list(argv)
        if words[0] == "caretaker":
            words = [str(tool), "--root", str(self.root), *words[1:]]
        began = time.monotonic()
        done = subprocess.run(
            [*self._lower, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout, cwd=self.folder, env={"PATH": PATH, "HOME": str(self.folder)},
        )  # fmt: skip
        took = time.monotonic() - began
        ran = Ran(tuple(words), done.returncode, done.stdout, done.stderr, took)
        if check and not ran.ok:
            raise SystemExit(f"{ran}\n{self.journal()}")
        return ran

    def journal(self, *_: str, lines: int = 60) -> str:
        logs = [self.folder / "daemon.log", *self.root.glob("var/log/caretaker/*.log")]
        told = [path.read_text(errors="replace").splitlines() for path in logs if path.exists()]
        return "\n".join("\n".join(each[-lines:]) for each in told)

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        with watching(0, self._ports[PROBE], self._ports[BALANCED]) as watch:
            yield watch

    # --- what faults need ---
    @property
    def pid(self) -> int:
        assert self._daemon is not None
        return children_of(self._daemon.pid)[0] if self._fence else self._daemon.pid

    def main_pid(self, service: str) -> int:
        """Of a service."""
        for pid in descendants(self.pid):
            with contextlib.suppress(OSError):
                if _SHOWS[service] in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        raise SystemExit(f"{service} does not run\n{self.journal()}")

    def pid_within(self, pid: int) -> int:
        """As the appliance itself numbers it."""
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("NSpid:")).split()[-1])

    def signal(self, service: str, number: signal.Signals) -> None:
        """To all of its processes, the main one first."""
        main = self.main_pid(service)
        for pid in (main, *descendants(main)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def lives(self) -> bool:
        """What a platform's liveness probe hears."""
        return ask(self._ports[PROBE], "/livez") == 200

    def own(self, path: Path) -> None:
        """A file the bench made becomes the appliance's."""
        os.chown(path, self._user, -1)

    # --- inside ---
    def _placed(self, text: str) -> str:
        """A text written for a machine, with the ports and folders of this root."""
        ports = "|".join(map(str, self._ports))
        text = re.sub(rf"\b({ports})\b", lambda found: str(self._ports[int(found[1])]), text)
        for folder in ("/etc/shop", "/run/shop"):
            text = text.replace(folder, f"{self.root}{folder}")
        return text

    def _own(self, folder: Path) -> None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)

    def _copy(self, source: Path, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", str(source), str(target)], check=True)

    @contextmanager
    def _haproxy(self) -> Iterator[None]:
        path = self.folder / "haproxy.cfg"
        sections = self._placed(subject.HAPROXY)
        text = HAPROXY.format(sections=sections)
        path.write_text("\n".join(x for x in text.splitlines() if "stats socket" not in x) + "\n")
        balancer = subprocess.Popen(
            [*self._lower, "haproxy", "-q", "-db", "-f", str(path)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=sys.stderr,
        )  # fmt: skip
        try:
            _wait_for_port(self._ports[BALANCED])
            yield
        finally:
            end_tree(balancer.pid)
            balancer.wait()

    def _end_strays(self) -> None:
        """What was left to us by processes that were killed, if it is of this root."""
        for pid in children_of(os.getpid()):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
                place = str(Path(f"/proc/{pid}/cwd").readlink())
                if str(self.root) in line or place.startswith(str(self.root)):
                    end_tree(pid)
                    os.waitpid(pid, 0)


def _wait_for_port(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")
