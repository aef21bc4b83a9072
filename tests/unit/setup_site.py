"""A site below a temporary root, for the tests of setup's steps and runner."""

from pathlib import Path

from agent.host.machine import Host
from setup.console import Console
from setup.options import Options
from setup.place import Mode, Place
from setup.site import Site, answered, open_site
from tests.scripted_host import scripted_host

TOOL = Path(__file__).resolve().parents[2]

APPLIANCE = """\
[appliance]
name = "shop"
title = "The shop"
version = "1.2"

[services.web]
command = ["{release}/serve"]
ports = [18080]

[services.web.environment]
TOKEN = "{secret:token}"

[secrets]
token = { title = "Token", show = true }
key = { title = "Key", length = 64 }

[certificates.web]
names = ["shop.example"]
services = ["web"]

[settings.colour]
title = "Colour"
default = "red"

[checks]
disk = { type = "disk", path = "{data}" }
"""


def appliance(folder: Path, text: str = APPLIANCE) -> Path:
    """A manifest with a payload beside it."""
    (folder / "payload").mkdir(parents=True, exist_ok=True)
    program = folder / "payload/serve"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (folder / "appliance.toml").write_text(text)
    return folder


def make_site(
    folder: Path,
    root: Path,
    *,
    text: str = APPLIANCE,
    options: Options | None = None,
    host: Host | None = None,
    mode: Mode = Mode.EMBEDDED,
) -> Site:
    """The appliance of `folder` on the machine below `root`."""
    source = appliance(folder, text)
    options = options or Options(appliance=source)
    host = host or scripted_host(root)
    return answered(open_site(options, Place(mode, root), host, Console(), TOOL))
