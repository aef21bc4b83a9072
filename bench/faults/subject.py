"""The appliance that is broken and mends itself: nginx with TLS, and PostgreSQL, behind HAProxy.

Owns its manifest, its payload, a disk on which it was set up by `setup.sh`, and booting from that.
Nothing in it is a stand-in but the payload's few lines of configuration. Refuses faults (`faults`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.setup.arena import copy_tool
from tests.machine import appliance as appliances
from tests.machine import rootfs
from tests.machine import wheelhouse as wheels
from tests.machine.container import MachineError
from tests.machine.counterparts import start_haproxy
from tests.machine.machine import Machine, boot

APP = "shop"
WEB, DATABASE = "shop-web.service", "shop-db.service"
DATA = "/var/lib/shop/active/state"
TLS = "/etc/shop/tls/web"
BALANCED = 8000  # HAProxy's port, where the client of the bench asks
_POSTGRES = "/usr/lib/postgresql/15/bin"
_EVERY = 'every = "1s"\ntimeout = "900ms"\nfall = 2\nrise = 1\n'

MANIFEST = f"""
[appliance]
name = "{APP}"
version = "1"

[daemon]
drain = "1s"

[certificates.web]
services = ["web"]
port = 8443

[services.db]
command = ["{_POSTGRES}/postgres", "-D", "{{data}}/pg", "-k", "{{run}}", "-h", "127.0.0.1",
  "-p", "5433"]
ports = [5433]

[services.web]
command = ["/usr/sbin/nginx", "-e", "stderr", "-c", "{{release}}/nginx.conf"]
reload = ["/usr/sbin/nginx", "-e", "stderr", "-c", "{{release}}/nginx.conf", "-s", "reload"]
requires = ["db"]
ports = [8443]

[database]
initialise = ["{{release}}/initialise", "{{data}}"]
initialised = ["test", "-f", "{{data}}/pg/PG_VERSION"]

[checks.web]
type = "http"
url = "https://localhost:8443/"
ca = "{{certificate:web}}/ca.pem"
restart = "web"
{_EVERY}
[checks.db]
type = "postgres"
address = "127.0.0.1"
port = 5433
user = "shop"
database = "postgres"
query = "SELECT 1"
expect = "1"
restart = "db"
{_EVERY}
[checks.db-unit]
type = "unit"
service = "db"
{_EVERY}
[checks.web-unit]
type = "unit"
service = "web"
{_EVERY}
[checks.certificate]
type = "certificate"
certificate = "web"
{_EVERY}
[checks.disk]
type = "disk"
path = "{{data}}/uploads"
{_EVERY}
[checks.uploads]
type = "file"
path = "{{data}}/uploads/ready"
{_EVERY}
[checks.queue]
type = "command"
command = ["{{release}}/look", "{{data}}/stuck"]
{_EVERY}
[checks.calm]
type = "file"
path = "{{data}}/calm"
severity = "warning"
{_EVERY}
[remedies.unstick]
checks = ["queue"]
command = ["/bin/rm", "-f", "{{data}}/stuck"]

[remedies.never]
title = "A program that never ends"
checks = ["calm"]
command = ["{{release}}/never"]
timeout = "2s"
attempts = 1

[locks.postgres]
path = "{{data}}/pg/postmaster.pid"
kind = "postgres"
service = "db"
protects = ["{{data}}/pg"]

[locks.socket]
path = "{{run}}/.s.PGSQL.5433.lock"
kind = "pidfile"
service = "db"
executable = "{_POSTGRES}/postgres"

[paths.uploads]
path = "{{data}}/uploads"
mode = "0750"

[paths.queue]
path = "{{data}}/queue"
mode = "0700"

[purge.uploads]
path = "{{data}}/uploads"
older_than = "2s"  # of a file's last change, which nobody can set back
names = ["*.tmp"]
"""

NGINX = f"""
daemon off;
worker_processes 1;
pid /run/{APP}/nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path /run/{APP}/body;
    proxy_temp_path /run/{APP}/proxy;
    fastcgi_temp_path /run/{APP}/fastcgi;
    uwsgi_temp_path /run/{APP}/uwsgi;
    scgi_temp_path /run/{APP}/scgi;
    server {{
        listen 127.0.0.1:8443 ssl;
        ssl_certificate {TLS}/current/chain.pem;
        ssl_certificate_key {TLS}/current/key.pem;
        location / {{ return 200 "shop\\n"; }}
    }}
}}
"""

INITIALISE = f"""#!/bin/sh -eu
mkdir -p -m 750 "$1/uploads"
mkdir -p -m 700 "$1/queue"
touch "$1/uploads/ready" "$1/calm"
{_POSTGRES}/initdb -D "$1/pg" -A trust -U shop
"""

# Ends at no signal that can be ignored, and has a child that would outlive it.
NEVER = """#!/bin/sh
trap '' TERM INT HUP
while :; do sleep 60; done
"""
LOOK = NEVER.replace("trap", 'test -e "$1" || exit 0\ntrap', 1)
PAYLOAD = (
    ("nginx.conf", NGINX, 0o644),
    *(("initialise", INITIALISE, 0o755), ("look", LOOK, 0o755), ("never", NEVER, 0o755)),
)

HAPROXY = f"""
listen shop
    bind 127.0.0.1:{BALANCED}
    option httpchk GET /healthz
    server shop 127.0.0.1:8443 ssl verify none check port 8086 no-check-ssl inter 200ms fall 2 rise 1
"""  # noqa: E501  (one line is one server)


@contextmanager
def installed(scratch: Path) -> Iterator[Path]:
    """A disk on which the appliance was set up; boot from it as often as wanted."""
    image = scratch / "image"
    (image / "sochdb/payload").mkdir(parents=True)  # the name that the test harness calls
    (image / "sochdb/appliance.toml").write_text(MANIFEST)
    for name, content, mode in PAYLOAD:
        (image / "sochdb/payload" / name).write_text(content)
        (image / "sochdb/payload" / name).chmod(mode)
    copy_tool(image / "checkout")
    brought = appliances.binds(image, wheels.locked_wheels())
    with appliances.disk(rootfs.build("bookworm")) as tree:
        with boot(tree, label="faults", binds_ro=brought, options=appliances.KEEP) as machine:
            try:
                appliances.set_up(machine)
            except MachineError as error:
                status = machine.run(["caretaker", "status"], check=False)
                raise SystemExit(f"{error}\n{status}\n{machine.report()}") from None
        yield tree


@contextmanager
def running(tree: Path, *, keep: bool = False, wait: bool = True) -> Iterator[Machine]:
    """A machine with the appliance, and HAProxy before it once it is healthy.

    `keep`: the disk remembers. Not `wait`: as soon as it has booted. Its end is a power cut.
    """
    options = appliances.KEEP if keep else ()
    with ExitStack() as stack:
        machine = stack.enter_context(
            boot(tree, label="faults", options=options, degraded=not wait)
        )
        if wait:
            machine.run(["caretaker", "health", "--wait", "30s"], timeout=40)
            start_haproxy(machine, HAPROXY)
        yield machine
        machine.kill()  # an orderly end would drain first, for nobody
