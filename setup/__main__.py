"""Setup's edge: options in, a run over the steps, words and an exit status out.

Owns the lock around a run and turning whatever ends it into a verdict. Refuses to build the
environment it runs in (`setup/environment`).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from agent.errors import CaretakerError, ManifestError
from agent.host import files, journal, lock
from agent.host.failures import HostFailure, LockHeld
from agent.host.machine import Host
from agent.host.systemd import Systemd
from setup import report as reports
from setup.cloud import find_cloud
from setup.console import SERIAL, Console
from setup.finale import say_verdict, show_secrets
from setup.options import Options, read_options
from setup.outcome import (
    ATTENTION,
    BUSY,
    EXITS,
    INTERRUPTED,
    PREFLIGHT,
    Trouble,
    Verdict,
    say_error,
    write_early,
)
from setup.place import Mode, Place, find_place
from setup.plan import show_plan, show_removal
from setup.questions import Ask, complete
from setup.report import Report
from setup.runner import Run
from setup.signals import News, tell_cloud
from setup.site import Site, answered, open_site
from setup.steps import STEPS
from setup.uninstall import uninstall

NOTICE = 5  # syslog(3)
TOOL = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None) -> int:
    options = read_options(sys.argv[1:] if argv is None else argv, os.environ)
    console = Console(json=options.json, colour=sys.stdout.isatty() and not options.json)
    place = None
    try:
        place = find_place(options.root, systemd=Systemd())
        return _guarded(options, console, place)
    except LockHeld as held_by:
        say_error(console, "lock-held", f"another setup runs: {held_by}", "wait until it is done")
        return BUSY
    except CaretakerError as error:
        trouble = Trouble(error.code, error.message, error.hint)
        status = error.exit_status if error.exit_status in (2, 3) else PREFLIGHT
    except (HostFailure, OSError) as failure:
        trouble, status = Trouble("step-failed", str(failure)), PREFLIGHT
    except KeyboardInterrupt:
        hint = "run the same command again to go on"
        trouble, status = Trouble("step-failed", "interrupted", hint), INTERRUPTED
    except Exception:  # The process's edge: a defect of ours, told with its trace.
        text = traceback.format_exc()
        console.tell("trace", text, trace=text)
        hint = "send the log to the vendor's support; running setup again is safe"
        trouble = Trouble("internal", "a defect of setup itself, see above", hint)
        status = ATTENTION
    say_error(console, trouble.code, trouble.message, trouble.hint)
    if place is not None and not options.plan:
        write_early(place.layout.setup_report, status, trouble)
    return status


def _guarded(options: Options, console: Console, place: Place) -> int:
    if not options.plan:
        _open_log(console, options, place)
    site = open_site(options, place, Host(root=place.root), console, TOOL)
    try:
        site = answered(site)
        if not options.plan and not options.uninstall:
            site = replace(site, answers=complete(site.manifest, site.answers, _asker(options)))
    except ManifestError as error:
        return _refuse(site, error)
    with nullcontext() if options.plan else _locked(place):
        return _run(site)


def _refuse(site: Site, error: ManifestError) -> int:
    """Answers that can't be taken: nobody may be looking, so report and cloud are told too."""
    say_error(site.console, error.code, error.message, error.hint)
    if not site.options.plan:
        trouble = Trouble(error.code, error.message.splitlines()[0], error.hint)
        report = replace(_begun(site), verdict=Verdict.REFUSED, trouble=trouble)
        report = replace(report, notes=tuple(_tell_cloud(site, report)))
        reports.write(site.layout, report, site.host.clock)
    return EXITS[Verdict.REFUSED]


def _begun(site: Site) -> Report:
    return Report(
        app=site.app,
        version=site.manifest.appliance.version,
        mode=site.place.mode.value,
        root=str(site.layout.root),
        started=site.host.clock.wall(),
        changed=site.options.environment_changes,
        url=site.manifest.appliance.url,
    )


def _run(site: Site) -> int:
    options = site.options
    steps = tuple(step for step in STEPS if site.place.mode in step.modes)
    report = _begun(site)
    _say_what(site)
    if options.plan:
        shown = (show_removal if options.uninstall else show_plan)(site, steps, report)
        say_verdict(site, shown)
        return EXITS[shown.verdict]
    if options.uninstall:
        return uninstall(site, steps, report)
    ended = Run(site, steps, report).go()
    _conclude(site, ended)
    return ended.exit_status


def _conclude(site: Site, report: Report) -> None:
    clock = site.host.clock
    if report.verdict is not Verdict.HEALTHY:
        reports.enter(site.layout, report, clock)
    report = replace(report, notes=(*report.notes, *_tell_cloud(site, report)))
    reports.write(site.layout, report, clock)
    say_verdict(site, report)
    if report.verdict is Verdict.HEALTHY:
        show_secrets(site)


def _tell_cloud(site: Site, report: Report) -> list[str]:
    """What came of telling the cloud, if this machine stands in one that waits to hear."""
    news_worthy = report.changed or report.verdict is not Verdict.HEALTHY
    if site.embedded or not (news_worthy or site.options.first_boot):
        return []
    reason = report.trouble.message if report.trouble else ""
    news = News(report.verdict is Verdict.HEALTHY, report.verdict.value, reason)
    told = tell_cloud(site.host, find_cloud(), site.sheet.stack, news)
    return [f"{each.channel}: {each.words}" for each in told]


def _say_what(site: Site) -> None:
    act = "uninstalling" if site.options.uninstall else "setting up"
    act = f"plan for {act}" if site.options.plan else act
    version = site.manifest.appliance.version
    text = f"{act} {site.title} {version} on {site.place.words} ({site.place.mode.value})"
    site.console.tell("begin", text, appliance=site.app, version=version,
                      mode=site.place.mode.value, root=str(site.layout.root))  # fmt: skip


def _open_log(console: Console, options: Options, place: Place) -> None:
    log = options.log
    if log is None:
        log = place.layout.logs / "setup.log"
        files.ensure_folder(log.parent, mode=0o750)
    console.log = log
    if place.mode is Mode.SYSTEMD:
        console.serial = SERIAL if options.first_boot else None
        # A unit's output is in the journal already.
        console.journal = None if journal.is_our_output() else _to_journal


def _to_journal(text: str) -> None:
    if journal.available():
        journal.send(text, priority=NOTICE, fields={"SYSLOG_IDENTIFIER": "caretaker-setup"})


def _asker(options: Options) -> Ask | None:
    """How to ask the person; None where nobody sits there, or wants to be asked."""
    there = sys.stdin.isatty() and sys.stdout.isatty()
    return input if there and not options.yes and not options.json else None


def _locked(place: Place) -> AbstractContextManager[None]:
    files.ensure_folder(place.layout.state.resolve())  # it may be a link to another disk
    return lock.exclusive(place.layout.setup_lock, purpose="setup")


if __name__ == "__main__":
    sys.exit(main())
