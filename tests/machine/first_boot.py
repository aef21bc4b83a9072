"""An image before its first boot: what a golden image holds, and the seed cloud-init gets.

Owns laying both out in folders of the host, which a test binds into a machine. Refuses to boot.
"""

import shutil
from pathlib import Path

from tests.machine.checkout import REPOSITORY

UNIT = "caretaker-setup.service"
SEED = "/var/lib/cloud/seed/nocloud"
UNITS = "/etc/systemd/system"


def seed(folder: Path, user_data: str, *, instance: str = "i-first-1") -> dict[str, Path]:
    """A NoCloud seed; what to bind read-only."""
    folder.mkdir(exist_ok=True)
    (folder / "meta-data").write_text(f"instance-id: {instance}\nlocal-hostname: first-boot\n")
    (folder / "user-data").write_text(user_data)
    return {SEED: folder}


def units(folder: Path, root: Path) -> dict[str, Path]:
    """The image's unit folder: what the root has, and ours, the first boot's enabled."""
    shutil.copytree(root / UNITS.lstrip("/"), folder, symlinks=True)
    for unit in (REPOSITORY / "systemd").iterdir():
        if unit.is_file():
            shutil.copy(unit, folder)
    wants = folder / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / UNIT).symlink_to(f"../{UNIT}")
    return {UNITS: folder}


MANIFEST = """
[appliance]
name = "shop"
title = "Shop"
version = "1.0"
[daemon]
drain = "0s"
[settings.colour]
title = "Colour of the shop"
choices = ["red", "green"]
required = true
[services.web]
command = ["/usr/bin/python3", "-I", "{release}/web.py", "{setting:colour}"]
ports = [8443]
[checks.web]
type = "http"
url = "http://127.0.0.1:8443/"
every = "1s"
timeout = "500ms"
"""

WEB = """
import http.server, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = sys.argv[1].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Answer).serve_forever()
"""


def appliance(folder: Path, *, port: int = 8443, probe: int = 8086) -> Path:
    """A small appliance that serves the answer to its one question."""
    (folder / "payload").mkdir(parents=True)
    manifest = f"{MANIFEST}[probe]\nport = {probe}\n".replace("8443", str(port))
    (folder / "appliance.toml").write_text(manifest)
    (folder / "payload/web.py").write_text(WEB.replace("8443", str(port)))
    return folder
