"""The status screen: a report in, lines out.

Owns the layout of the one screen. Pure: the same report and width give the same text. Refuses to
look at the machine.
"""

from __future__ import annotations

import click
import msgspec

from agent.cli.certificates import CertificateLine
from agent.cli.saying import count, moment, plain, sign, size, span, word
from agent.housekeeping.states import TaskStates
from agent.housekeeping.words import failing
from agent.status import CheckReport, StatusReport

EVENTS = 5  # newest ones; `caretaker ledger` has the rest


class Screen(msgspec.Struct, frozen=True):
    """All that is shown. `report_age` in seconds; `disk` (bytes, bytes free) of the data."""

    root: str
    appliance: str
    version: str
    support: str
    report: StatusReport | None
    report_age: float | None
    silent: bool
    certificates: list[CertificateLine]
    disk: tuple[int, int] | None
    tasks: TaskStates = TaskStates()
    at: float = 0.0


def draw(screen: Screen, width: int) -> str:
    """The screen as text, no line wider than `width` where words allow."""
    lines = [click.style(f"{screen.appliance} {screen.version}", bold=True)]
    report = screen.report
    if report is None:
        lines.append(f"{sign('fail')} the agent never reported; it is not running")
        lines.append(f"  try: {_start_command(screen)}")
    else:
        lines += _verdict(screen, report)
        lines += _section("Checks", [_check(check, report.at) for check in report.checks])
        lines += _section("Services", _services(report))
    lines += _section("Certificates", [_certificate(each) for each in screen.certificates])
    lines += _section("Disk", _disk(screen.disk))
    lines += _section("Housekeeping", _housekeeping(screen.tasks, screen.at))
    if report is not None:
        lines += _section("Balancers", [_probe(report)])
        events = [
            f"{moment(e.at)}  {plain(e.what)}: {word(e.outcome)}{_dash(plain(e.why))}"
            for e in report.events[-EVENTS:]
        ]
        lines += _section("Last events", events)
    if screen.support:
        lines += ["", f"Help from the vendor: {plain(screen.support)}"]
    return "\n".join(_cut(line, width) for line in lines)


def _start_command(screen: Screen) -> str:
    if screen.root == "/":
        return "sudo systemctl start caretaker"
    return f"caretaker --root {screen.root} start"


def _verdict(screen: Screen, report: StatusReport) -> list[str]:
    lines = []
    if screen.silent:
        age = span(screen.report_age)
        lines.append(f"{sign('fail')} the agent does not report; below is what it knew {age} ago")
        lines.append(f"  try: {_start_command(screen)}")
    lines.append(
        f"{sign(report.ready)} ready: {word(report.ready)}   {sign(report.live)} live: "
        f"{word(report.live)}   {plain(report.summary)}"
    )
    lines += [f"  because {plain(cause)}" for cause in report.causes]
    for mode in report.modes:
        end = f"until {moment(mode.until)}" if mode.until else "until it is taken back"
        lines.append(f"{sign('warn')} {mode.name}, {end}{_dash(plain(mode.reason))}")
    for safe in report.safe_mode:
        what = f"{safe.remedy} {safe.target}: {safe.why}"
        lines.append(f"{sign('warn')} safe mode: {plain(what)}")
        lines.append(f"  try: sudo {plain(safe.hint)}")
    told = tuple(each.note for each in report.safe_mode)
    lines += [f"{sign('warn')} {plain(note)}" for note in report.notes if note not in told]
    if report.url:
        lines.append(f"  at {plain(report.url)}")
    return lines


def _check(check: CheckReport, at: float) -> str:
    if check.muted_by:
        told = f"not judged: {check.muted_by} fails"
        return f"{click.style('·', dim=True)} {check.name:<16} {click.style(told, dim=True)}"
    marks = [mark for mark, on in (("live", check.level.value == "live"),
                                   ("warning only", check.severity.value == "warning"),
                                   ("stale", check.stale)) if on]  # fmt: skip
    extra = f" ({', '.join(marks)})" if marks else ""
    age = click.style(f"{span(check.age)} ago", dim=True)
    since = "" if check.status == "pass" else f", for {span(at - check.since)}"
    return f"{sign(check.status)} {check.name:<16} {plain(check.summary)}{since}{extra}  {age}"


def _services(report: StatusReport) -> list[str]:
    lines = []
    for service in report.services:
        mark = sign("pass" if service.running else "fail")
        restarts = f", {count(service.restarts, 'restart')}" if service.restarts else ""
        up = f" for {span(report.at - service.since)}" if service.since else ""
        pid = f", pid {service.pid}" if service.pid else ""
        summary = "" if service.summary == service.state else plain(service.summary)
        told = f"{service.state}{up}{pid}{restarts}{_dash(summary)}"
        lines.append(f"{mark} {service.name:<16} {told}")
    return lines


def _certificate(line: CertificateLine) -> str:
    if line.problem:
        return f"{sign('fail')} {line.name:<16} {line.problem}"
    assert line.left is not None
    status = "warn" if line.left < 21 * 86400 else "pass"
    return f"{sign(status)} {line.name:<16} {plain(line.subject)}, {span(line.left)} left"


def _disk(disk: tuple[int, int] | None) -> list[str]:
    if disk is None:
        return []
    total, free = disk
    used = 100.0 * (total - free) / total if total else 0.0
    status = "fail" if used >= 95 else "warn" if used >= 85 else "pass"
    filled = round(used / 5)
    bar = "█" * filled + "░" * (20 - filled)
    return [f"{sign(status)} {bar} {used:.0f} % of {size(total)} in use, {size(free)} free"]


def _probe(report: StatusReport) -> str:
    probe = report.probe
    last = probe.last_probe_age
    asked = "nobody asked yet" if last is None else f"last asked {span(last)} ago"
    status = "pass" if probe.alive else "fail"
    where = f"{probe.address}:{probe.port}/healthz"
    told = f"{where}, {count(probe.answered, 'answer')}, {asked}"
    return f"{sign(status)} {told}, weight {report.weight} %"


def _housekeeping(tasks: TaskStates, at: float) -> list[str]:
    if not tasks.tasks:
        return []
    bad = failing(tasks)
    told = f"{count(len(bad), 'task')} of {len(tasks.tasks)} failed"
    if not bad:
        told = f"{count(len(tasks.tasks), 'task')}, none failed"
    name, last = max(tasks.tasks.items(), key=lambda each: each[1].began)
    if bad:
        name, last = bad[0], tasks.tasks[bad[0]]
    if last.began:
        told += f"; {name} {last.outcome} {span(at - last.began)} ago"
    hint = f"{_dash(plain(last.why))}; see: caretaker housekeeping" if bad else ""
    return [f"{sign('warn' if bad else 'pass')} {plain(told)}{hint}"]


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", click.style(title, underline=True), *lines] if lines else []


def _dash(text: str) -> str:
    return f" – {text}" if text else ""


def _cut(line: str, width: int) -> str:
    """Shorten what is too wide; colour codes do not count."""
    if len(click.unstyle(line)) <= width:
        return line
    plain_line = click.unstyle(line)
    return plain_line[: width - 1] + "…"
