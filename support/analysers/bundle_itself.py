"""The bundle itself: collectors that failed, parts left out, redaction switched off."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document
from support.analysers.telling import failed, listed, many, passed, unknown, warned
from support.bundle.record import MANIFEST

_BAD = ("failed", "timeout", "killed")


class _Collected(msgspec.Struct):
    code: str
    how: str = ""
    why: str = ""


class _Consent(msgspec.Struct):
    redaction: str = "full"


class _Manifest(msgspec.Struct):
    collectors: list[_Collected] | None = None
    consent: _Consent | None = None
    partial: str = ""


def judge(evidence: Evidence) -> Iterator[Judgement]:
    manifest = document(evidence, MANIFEST, _Manifest)
    if manifest is None:
        yield unknown("There is no manifest, so nobody knows what is missing")
        return
    fine = True
    if manifest.consent is not None and manifest.consent.redaction == "off":
        fine = False
        words = "Redaction was switched off: secrets may stand in this bundle"
        seen = [cite(evidence, MANIFEST, '"redaction"', words)]
        yield failed(words, seen, "treat it as a password; make another: sudo caretaker"
                     " support-bundle")  # fmt: skip
    bad = [
        each
        for each in manifest.collectors or []
        if each.how in _BAD and (not manifest.partial or each.why != manifest.partial)
    ]
    if bad:
        fine = False
        words = f"{many(len(bad), 'collector')} failed: {listed(each.code for each in bad)}"
        seen = [
            cite(evidence, MANIFEST, f'"{each.code}"', f"{each.code}: {each.how}: {each.why}")
            for each in bad
        ]
        yield warned(words, seen, "see why; what hangs there may hang for the application, too")
    if manifest.partial:
        fine = False
        words = f"The bundle is partial: {manifest.partial}"
        seen = [cite(evidence, MANIFEST, '"partial"', words)]
        yield warned(words, seen, "sudo caretaker support-bundle  # another, for what this lacks")
    if fine:
        yield passed(f"All {len(manifest.collectors or [])} collectors gave what they have")


ANALYSER = Analyser(code="bundle", title="This bundle", judge=judge, reads=(MANIFEST,))
