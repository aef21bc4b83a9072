"""Step: preflight. What must hold before anything is touched.

Owns turning findings into blockers and notes. Refuses to mend: each finding names its own cure.
"""

from __future__ import annotations

from agent.findings import Status
from agent.preflight.run import run_preflight
from setup.preflight import PREFLIGHT
from setup.preflight.subject import SetupSubject
from setup.site import Site
from setup.step import Blocker, Look, Step


def subject_of(site: Site) -> SetupSubject:
    """What preflight looks at, on this site."""
    return SetupSubject(
        host=site.host,
        layout=site.layout,
        manifest=site.manifest,
        source=site.source,
        wheelhouse=site.options.wheelhouse,
        offline=site.options.offline,
    )


def look(site: Site) -> Look:
    results = run_preflight(subject_of(site), PREFLIGHT)
    blockers, notes = [], []
    for check, finding in results:
        cure = check.cure(finding)
        if finding.status is Status.FAIL:
            text = f"{check.title}: {finding.summary}"
            blockers.append(Blocker(text, cure, "preflight-failed"))
        elif finding.status is Status.WARN:
            notes.append(f"{check.title}: {finding.summary}" + (f" ({cure})" if cure else ""))
    passed = len(results) - len(blockers) - len(notes)
    summary = f"{passed} of {len(results)} checks passed"
    if notes:
        summary += f", {len(notes)} worth a look"
    return Look(summary, blockers=tuple(blockers), notes=tuple(notes))


def apply(_: Site) -> str:
    """Never called: a look that only blocks has no needs."""
    return "nothing to do"


STEP = Step("preflight", "preflight", look, apply)
