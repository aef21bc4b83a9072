"""What we are measured against: each peer's program, configuration and cheapest health page.

Owns one record a peer and the text of its configuration. A peer that is not installed is named,
with the command that installs it, and never silently left out.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Peer:
    """`command(port, folder)` writes what it needs into the folder and says what to run."""

    name: str
    path: str
    needs: str  # a program or, with a leading dot, a Python package
    install: str
    command: Callable[[int, Path], list[str]]

    def missing(self) -> bool:
        if self.needs.startswith("."):
            return importlib.util.find_spec(self.needs[1:]) is None
        return shutil.which(self.needs) is None


def _ours(port: int, _folder: Path) -> list[str]:
    return [sys.executable, "-I", str(HERE / "node.py"), str(port)]


def _nginx(port: int, folder: Path, option: str = "") -> list[str]:
    (folder / "nginx.conf").write_text(
        f"""worker_processes 1; daemon off; pid {folder}/pid; error_log /dev/null;
        events {{ worker_connections 4096; }}
        http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
        fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
        default_type text/plain;
        server {{ listen 127.0.0.1:{port} backlog=1024 {option};
        location / {{ return 200 "pass\\n"; }} }} }}"""
    )
    return ["nginx", "-c", f"{folder}/nginx.conf", "-e", "/dev/null"]


def _haproxy(port: int, folder: Path, option: str = "") -> list[str]:
    (folder / "haproxy.cfg").write_text(
        f"""global
    maxconn 4096
    nbthread 1
defaults
    mode http
    timeout client 30s
    timeout http-request 5s
    timeout connect 5s
    timeout server 5s
frontend f
    bind 127.0.0.1:{port} backlog 1024 {option}
    http-request return status 200 content-type text/plain string "pass"
"""
    )
    return ["haproxy", "-q", "-f", f"{folder}/haproxy.cfg"]


def _monit(port: int, folder: Path) -> list[str]:
    rc = folder / "monitrc"
    rc.write_text(
        f"""set daemon 60
set pidfile {folder}/pid
set idfile {folder}/id
set statefile {folder}/state
set httpd port {port} use address 127.0.0.1 allow 127.0.0.1
"""
    )
    rc.chmod(0o600)
    return ["monit", "-I", "-c", str(rc)]


def _patroni(port: int, _folder: Path) -> list[str]:
    return [sys.executable, "-I", str(HERE / "peer_patroni.py"), str(port)]


def _flask(port: int, _folder: Path) -> list[str]:
    return [sys.executable, "-I", str(HERE / "peer_flask.py"), str(port), "0"]


def _flask_burning(port: int, _folder: Path) -> list[str]:
    return [sys.executable, "-I", str(HERE / "peer_flask.py"), str(port), "2"]


def ours(*traits: str) -> Peer:
    def command(port: int, folder: Path) -> list[str]:
        return [*_ours(port, folder), *traits]

    return Peer("caretaker", "/healthz", ".agent", "", command)


NGINX = Peer("nginx return 200", "/", "nginx", "apt-get install nginx-light", _nginx)
HAPROXY = Peer("HAProxy return", "/", "haproxy", "apt-get install haproxy", _haproxy)
# The same with the option that we set for ourselves: so that nobody is flattered.
NGINX_DEFERRED = replace(NGINX, name="nginx, deferred", command=partial(_nginx, option="deferred"))
HAPROXY_DEFERRED = replace(
    HAPROXY, name="HAProxy, defer-accept", command=partial(_haproxy, option="defer-accept")
)
MONIT = Peer("monit httpd", "/_ping", "monit", "apt-get install monit", _monit)
PATRONI = Peer("Patroni REST", "/liveness", ".patroni", "pip install patroni", _patroni)
FLASK = Peer("Flask on waitress", "/healthz", ".waitress", "pip install flask waitress", _flask)
FLASK_BURNING = Peer(
    "Flask on waitress", "/healthz", ".waitress", "pip install flask waitress", _flask_burning
)
ALL = (NGINX, HAPROXY, NGINX_DEFERRED, HAPROXY_DEFERRED, MONIT, PATRONI, FLASK)
PLAIN = (NGINX, HAPROXY, MONIT, PATRONI, FLASK)
