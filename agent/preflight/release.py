"""May this release follow what runs here?

Owns the checks of the bundle: its signature, versions, the data it reads, what it asks of the
customer. Whether it may follow is `agent.release.judging`'s to say, one rule at a time here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from agent.findings import Finding, failed, passed, warned
from agent.manifest.questions import complaint
from agent.preflight.check import PreflightCheck
from agent.preflight.upgrade_subject import UpgradeSubject
from agent.release.record import ReleaseRecord
from agent.release.versions import order
from agent.settings import read_settings

NONE_NAMED = "no release was named"


def _of_release(
    look: Callable[[UpgradeSubject, ReleaseRecord], Finding],
) -> Callable[[UpgradeSubject], Finding]:
    """A look that has something to look at only once a release was named and believed."""

    def either(subject: UpgradeSubject) -> Finding:
        return passed(NONE_NAMED) if subject.record is None else look(subject, subject.record)

    return either


def _signature(subject: UpgradeSubject) -> Finding:
    if subject.refused:
        return failed("bundle-refused", subject.refused, cure=subject.cure)
    if subject.record is None:
        return passed(NONE_NAMED)
    return passed(f"{subject.record.app} {subject.record.version} is signed by its vendor")


SIGNATURE = PreflightCheck(
    code="release-signature",
    title="Signature of the release",
    why="Only what the vendor signed may run here.",
    fix="{cure}",
    look=_signature,
)


def _appliance(subject: UpgradeSubject, record: ReleaseRecord) -> Finding:
    name = subject.today.appliance.name
    if record.app != name:
        return failed("release-foreign", f"the release is for {record.app}; {name} runs here")
    return passed(f"the release is for {name}")


APPLIANCE = PreflightCheck(
    code="release-appliance",
    title="The release's appliance",
    why="Another product's release would find none of its data.",
    fix="take the bundle of this appliance: caretaker release inspect FILE says which it is of",
    look=_of_release(_appliance),
)


def _version(subject: UpgradeSubject, record: ReleaseRecord) -> Finding:
    active = subject.active
    if active is None or order(record.version) > order(active.version):
        return passed(f"{record.version} is newer than what runs")
    if record.digest == active.digest:
        return warned("release-installed", f"{record.version} runs already")
    if record.version == active.version:
        return warned("release-same", f"another {record.version} runs already")
    text = f"{record.version} is older than {active.version}, which runs"
    return warned("release-older", text) if subject.older else failed("release-older", text)


VERSION = PreflightCheck(
    code="release-version",
    title="The release's version",
    why="Old code may not know what newer code wrote, and has flaws that are mended since.",
    fix="to go back: caretaker rollback; where an older one is meant: caretaker upgrade --older",
    look=_of_release(_version),
)


def _source(subject: UpgradeSubject, record: ReleaseRecord) -> Finding:
    active = subject.active
    if active is None or not record.minimum_from:
        return passed("it upgrades from any version")
    if order(active.version) < order(record.minimum_from):
        text = f"it upgrades from {record.minimum_from} on; {active.version} runs here"
        return failed("release-too-far", text, version=record.minimum_from)
    return passed(f"it upgrades from {record.minimum_from} on, and {active.version} runs")


SOURCE = PreflightCheck(
    code="release-source",
    title="Version to come from",
    why="Migrations from older versions are not in this release any more.",
    fix="upgrade to {version} first, then to this one",
    look=_of_release(_source),
)


def _epoch(subject: UpgradeSubject, record: ReleaseRecord) -> Finding:
    active = subject.active
    if active is None or active.epoch in record.epoch.reads:
        return passed(f"it reads the data's format, and leaves epoch {record.epoch.writes} behind")
    reads = ", ".join(map(str, record.epoch.reads)) or "none"
    text = f"the data here is of epoch {active.epoch}; the release reads {reads}"
    return failed("release-epoch", text)


EPOCH = PreflightCheck(
    code="release-epoch",
    title="Format of the data",
    why="Code that can't read the data may destroy it.",
    fix="ask the vendor for a release that reads it, or restore a backup from before",
    look=_of_release(_epoch),
)


def _support(subject: UpgradeSubject, record: ReleaseRecord) -> Finding:
    if not record.supported_until:
        return passed("the vendor names no end of support")
    end = datetime.strptime(record.supported_until, "%Y-%m-%d").replace(tzinfo=UTC)
    if end.timestamp() + 86400 < subject.clock_now:
        text = f"{record.version} has been out of support since {record.supported_until}"
        return warned("release-unsupported", text)
    return passed(f"supported until {record.supported_until}")


SUPPORT = PreflightCheck(
    code="release-support",
    title="Support of the release",
    why="Nobody mends flaws of a release that is out of support.",
    fix="ask the vendor for the newest release",
    look=_of_release(_support),
)


def _last_try(subject: UpgradeSubject, record: ReleaseRecord) -> Finding:
    last = subject.pending
    if last is None or last.under_way or last.version != record.version or last.outcome is None:
        return passed("this release was not tried before")
    if last.outcome.changed:
        return passed("this release was installed before")
    return warned("release-tried", f"the last try went back: {last.outcome.why}")


LAST_TRY = PreflightCheck(
    code="release-last-try",
    title="An earlier try",
    why="What made it go back may still be there.",
    fix="caretaker ledger  # what happened; then try again",
    look=_of_release(_last_try),
)


def _settings(subject: UpgradeSubject) -> Finding:
    known = read_settings(subject.today, subject.layout)
    wrong, missing = [], []
    for name, setting in subject.manifest.settings.items():
        answer = subject.answers.get(name, known.get(name))
        if answer is None and setting.required and setting.default == "":
            missing.append(name)
        elif name in known and name not in subject.answers and complaint(known[name], setting):
            wrong.append(name)
    if missing:
        text = f"the release asks for: {', '.join(missing)}"
        return failed("answer-missing", text, name=missing[0])
    if wrong:
        return failed("answer-refused", f"no longer allowed: {', '.join(wrong)}", name=wrong[0])
    return passed("every question of the release is answered")


SETTINGS = PreflightCheck(
    code="release-settings",
    title="Answers to the release's questions",
    why="It would start with a setting that nobody chose.",
    fix="caretaker upgrade FILE --set {name}=ANSWER",
    look=_settings,
)
