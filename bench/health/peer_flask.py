"""Flask on waitress with its defaults, as most agents would serve a health page.

The second argument is how many CPU-bound checks run in the same process, as theirs would.
"""

from __future__ import annotations

import logging
import sys
import threading
import time

import flask
import waitress

app = flask.Flask("peer")


@app.get("/healthz")
def healthz() -> flask.Response:
    return flask.Response("pass\n", mimetype="text/plain")


@app.get("/slow")
def slow() -> str:
    time.sleep(2)
    return "done\n"


def burn() -> None:
    while True:
        sum(range(1000))


def main() -> None:
    logging.getLogger("waitress").setLevel(logging.ERROR)  # its queue warnings would fill the log
    for _ in range(int(sys.argv[2])):
        threading.Thread(target=burn, daemon=True).start()
    waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]))


main()
