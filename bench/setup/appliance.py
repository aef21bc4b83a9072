"""A tiny appliance that has one of everything setup makes: service, secret, certificate, setting.

Owns its manifest and payload. Its service is Python's own HTTP server in a dozen lines, so that a
run costs what setup costs.
"""

import socket
from pathlib import Path

MANIFEST = """\
[appliance]
name = "{name}"
title = "Tiny"
version = "{version}"
url = "http://127.0.0.1:{port}/"

[requirements]
memory = "64MiB"
disk = "16MiB"

[probe]
address = "127.0.0.1"
port = {probe}

[daemon]
drain = "0s"

[secrets]
token = {{ title = "Token of the service", show = true }}
other = {{ title = "Nobody sees this one" }}

[certificates.web]
names = ["tiny.example"]
services = ["web"]

[settings.greeting]
title = "What it says"
default = "hello"

[services.web]
command = ["{{release}}/serve", "{port}", "{{data}}/visits"]
environment = {{ TOKEN = "{{secret:token}}", GREETING = "{{setting:greeting}}" }}
ports = [{port}]

[checks]
certificate = {{ type = "certificate", certificate = "web", every = "1m" }}

[checks.web]
type = "http"
url = "http://127.0.0.1:{port}/"
contains = "{{setting:greeting}}"
every = "500ms"
timeout = "400ms"
"""

PROGRAM = """\
#!/usr/bin/python3 -I
import http.server
import os
import sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["GREETING"].encode()
        self.send_response(200 if os.environ["TOKEN"] else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

open(sys.argv[2], "a").close()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


# Its token shows that the program runs with the service's environment, secrets included.
DATABASE = """
[database]
service = "web"
initialise = ["{release}/initialise", "{data}/rows"]
initialised = ["test", "-e", "{data}/rows"]
"""
INITIALISE = """\
#!/bin/sh
set -eu
test -n "$TOKEN"
echo "made by $(id -un)" >>"$1"
"""


def write(
    folder: Path,
    *,
    name: str = "tiny",
    version: str = "1.0",
    probe: int,
    port: int,
    database: bool = False,
) -> Path:
    """Put the appliance into `folder`, which is what setup.sh is given."""
    (folder / "payload").mkdir(parents=True, exist_ok=True)
    text = MANIFEST.format(name=name, version=version, probe=probe, port=port)
    (folder / "appliance.toml").write_text(text + (DATABASE if database else ""))
    for program, lines in (("serve", PROGRAM), ("initialise", INITIALISE)):
        (folder / "payload" / program).write_text(lines)
        (folder / "payload" / program).chmod(0o755)
    return folder


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
