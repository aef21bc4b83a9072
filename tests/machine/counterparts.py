"""Owns the real load balancers of the machine tests: how they are started and what they see.

Refuses to know what Caretaker answers; the test hands in the check lines.
"""

import csv
import io

from tests.machine.machine import Machine

HAPROXY = """\
global
    stats socket /run/haproxy-stats.sock mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
{sections}
"""

NGINX = """\
worker_processes 1;
pid /run/nginx.pid;
events {{ worker_connections 1024; }}
{body}
"""


def start_haproxy(machine: Machine, sections: str) -> None:
    """Start HAProxy (unit ``haproxy``) with ``frontend``/``backend`` sections of the test."""
    machine.put("/etc/haproxy/haproxy.cfg", HAPROXY.format(sections=sections))
    machine.run(["haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"])
    machine.systemctl("restart", "haproxy")


def haproxy_servers(machine: Machine) -> dict[str, dict[str, str]]:
    """Each server by ``backend/name`` with HAProxy's own columns.

    ``status`` (UP, DOWN, DRAIN, NOLB…), ``check_status`` (L7OK, L7STS…), ``check_code``,
    ``weight``, ``last_chk``, ``agent_status``… as in its management guide, section 9.1.
    """
    ask = "echo show stat | socat stdio unix-connect:/run/haproxy-stats.sock"
    rows = csv.DictReader(io.StringIO(machine.sh(ask).out.removeprefix("# ")))
    return {
        f"{row['pxname']}/{row['svname']}": row
        for row in rows
        if row["svname"] not in {"FRONTEND", "BACKEND"}
    }


def wait_for_haproxy(machine: Machine, server: str, status: str, *, timeout: float = 10) -> None:
    """Until HAProxy calls the server ``status``; "UP" also holds for "UP 1/3" on its way down."""
    machine.wait_for(
        lambda: haproxy_servers(machine)[server]["status"].startswith(status),
        timeout=timeout,
        what=f"HAProxy to call {server} {status}",
    )


def start_nginx(machine: Machine, body: str) -> None:
    """Start nginx (unit ``nginx``) with an ``http {}`` or ``stream {}`` block of the test."""
    machine.put("/etc/nginx/nginx.conf", NGINX.format(body=body))
    machine.run(["nginx", "-t"])
    machine.systemctl("restart", "nginx")
