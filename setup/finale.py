"""The last lines: the verdict, where the application is, what is shown once, what to do next.

Owns the one place where a secret is said. It is said to a terminal, or where that was asked for,
and marked as shown only after it was said: a run killed in between says it again.
"""

from __future__ import annotations

import sys

from agent.credentials import shown
from agent.errors import CaretakerError
from agent.secrets import Secrets
from setup.outcome import Verdict
from setup.report import Report
from setup.site import Site
from setup.steps.healthy import command, url

_HEADS = {
    Verdict.HEALTHY: "{title} {version} is healthy",
    Verdict.PREFLIGHT: "preflight failed; nothing was changed",
    Verdict.UNDONE: "setup failed; what it had made was undone",
    Verdict.ATTENTION: "setup needs attention; what was done stands",
    Verdict.PLANNED: "plan only; nothing was changed",
    Verdict.UNINSTALLED: "uninstalled",
    Verdict.INTERRUPTED: "interrupted",
}
_MOODS = {Verdict.HEALTHY: "good", Verdict.PLANNED: "", Verdict.UNINSTALLED: "good"}


def say_verdict(site: Site, report: Report) -> None:
    """The verdict and what follows from it."""
    facts = report.as_dict(site.host.clock)
    head = _HEADS[report.verdict].format(title=site.title, version=site.manifest.appliance.version)
    lines = [f"{head} ({_counted(report)}{facts['seconds']} s)", *_trouble(report)]
    if report.verdict is Verdict.HEALTHY:
        lines += _where(site)
    lines += _next(site, report)
    mood = _MOODS.get(report.verdict, "bad")
    site.console.tell("verdict", lines[0], mood=mood, **facts)
    for line in lines[1:] if not site.console.json else []:
        site.console.tell("next", line)


def show_secrets(site: Site) -> None:
    """Say each new secret once, if somebody is there to read it."""
    fresh = [name for name, spec in site.manifest.secrets.items()
             if spec.show and not shown.was_shown(site.layout, name)]  # fmt: skip
    if not fresh:
        return
    # A pipe or a first-boot unit ends in a log file, where a secret would stay for ever.
    wanted = site.options.show_secrets or (sys.stdout.isatty() and not site.console.json)
    if not wanted:
        for name in fresh:
            path = site.layout.secrets / name
            read = f"cat {path}" if site.embedded else f"sudo cat {path}"
            site.console.tell("note", f"  secret       {name}: {read}", words=str(path))
        return
    for name in fresh:
        if _say(site, name):
            shown.note(site.layout, name)


def _say(site: Site, name: str) -> bool:
    try:
        value = Secrets(site.layout).read(name)
    except CaretakerError as error:
        site.console.tell("note", f"  secret {name}: {error.message}", words=error.message)
        return False
    where = site.layout.secrets / name
    text = f"  secret       {name}: {value}   (shown this once; kept in {where})"
    site.console.for_eyes(text, event="secret", name=name, value=value, path=str(where))
    return True


def _counted(report: Report) -> str:
    if report.verdict is Verdict.PLANNED:
        return f"{report.changed} to change, "
    told = (Verdict.HEALTHY, Verdict.ATTENTION, Verdict.UNINSTALLED)
    return f"{report.changed} changed, " if report.verdict in told else ""


def _trouble(report: Report) -> list[str]:
    trouble = report.trouble
    if trouble is None:
        return []
    return [f"  why          {trouble.message}",
            *([f"  do           {trouble.hint}"] if trouble.hint else [])]  # fmt: skip


def _where(site: Site) -> list[str]:
    application = site.manifest.appliance.url
    lines = [f"  application  {application}"] if application else []
    return [*lines, f"  health       {url(site)}"]


def _next(site: Site, report: Report) -> list[str]:
    if report.verdict is Verdict.HEALTHY:
        lines = [f"  next         {command(site)} status"]
        return [*lines, f"  stop         {command(site)} stop"] if site.embedded else lines
    if report.verdict is Verdict.ATTENTION:
        return [f"  look         {command(site)} status", "  then         run setup again"]
    if report.verdict in (Verdict.UNDONE, Verdict.PREFLIGHT):
        return ["  then         run setup again"]
    return []
