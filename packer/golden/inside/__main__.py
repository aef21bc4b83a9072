"""`python -I -m packer.golden.inside provision|seal`: both ends of a build, in the machine.

Owns the order of the two and one JSON line for each part, which the build's log takes over.
Refuses to go on after a part that failed: no half-made image looks like a whole one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click

from agent.errors import CaretakerError
from agent.host.clock import Clock
from agent.host.failures import HostFailure
from agent.host.machine import Host
from packer.golden.inside import provision, seal
from packer.golden.inside.words import said

USAGE = "usage: provision | seal [--user NAME] [--power-off]"


def main(argv: Sequence[str]) -> int:
    host = Host()
    user = argv[argv.index("--user") + 1] if "--user" in argv else ""
    courses = {"provision": provision.parts(host), "seal": seal.parts(host, user)}
    if not argv or argv[0] not in courses:
        click.echo(USAGE, err=True)
        return 2
    good = _run(courses[argv[0]], host.clock)
    if good:
        click.echo(said("all", 0.0, f"{argv[0]} is done"))
    if "--power-off" in argv:
        # Also after a failure: whoever waits outside reads on the console that it is not done.
        host.run(["systemctl", "poweroff"], timeout=60)
    return 0 if good else 1


def _run(parts: Sequence[tuple[str, Callable[[], str]]], clock: Clock) -> bool:
    for name, act in parts:
        begun = clock.monotonic()
        try:
            words = act()
        except (CaretakerError, HostFailure, OSError) as error:
            click.echo(said(name, clock.monotonic() - begun, f"failed: {error}"))
            return False
        click.echo(said(name, clock.monotonic() - begun, words))
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
