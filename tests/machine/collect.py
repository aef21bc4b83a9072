"""Run inside a machine: what the journal's collectors give there, as JSON on standard output.

python collect.py library|journalctl [--root DIR] [--since SECONDS_AHEAD] [--cap BYTES]
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

from agent.host import journal_read
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.reader import parse
from support.collectors import running, selection
from support.collectors.events import Block, Closed, Ended, Opened
from support.collectors.limits import Limits
from support.scene import Scene


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("how", choices=("library", "journalctl"))
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("--since", type=float, default=-86400.0)
    parser.add_argument("--cap", type=int, default=0)
    given = parser.parse_args()
    if given.how == "journalctl":
        journal_read.available = lambda: False
    host, now = Host(root=given.root), time.time()
    manifest = parse((given.root / "etc/caretaker/appliance.toml").read_text())
    layout = Layout(given.root, manifest.appliance.name)
    scene = Scene(host, layout, manifest, now + given.since, now + 7200, given.root != Path("/"))
    limits = Limits(host.clock, host.clock.monotonic() + 60)
    found: dict[str, dict[str, str]] = {"files": {}, "why": {}, "how": {}}
    for each in selection.choose(selection.collectors_for(scene), only=["journal"]):
        one, name, parts = replace(each, cap=given.cap or each.cap), "", list[bytes]()
        for event in running.run(one, scene, limits):
            if isinstance(event, Opened):
                name, parts = event.name, []
            elif isinstance(event, Block):
                parts.append(event.data)
            elif isinstance(event, Closed):
                found["files"][name] = b"".join(parts).decode(errors="replace")
                found["why"][name] = event.why
            elif isinstance(event, Ended):
                found["how"][each.code] = f"{event.how}{event.why and ': '}{event.why}"
    print(json.dumps(found))


if __name__ == "__main__":
    main()
