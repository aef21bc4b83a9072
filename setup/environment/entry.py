"""From the machine's own Python to the private environment's: look, make what is missing, go on.

Owns the order: libraries, the tool, then the hand-over by exec. Nothing here runs twice for
nothing: an environment that stands costs some forty milliseconds. Refuses to know the appliance.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import CaretakerError, MachineError, UsageError
from agent.host import files, handover, lock, spawn, trees
from agent.host.failures import HostFailure, LockHeld
from agent.host.pip import pip_wheel
from agent.host.systemd import Systemd
from setup import restarts
from setup.console import Console
from setup.environment.distribution import Distribution, this_distribution
from setup.environment.journal_binding import Binding
from setup.environment.libraries import Libraries
from setup.environment.outline import outline
from setup.environment.tool import Tool, tidy
from setup.options import Options, read_options
from setup.outcome import BUSY, INTERRUPTED, UNDONE, Trouble, say_error, write_early
from setup.place import Mode, Place, find_place

SOURCE = Path(__file__).resolve().parents[2]
IMAGE_WHEELHOUSE = Path("/opt/caretaker/wheelhouse")


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked for, and where."""

    options: Options
    place: Place
    tool: Tool
    libraries: Libraries
    console: Console

    @property
    def wheelhouse(self) -> Path | None:
        """Where wheels are, as asked for or as found. Raises UsageError."""
        asked = self.options.wheelhouse
        if asked is not None and not asked.is_dir():
            raise UsageError("usage", f"--wheelhouse {asked}: there is no such folder")
        for folder in (asked, self.tool.source / "wheelhouse", IMAGE_WHEELHOUSE):
            if folder is not None and folder.is_dir():
                return folder
        if self.options.offline:
            raise UsageError(
                "usage",
                f"--offline needs wheels, and there are none in {self.tool.source}/wheelhouse",
                hint="setup.sh --offline --wheelhouse DIR ...",
            )
        return None


def main(argv: Sequence[str]) -> int:
    """Does not return where all is well: the process becomes the next one."""
    options = read_options(argv, os.environ)
    console = Console(json=options.json, colour=sys.stdout.isatty())
    place = None
    try:
        place = find_place(options.root, systemd=Systemd())
        return prepare(_work(options, place, console), list(argv))
    except LockHeld as held:
        say_error(console, "lock-held", f"another setup runs: {held}", "wait until it is done")
        return BUSY
    except CaretakerError as error:
        trouble = Trouble(error.code, error.message, error.hint)
        status = error.exit_status if error.exit_status in (2, 3) else UNDONE
    except (HostFailure, OSError) as error:
        trouble, status = Trouble("step-failed", f"environment: {error}"), UNDONE
    except KeyboardInterrupt:
        hint = "run the same command again to go on"
        trouble, status = Trouble("step-failed", "interrupted", hint), INTERRUPTED
    say_error(console, trouble.code, trouble.message, trouble.hint)
    if place is not None and not options.plan:
        write_early(place.layout.setup_report, status, trouble)
    return status


def _work(options: Options, place: Place, console: Console) -> Work:
    home, lock_file = place.layout.tool, SOURCE / "requirements/runtime.lock"
    libraries = Libraries(home, lock_file, place.mode.value)
    return Work(options, place, Tool(SOURCE, home), libraries, console)


def prepare(work: Work, argv: list[str]) -> int:
    """Make sure of the environment and go on in it. Raises CaretakerError, HostFailure, OSError."""
    libraries, tool = needs(work)
    if work.options.plan:
        return _plan(work, argv, libraries, tool)
    if work.options.uninstall and not _anything_installed(work):
        work.console.tell("verdict", f"nothing of Caretaker is installed on {work.place.words}",
                          verdict="uninstalled", exit=0, changed=0)  # fmt: skip
        return 0
    changes = 0
    if libraries or tool:
        layout = work.place.layout
        files.ensure_folder(layout.state.resolve())  # it may be a link to another disk
        with lock.exclusive(layout.setup_lock, purpose="setup"):
            changes = make(work)
    extra = [f"--environment-changes={changes}"]
    _go_on(work, work.tool.link, ["-I"], [*extra, *argv])
    return 0


def _anything_installed(work: Work) -> bool:
    """An appliance whose tool somebody removed is still to be uninstalled, with a new one."""
    return work.libraries.link.is_symlink() or work.place.layout.manifest.exists()


def needs(work: Work) -> tuple[str, str]:
    """Why libraries and tool must be made; empty where they stand."""
    return work.libraries.need(), work.tool.need()


def make(work: Work) -> int:
    """Make what is missing; how many things were. Under the lock, so it looks again."""
    libraries, tool = needs(work)
    say, made = work.console, 0
    # The running agent was started from what is there now, and loads more of it as it goes.
    restarts.note(work.place.layout, restarts.AGENT_UNIT)
    before = work.libraries.link.resolve() if work.libraries.link.is_symlink() else None
    tool_before = work.tool.installed
    if libraries:
        words = f"making it, since {libraries}: {_contents(work)}"
        say.tell("environment", f"environment … {words}", outcome="making", words=words)
        binding = _make_libraries(work)
        made += 1
        if binding is None:
            words = "no systemd-python to be had: journal entries will have no fields"
            say.tell("environment", f"environment … {words}", mood="warning",
                     outcome="warning", words=words)  # fmt: skip
    if tool:
        work.tool.install(work.libraries.python)
        made += 1
    if libraries:
        tidy(work.libraries.target.parent, {work.libraries.target, *([before] if before else [])})
    work.tool.tidy(keep=tool_before)
    words = f"made in {work.libraries.home}" if libraries else "tool updated"
    say.tell("environment", f"environment … {words}", outcome="changed", words=words)
    return made


def _make_libraries(work: Work) -> str | None:
    """How systemd-python came; None where it was wanted and could not be had."""
    distribution = this_distribution()
    if pip_wheel() is None:
        _bring_pip(work, distribution)
    try:
        work.libraries.build(work.wheelhouse, offline=work.options.offline)
    except CaretakerError:
        trees.remove(work.libraries.target)  # half of it helps nobody, and is 40 MB
        raise
    binding = ""
    if work.place.mode is Mode.SYSTEMD:
        binding = Binding(
            libraries=work.libraries,
            lock=work.tool.source / "requirements/systemd.lock",
            wheelhouse=work.wheelhouse,
            offline=work.options.offline,
            distribution=distribution,
        ).bring()
    work.libraries.complete(binding=binding)
    return None if work.place.mode is Mode.SYSTEMD and not binding else binding


def _bring_pip(work: Work, distribution: Distribution) -> None:
    if work.options.offline:
        raise MachineError(
            "command-missing",
            f"{sys.executable} comes without venv and pip, and --offline forbids fetching them",
            hint=distribution.command(*distribution.python),
        )
    work.console.tell("environment", f"environment … installing {' '.join(distribution.python)}",
                      outcome="making", words=" ".join(distribution.python))  # fmt: skip
    distribution.add(*distribution.python)
    if pip_wheel() is None:
        raise MachineError(
            "command-missing",
            f"{sys.executable} has no venv and pip even with {' '.join(distribution.python)}",
            hint="put a complete Python 3.11 first on the PATH, then run setup again",
        )


def _plan(work: Work, argv: list[str], libraries: str, tool: str) -> int:
    need = libraries or (f"tool: {tool}" if tool else "")
    changes = sum(1 for each in (libraries, tool) if each)
    if need:
        words = f"would be made in {work.libraries.home}, since {need}"
        made = _environment_needs(work)
        text = "\n".join([f"environment … {words}", *(f"    + {each}" for each in made)])
        work.console.tell("environment", text, outcome="would-change", words=words, needs=made)
    if libraries and not _can_read_manifests(work):
        # Our libraries read manifests; without them there are names, and no judgement.
        return outline(work.options, work.place, work.console, work.tool.source)
    tree = work.tool.source if need else work.tool.link
    _go_on(work, tree, ["-I", "-B"], [f"--environment-changes={changes}", *argv])
    return 0


def _can_read_manifests(work: Work) -> bool:
    """Whether an environment that is to be replaced still does for a plan."""
    argv = [str(work.libraries.python), "-I", "-B", "-c", "import msgspec, psutil, cryptography"]
    return work.libraries.link.is_symlink() and spawn.run(argv, timeout=20).ok


def _environment_needs(work: Work) -> list[str]:
    found = []
    if work.libraries.need():
        distribution = this_distribution()
        if pip_wheel() is None:
            found.append(f"run: {distribution.command(*distribution.python)}")
        found.append(f"{work.libraries.target}: {_contents(work)}")
    then = restarts.forecast(work.place.layout, restarts.AGENT_UNIT)
    return [*found, f"{work.tool.home}/tools/{work.tool.digest()}: the tool itself{then}"]


def _contents(work: Work) -> str:
    folder = work.wheelhouse
    origin = f"from {folder}" if folder else "from the package index"
    version = ".".join(str(part) for part in sys.version_info[:2])
    return f"Python {version} with {work.libraries.count()} libraries {origin}"


def _go_on(work: Work, tree: Path, flags: list[str], argv: list[str]) -> None:
    script = str(tree / "setup/start.py")
    handover.become([str(work.libraries.python), *flags, script, "--inside", *argv])
