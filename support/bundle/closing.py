"""What stands at the end of a bundle: analysis, timeline, report, manifest and its signature.

Owns composing them, and that each passes the refinery's last gate before it is packed. Refuses raw
input: all of it is drawn from files that were redacted.
"""

from __future__ import annotations

import hashlib

import msgspec

from agent.errors import MachineError
from support.analysers.analyser import Judgement
from support.analysers.study import analysis_json, timeline_json
from support.bundle import record, sign
from support.bundle.beginning import Begun
from support.bundle.messages import Ready
from support.bundle.record import BundleManifest, Entry
from support.bundle.refinery import Refinery
from support.report.page import render
from support.scene import Scene, is_inside


def close(
    begun: Begun,
    ready: Ready,
    refinery: Refinery,
    key: sign.Signer,
    partial: str,
) -> tuple[BundleManifest, list[Judgement]]:
    """Put the last files in. DiskFull, FileFailure, Lost, RefusedError."""
    making = begun.making
    study = begun.study
    manifest = BundleManifest(
        header=begun.header,
        consent=begun.consent,
        engine=ready.engine,
        selftest=ready.selftest,
        collectors=tuple(making.collectors),
        files=tuple(making.files),
        partial=partial,
        key=key.fingerprint,
    )
    # How collectors fared is judged too; whoever reads the finished bundle sees the same in it.
    study.take([(record.MANIFEST, [shaped(manifest)])])
    judgements, moments = study.judgements(), study.timeline()
    texts = (
        (record.ANALYSIS, analysis_json(judgements)),
        (record.TIMELINE, timeline_json(moments)),
        (record.REPORT, render(manifest, judgements, moments, study.samples(), study.facts())),
    )
    # All pass the gate before any is packed: so it can be begun again with another refinery.
    entries = tuple(_entry(name, refinery.check(name, content)) for name, content in texts)
    manifest = msgspec.structs.replace(manifest, files=(*making.files, *entries))
    written = refinery.check(record.MANIFEST, shaped(manifest))
    signature = (record.SIGNATURE, key.sign(written))
    for name, content in (*texts, (record.MANIFEST, written), signature):
        making.packer.put(name, content)
    making.packer.finish()
    return manifest, judgements


def _entry(name: str, content: bytes) -> Entry:
    return Entry(
        name=name,
        collector="caretaker",
        origin="drawn from the files here",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        seconds=0.0,
    )


def shaped(value: object) -> bytes:
    """JSON that people can read too; the same value gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def key_of(scene: Scene, notes: list[str]) -> sign.Signer:
    """This machine's key; one for this once where its disk takes no file, or leads elsewhere."""
    if scene.rescue and not is_inside(scene.layout):
        notes.append("signed with a key for this once: the disk's own is not on it")
        return sign.fresh()
    try:
        return sign.signer(scene.layout)
    except MachineError as error:
        notes.append(f"signed with a key for this once: {error.message}")
        return sign.fresh()
