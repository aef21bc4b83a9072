"""What is said at the end of a bundle: the file, what is in it, what was found, whom to send it to.

Owns those words, under twenty lines. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.cli.saying import count, plain, sign, size
from agent.layout import Layout
from support.analysers.analyser import Judgement
from support.bundle.course import Made
from support.bundle.record import BundleManifest
from support.cli.support_bundle_scene import runnable

_FOUND = 5  # judgements shown
_LEFT_OUT = 3


def last_words(made: Made, layout: Layout, *, contact: str) -> Iterator[str]:
    manifest = made.manifest
    kept = [each for each in manifest.files if not each.withheld]
    if not made.sealed.paths:
        yield f"{made.name} was written to standard output"
    for path in made.sealed.paths[:2]:
        yield plain(str(path))
    if len(made.sealed.paths) > 2:
        yield f"  and {len(made.sealed.paths) - 2} more, {made.sealed.paths[-1].name} the index"
    masked = sum(sum(each.redactions.values()) for each in kept)
    yield f"  {size(made.sealed.size)}, {count(len(kept), 'file')}, {masked:,} places masked"
    yield f"  sha256 {made.sealed.sha256}"
    yield f"  {_protection(manifest)}"
    if manifest.partial:
        yield f"{sign('warn')} it is not whole: {plain(manifest.partial)}"
    yield from _left_out(manifest)
    yield from _found(list(made.judgements), layout, whole=not manifest.partial)
    if manifest.consent.encrypted_to:  # whoever has no private key can still compare the digest
        yield f"Check it:       sha256sum {plain(_first(made))}"
    else:
        yield f"Look into it:   caretaker support-bundle open {plain(_first(made))} FOLDER"
    yield f"Signed with:    {manifest.key[:39]}  (tell the vendor)"
    if contact:
        yield f"Send it to:     {plain(contact)}"


def as_value(made: Made) -> dict[str, Any]:
    """The same for programs."""
    manifest = made.manifest
    return {
        "name": made.name,
        "file": _first(made),
        "files": [str(path) for path in made.sealed.paths],
        "size": made.sealed.size,
        "sha256": made.sealed.sha256,
        "partial": manifest.partial,
        "encrypted_to": manifest.consent.encrypted_to,
        "redaction": manifest.consent.redaction,
        "key": manifest.key,
        "collectors": list(manifest.collectors),
        "judgements": list(made.judgements),
        "notes": list(made.notes),
    }


def _first(made: Made) -> str:
    return str(made.sealed.paths[0]) if made.sealed.paths else "FILE"


def _protection(manifest: BundleManifest) -> str:
    consent = manifest.consent
    if consent.redaction == "off":
        return "NOT REDACTED: secrets and names are in it" + (
            f"; encrypted to {plain(consent.encrypted_to)}" if consent.encrypted_to else ""
        )
    if consent.encrypted_to:
        return f"encrypted to {plain(consent.encrypted_to)}: nobody else can read it, nor can you"
    return "not encrypted: send it only over a channel you trust"


def _left_out(manifest: BundleManifest) -> Iterator[str]:
    withheld = [each for each in manifest.files if each.withheld and each.why != manifest.partial]
    if withheld:
        first = f"{plain(withheld[0].name)}: {plain(withheld[0].why)}"
        yield f"  withheld: {count(len(withheld), 'file')}, as {first}"
    if manifest.consent.excluded:
        left_out, given = manifest.consent.excluded, [each.code for each in manifest.collectors]
        if len(left_out) > len(given):
            yield f"  as asked, only: {plain(', '.join(given))}"
        else:
            yield f"  left out as asked: {plain(', '.join(left_out))}"
    fine = ("done", "skipped")
    bad = [
        each
        for each in manifest.collectors
        if each.how not in fine and (not manifest.partial or each.why != manifest.partial)
    ]
    for each in bad[:_LEFT_OUT]:
        yield f"{sign('warn')} {each.code}: {each.how}, {plain(each.why)}"
    if len(bad) > _LEFT_OUT:
        yield f"  and {count(len(bad) - _LEFT_OUT, 'collector')} more did not end well"


def _found(judgements: list[Judgement], layout: Layout, *, whole: bool) -> Iterator[str]:
    # What it says of the bundle itself was said above.
    bad = [each for each in judgements if each.answer in ("fail", "warn") and each.code != "bundle"]
    if not bad and whole:
        yield f"{sign('pass')} nothing wrong was found in it"
    for each in bad[:_FOUND]:
        advice = f"; try: {plain(runnable(each.advice, layout))}" if each.advice else ""
        yield f"{sign(each.answer)} {plain(each.summary)}{advice}"
    if len(bad) > _FOUND:
        yield f"  and {len(bad) - _FOUND} more: report.html in it has them all"
