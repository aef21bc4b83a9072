"""Our side of the benches: a daemon in miniature, as a process of its own.

Arguments: port, then any of `quiet` (starting, never published), `burn` (two CPU-bound checks),
`hang` (a check that never returns), `api` (Flask on waitress with a slow page, on port + 1).
Its first act is the real daemon's: the probe child, before anything else is loaded.
"""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/bench/")[0])

from agent.probe.handle import ProbeHandle
from agent.probe.settings import ProbeSettings
from agent.probe.start import start_child


def burn() -> None:
    while True:
        sum(range(1000))


def hang() -> None:
    import os

    reader, _writer = os.pipe()
    os.read(reader, 1)


def serve_api(port: int) -> None:
    """The shape of the local API: the same server, with a page that takes two seconds."""
    import logging
    import time

    import flask
    import waitress

    app = flask.Flask("api")

    @app.get("/slow")
    def slow() -> str:
        time.sleep(2)
        return "done\n"

    logging.getLogger("waitress").setLevel(logging.ERROR)
    waitress.serve(app, host="127.0.0.1", port=port)


def publish_for_ever(handle: ProbeHandle) -> None:
    import time

    from agent.probe.snapshot import CheckState, Snapshot

    taken = Snapshot(
        live="pass",
        ready="pass",
        checks=[CheckState(f"check-{number}", "pass") for number in range(20)],
    )
    while True:
        handle.publish(taken, valid_for=10)
        time.sleep(1)


def main() -> None:
    port, traits = int(sys.argv[1]), sys.argv[2:]
    handle = start_child(ProbeSettings(address="127.0.0.1", port=port))
    import threading

    works = {"burn": [burn, burn], "hang": [hang], "api": [lambda: serve_api(port + 1)]}
    for trait in traits:
        for work in works.get(trait, []):
            threading.Thread(target=work, daemon=True).start()
    if "quiet" in traits:
        threading.Event().wait()
    publish_for_ever(handle)


main()
