"""A small appliance put on a machine by hand: users, folders, units, so that units can be tested
without set-up. Owns laying it out; refuses to start anything.
"""

from collections.abc import Callable
from pathlib import Path

from agent.errors import MachineError
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.manifest.reader import parse
from agent.services.units import environment_files, unit_files
from tests.machine.checkout import REPOSITORY
from tests.machine.machine import TOOL, Machine

APP = "shop"
LAYOUT = Layout(Path("/"), APP)
VENV = "/opt/caretaker/venv"

# A server that answers anybody, and tells about itself what a sandbox may have left it.
WEB = """
import http.server, json, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"fine"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""

# Carries out Python that comes in over a pipe, inside the unit's sandbox, as its user.
SHELL = """
import contextlib, io, os, socket, sys, traceback
path = os.path.join(sys.argv[1], "shell.sock")
if os.path.exists(path):
    os.unlink(path)
door = socket.socket(socket.AF_UNIX)
door.bind(path)
door.listen()
while True:
    peer, _ = door.accept()
    source, said = peer.makefile().read(), io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            exec(source, {})
        except BaseException as error:
            print(f"{type(error).__name__}: {error}")
    peer.sendall(said.getvalue().encode())
    peer.close()
"""

SECRETS = {"key": "correct horse battery"}

MANIFEST = """
[appliance]
name = "shop"
title = "Shop"
version = "1.0"
[secrets.key]
[services.web]
command = ["/usr/bin/python3", "-I", "{release}/web.py", "8443"]
ports = [8443]
"""


def binds(tool: Path) -> dict[str, Path]:
    """What a machine needs to be booted with."""
    return {TOOL: tool, VENV: tool}


def install(machine: Machine, text: str = MANIFEST) -> Manifest:
    """Put the appliance of this manifest there, systemd told of its units."""
    manifest = parse(text)
    systemd = REPOSITORY / "systemd"
    machine.put(
        "/usr/lib/sysusers.d/caretaker.conf", (systemd / "sysusers.d/caretaker.conf").read_text()
    )
    machine.put(
        "/usr/lib/tmpfiles.d/caretaker.conf", (systemd / "tmpfiles.d/caretaker.conf").read_text()
    )
    machine.run(["systemd-sysusers"])
    machine.run(["systemd-tmpfiles", "--create", "caretaker.conf"])
    machine.run(["useradd", "--system", "--no-create-home", "--shell=/usr/sbin/nologin", APP])
    _lay_out(machine)
    machine.put("/etc/caretaker/appliance.toml", text)
    for name, value in SECRETS.items():
        machine.put(f"{LAYOUT.secrets}/{name}", f"{value}\n", mode=0o600)
    machine.run(["chmod", "0700", str(LAYOUT.secrets)])
    for path in systemd.iterdir():
        if path.is_file() and path.name != "caretaker-setup.service":
            machine.put(f"{LAYOUT.units}/{path.name}", path.read_text())
    values = values_of()
    for each in (
        *unit_files(manifest, LAYOUT, values),
        *environment_files(manifest, LAYOUT, values),
    ):
        machine.put(str(each.path), each.text, mode=each.mode)
    machine.sh(f"if test -d {LAYOUT.config}/env; then chmod 0700 {LAYOUT.config}/env; fi")
    machine.systemctl("daemon-reload")
    return manifest


def _lay_out(machine: Machine) -> None:
    release = f"{LAYOUT.releases}/1.0"
    machine.put(f"{release}/web.py", WEB)
    machine.put(f"{release}/shell.py", SHELL)
    machine.sh(f"""
        for n in 1 2; do
            install -d -m 0755 {LAYOUT.deployments}/$n {LAYOUT.generations}
            install -d -m 0750 -o {APP} -g {APP} {LAYOUT.generations}/$n
            ln -s {release} {LAYOUT.deployments}/$n/release
            ln -s ../../generations/$n {LAYOUT.deployments}/$n/state
        done
        ln -s deployments/1 {LAYOUT.active}
        ln -s {LAYOUT.active}/release {LAYOUT.current}
    """)


def values_of() -> Values:
    """Values with the secrets above; the real ones read files of this machine."""

    def secret(name: str) -> str:
        if name not in SECRETS:
            raise MachineError("secret-missing", name)
        return SECRETS[name]

    named: dict[str, Callable[[str], str]] = {
        "secret": secret,
        "setting": lambda name: name,
        "certificate": lambda name: str(LAYOUT.certificate(name)),
    }
    return Values(paths=LAYOUT.placeholders(), named=named)


def ask_shell(machine: Machine, source: str) -> str:
    """What a line of Python prints inside the sandbox of the service that runs shell.py."""
    door = f"{LAYOUT.app_run}/shell.sock"
    return machine.run(["socat", "-t10", "-", f"UNIX-CONNECT:{door}"], stdin=source).out.strip()
