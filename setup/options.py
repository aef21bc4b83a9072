"""The command line of setup: one table of options, read before anything is installed.

Owns what may be said and what it means. Refuses anything but the standard library: the first
Python that reads this is the machine's own.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DESCRIPTION = "Set up an appliance on this machine. Run it again whenever you like."

EXIT_CODES = """\
exit status:
   0  healthy (or: planned, uninstalled)
   2  the command line is wrong
   3  the manifest or an answer is wrong; nothing was changed
  10  preflight failed; nothing was changed
  20  failed, and what this run made was undone
  30  needs attention; the last lines say what stands and what to do
  75  another setup is running
"""


APPLIANCE_HELP = (
    "folder with appliance.toml, or that file; left out: the one that was set up here before"
)
SWITCHES = {
    "--plan": "say what would happen; write nothing",
    "--json": "one JSON object a line instead of words",
    "--offline": "use no network; take libraries from a wheelhouse",
    "--uninstall": "remove what setup made; data and secrets stay",
    "--purge-data": "with --uninstall: remove data and secrets too",
    "--yes": "ask nothing",
    "--show-secrets": "show new secrets even where the output is no terminal",
}
VALUES = {
    "--root": (
        "DIR",
        "keep everything below DIR and run without systemd; ./.caretaker where you are not root",
    ),
    "--answers": ("FILE", "the customer's answers, as TOML or JSON"),
    "--wheelhouse": ("DIR", "folder of wheels to take libraries from"),
    "--log": ("FILE", "log file; left out: setup.log beside the other logs"),
}
SET_HELP = "one answer; may be said several times"
WAIT_HELP = "how long to wait for healthy; %(default)g where left out"


@dataclass(frozen=True, slots=True)
class Options:
    """What the person asked for. Paths are absolute; `wait` is seconds, `said` pairs of a
    setting and its answer."""

    appliance: Path | None = None
    root: Path | None = None
    plan: bool = False
    answers: Path | None = None
    json: bool = False
    offline: bool = False
    wheelhouse: Path | None = None
    uninstall: bool = False
    purge_data: bool = False
    yes: bool = False
    log: Path | None = None
    wait: float = 120.0
    first_boot: bool = False
    show_secrets: bool = False
    said: tuple[tuple[str, str], ...] = ()
    environment_changes: int = 0


def read_options(argv: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Raises SystemExit(2) with a usage line, or SystemExit(0) for --help."""
    said = _parser().parse_args(list(argv))
    if said.purge_data and not said.uninstall:
        _parser().error("--purge-data only goes with --uninstall")
    root = said.root or environment.get("CARETAKER_ROOT", "")
    return Options(
        appliance=_absolute(said.appliance),
        root=_absolute(root),
        plan=said.plan,
        answers=_absolute(said.answers),
        json=said.json,
        offline=said.offline,
        wheelhouse=_absolute(said.wheelhouse),
        uninstall=said.uninstall,
        purge_data=said.purge_data,
        yes=said.yes,
        log=_absolute(said.log),
        wait=said.wait,
        first_boot=said.first_boot,
        show_secrets=said.show_secrets,
        said=tuple(said.set),
        environment_changes=said.environment_changes,
    )


def _absolute(text: str | None) -> Path | None:
    # abspath and not resolve(): /opt/<app> may be a link on purpose, and stays one.
    return Path(os.path.abspath(text)) if text else None  # noqa: PTH100


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="setup.sh",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("appliance", nargs="?", metavar="APPLIANCE", help=APPLIANCE_HELP)
    for name, words in SWITCHES.items():
        parser.add_argument(name, action="store_true", help=words)
    for name, (value, words) in VALUES.items():
        parser.add_argument(name, metavar=value, help=words)
    parser.add_argument(
        "--set", metavar="NAME=ANSWER", type=_answer, action="append", default=[], help=SET_HELP
    )
    parser.add_argument("--wait", metavar="SECONDS", type=_seconds, default=120.0, help=WAIT_HELP)
    parser.add_argument("--first-boot", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--environment-changes", type=int, default=0, help=argparse.SUPPRESS)
    return parser


def _answer(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=ANSWER")
    return name, value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 86400:
        raise argparse.ArgumentTypeError("must be between 0 and 86400 seconds")
    return value
