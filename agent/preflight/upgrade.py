"""Preflight of an upgrade, whole: what it looks at, and what follows from what it saw.

Owns making the subject from a scene and a release, and refusing to go on. Refuses to print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from agent.errors import CaretakerError, MachineError, RefusedError
from agent.findings import Status
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.preflight import UPGRADE
from agent.preflight.run import Result, run_preflight
from agent.preflight.upgrade_subject import Database, UpgradeSubject
from agent.release.bundle import open_bundle
from agent.release.record import ReleaseRecord
from agent.remedies.remedy import Scene

Results = Sequence[Result[UpgradeSubject]]


class Line(msgspec.Struct, frozen=True):
    """One check as it is told: `status` is pass, warn or fail; `cure` empty where all is well."""

    code: str
    title: str
    status: Status
    summary: str
    cure: str = ""
    why: str = ""


def look(
    scene: Scene,
    record: ReleaseRecord | None = None,
    manifest: Manifest | None = None,
    *,
    answers: Mapping[str, str] | None = None,
    older: bool = False,
) -> Results:
    """Every check, for a release that was verified; `manifest` is the one it brings.

    `older`: an older one than runs is meant.
    """
    subject = _subject(scene)
    subject = replace(subject, manifest=manifest or scene.manifest, record=record, older=older)
    return run_preflight(replace(subject, answers=answers or {}), UPGRADE)


def look_at_bundle(
    scene: Scene,
    bundle: Path,
    *,
    answers: Mapping[str, str] | None = None,
    older: bool = False,
    expired: bool = False,
) -> Results:
    """The same for a file; one that is refused is a check that fails. Writes nothing.

    `expired`: one whose signatures ended is meant. Raises ManifestError where no vendor is
    trusted here.
    """
    layout, clock = scene.layout, scene.host.clock
    try:
        with open_bundle(bundle, layout, clock, older=older, expired=expired) as opened:
            manifest = parse(opened.manifest.decode(), file=f"{bundle}: appliance.toml")
            return look(scene, opened.record, manifest, answers=answers, older=older)
    except RefusedError as error:
        return _refused(scene, error)


def _refused(scene: Scene, error: CaretakerError) -> Results:
    subject = replace(_subject(scene), refused=error.message, cure=error.hint)
    return run_preflight(subject, UPGRADE)


def _subject(scene: Scene) -> UpgradeSubject:
    return UpgradeSubject(
        host=scene.host,
        layout=scene.layout,
        manifest=scene.manifest,
        today=scene.manifest,
        database=(lambda: _status(scene)) if scene.manifest.database.engine else None,
    )


def _status(scene: Scene) -> Database:
    from agent.database.status import status_of  # its client is 60 ms, and few have a database

    return status_of(scene)


def lines(results: Results) -> list[Line]:
    return [
        Line(check.code, check.title, found.status, found.summary, check.cure(found), check.why)
        for check, found in results
    ]


def refuse(results: Results) -> None:
    """Raises MachineError `preflight-failed` that names the first failure and counts the others."""
    bad = [each for each in lines(results) if each.status is Status.FAIL]
    if not bad:
        return
    more = f" (and {len(bad) - 1} more: caretaker preflight)" if len(bad) > 1 else ""
    raise MachineError(
        "preflight-failed", f"{bad[0].title}: {bad[0].summary}{more}", hint=bad[0].cure
    )
