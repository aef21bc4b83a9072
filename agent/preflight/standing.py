"""Is what runs now in a state to start from?

Owns the checks of the deployment, the agent, the services and of other work on the machine. An
upgrade of something that is ill can't tell afterwards who made it so.
"""

from __future__ import annotations

import re

from agent.findings import Finding, Status, failed, passed, warned
from agent.host import lock
from agent.preflight.check import ON_A_MACHINE, PreflightCheck
from agent.preflight.upgrade_subject import UpgradeSubject
from agent.secrets import Secrets


def _rights(subject: UpgradeSubject) -> Finding:
    owner = subject.standing(subject.layout.data_home).stat().st_uid
    if subject.user in (0, owner):
        return passed("whoever runs this may change the appliance")
    return failed("not-root", f"you are user {subject.user}, and the appliance is user {owner}'s")


RIGHTS = PreflightCheck(
    code="change-rights",
    title="Rights",
    why="Releases, data and units belong to root.",
    fix="run it again with sudo",
    look=_rights,
)


def _unfinished(subject: UpgradeSubject) -> Finding:
    pending = subject.pending
    if pending is None or not pending.under_way:
        return passed("no change is under way")
    text = f"{pending.title} was not finished; the next one brings it to its end first"
    return warned("change-unfinished", text)


UNFINISHED = PreflightCheck(
    code="change-unfinished",
    title="An unfinished change",
    why="Two changes at once can't both go back.",
    fix="caretaker upgrade resume",
    look=_unfinished,
)


def _deployed(subject: UpgradeSubject) -> Finding:
    active = subject.active
    if active is None:
        return failed("not-deployed", "nothing is deployed here", cure="setup.sh APPLIANCE")
    layout = subject.layout
    for link, what in ((layout.current, "release"), (layout.data, "data")):
        if not (link / ".").exists():
            text = f"the {what} of deployment {active.number} is gone: {link}"
            return failed("deployment-broken", text, cure="caretaker backup restore")
    return passed(f"deployment {active.number}: {active.version}")


DEPLOYED = PreflightCheck(
    code="deployment",
    title="What is deployed",
    why="There must be something to go back to.",
    fix="{cure}",
    look=_deployed,
)


def _room_to_go_back(subject: UpgradeSubject) -> Finding:
    spoilt = [each for each in subject.deployments.listed() if each.standing == "incomplete"]
    if spoilt:
        numbers = ", ".join(str(each.deployment.number) for each in spoilt)
        return warned("deployment-incomplete", f"left of an interrupted run: deployment {numbers}")
    return passed("every deployment is whole")


WHOLE = PreflightCheck(
    code="deployments-whole",
    title="Earlier deployments",
    why="What an interrupted run left takes room; the next change removes it.",
    fix="caretaker upgrade resume",
    look=_room_to_go_back,
)


def _agent(subject: UpgradeSubject) -> Finding:
    if subject.report is None:
        return failed("agent-silent", "the agent has said nothing for the last 25 s")
    return passed("the agent watches")


AGENT = PreflightCheck(
    code="agent",
    title="The agent",
    why="Without it nobody can say whether the new version is healthy.",
    fix="sudo systemctl restart caretaker, or: caretaker start; then: caretaker status",
    look=_agent,
)


def _healthy(subject: UpgradeSubject) -> Finding:
    report = subject.report
    if report is None:
        return warned("health-unknown", "the agent does not say")
    bad = [each.name for each in report.checks if each.status is Status.FAIL and not each.muted_by]
    if report.ready is Status.FAIL and not report.modes:
        return failed("unhealthy-before", f"it is not healthy now: {', '.join(bad)}")
    if bad:
        return warned("check-fails-before", f"fails already: {', '.join(bad)}")
    return passed("it is healthy now")


HEALTHY = PreflightCheck(
    code="healthy-before",
    title="Healthy to begin with",
    why="What fails before would fail after, and send every upgrade back.",
    fix="caretaker status  # mend what fails first; an upgrade is no repair",
    look=_healthy,
)


def _services(subject: UpgradeSubject) -> Finding:
    report = subject.report
    if report is None:
        return warned("services-unknown", "the agent does not say")
    down = [each for each in report.services if not each.running]
    if down:
        text = f"not running: {', '.join(each.name for each in down)}"
        return failed("service-down", text, name=down[0].name)
    return passed(f"{len(report.services)} services run")


SERVICES = PreflightCheck(
    code="services",
    title="Services run",
    why="A service that is down can't be stopped in good order, nor its data be whole.",
    fix="caretaker logs {name}; then: caretaker restart {name}",
    look=_services,
)


def _safe_mode(subject: UpgradeSubject) -> Finding:
    safe = subject.report.safe_mode if subject.report else []
    if safe:
        return warned("safe-mode", safe[0].note, hint=safe[0].hint)
    return passed("no remedy is in safe mode")


SAFE_MODE = PreflightCheck(
    code="safe-mode",
    title="Remedies in safe mode",
    why="Something kept coming back, and nobody has looked into it.",
    fix="{hint}",
    look=_safe_mode,
)


def _modes(subject: UpgradeSubject) -> Finding:
    modes = subject.report.modes if subject.report else []
    if modes:
        text = f"{modes[0].name}: {modes[0].reason}; it stays so after the change"
        return warned("mode-set", text)
    return passed("balancers may send traffic")


MODES = PreflightCheck(
    code="modes",
    title="Drain and maintenance",
    why="An appliance that was drained on purpose takes no traffic afterwards either.",
    fix="caretaker undrain, or: caretaker maintenance end",
    look=_modes,
)


def _others(subject: UpgradeSubject) -> Finding:
    layout = subject.layout
    for path, what in ((layout.tasks_lock, "housekeeping"), (layout.remedies_lock, "a remedy")):
        if lock.held(path):
            return warned("others-at-work", f"{what} is at work; the change waits or says so")
    return passed("housekeeping and remedies rest")


OTHERS = PreflightCheck(
    code="others-at-work",
    title="Housekeeping and remedies",
    why="Both touch what an upgrade touches.",
    fix="wait a minute: caretaker housekeeping history",
    look=_others,
)


def _secrets(subject: UpgradeSubject) -> Finding:
    kept = Secrets(subject.layout)
    missing = [name for name in subject.today.secrets if not kept.exists(name)]
    if missing:
        return failed("secret-missing", f"secret {missing[0]} is gone", name=missing[0])
    return passed(f"{len(subject.today.secrets)} secrets are there")


SECRETS = PreflightCheck(
    code="secrets",
    title="Secrets",
    why="A new value in place of a lost one would lock the application out of its own data.",
    fix="bring it back from a backup: caretaker backup list",
    look=_secrets,
)


def _shutdown(subject: UpgradeSubject) -> Finding:
    planned = subject.text("/run/systemd/shutdown/scheduled")
    match = re.search(r"^USEC=(\d+)$", planned, re.MULTILINE)
    if match is not None:
        minutes = (int(match[1]) / 1e6 - subject.clock_now) / 60
        text = f"the machine goes down in {max(0.0, minutes):.0f} min"
        return (failed if minutes < 60 else warned)("shutdown-planned", text)
    return passed("no shutdown is planned")


SHUTDOWN = PreflightCheck(
    code="shutdown",
    title="Planned shutdown",
    why="A reboot in the middle is survived, but costs its downtime twice.",
    fix="sudo shutdown -c",
    look=_shutdown,
    where=ON_A_MACHINE,
)


def _uptime(subject: UpgradeSubject) -> Finding:
    up = subject.host.clock.monotonic() - subject.host.facts.system_began()
    if up < 120.0:
        return warned("just-booted", f"the machine has been up for {up:.0f} s only")
    return passed(f"up for {up / 3600:.1f} h")


UPTIME = PreflightCheck(
    code="uptime",
    title="Time since boot",
    why="Updates and checks of the first minutes are still under way.",
    fix="wait two minutes",
    look=_uptime,
)


def _load(subject: UpgradeSubject) -> Finding:
    load, cpus = subject.host.facts.load()[1], subject.host.facts.cpus()
    if load > 4 * cpus:
        text = f"load {load:.1f} over 5 min on {cpus} processors: everything takes longer"
        return warned("load-high", text, observed=load)
    return passed(f"load {load:.1f} on {cpus} processors", observed=load)


LOAD = PreflightCheck(
    code="load",
    title="Load",
    why="A new version that starts slowly may not be healthy in its time.",
    fix="look who is busy: top; or wait for a quieter hour",
    look=_load,
)
