"""The daemon's entrance: `python -I -m agent.daemon --root DIR [--embedded]`.

Owns the order of the first second: the probe port answers before anything heavy is loaded. So
nothing but the probe is imported at the top of this file, and argparse is not used either.
"""

import os
import sys

from agent.daemon import early
from agent.host.fork import ignore_hangup

_USAGE = "usage: python -I -m agent.daemon --root DIR [--embedded]"


def main(argv: list[str]) -> int:
    """Run until told to end. The exit status."""
    arguments = _arguments(argv)
    if arguments is None:
        sys.stderr.write(_USAGE + "\n")
        return 2
    root, embedded = arguments
    ignore_hangup()
    probe, trouble = early.open_probe(root)
    from agent.daemon.understudies import load

    load("msgspec", "structlog", "apscheduler.schedulers.background")
    from agent.daemon.run import run

    return run(root, embedded=embedded, probe=probe, trouble=trouble)


def _arguments(argv: list[str]) -> tuple[str, bool] | None:
    """Root and whether embedded; None where they make no sense."""
    words = list(argv)
    embedded = "--embedded" in words
    if embedded:
        words.remove("--embedded")
    if len(words) != 2 or words[0] != "--root" or not words[1]:
        return None
    return os.path.abspath(words[1]), embedded  # noqa: PTH100 (pathlib is 6 ms)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            status = status or 1  # a full disk, a reader that is gone: nobody is left to be told
    # A look that hangs in the kernel must not keep us: its thread can't be joined.
    os._exit(status)
