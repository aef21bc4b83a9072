"""The appliance's own manifest: missing, or not to be read, so that nothing of it is known."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document, text_of
from support.analysers.telling import failed, passed, unknown
from support.bundle.record import MANIFEST

APPLIANCE = "configuration/appliance.toml"
_ADVICE = "caretaker manifest check"
_LONGEST = 1 << 20  # characters; ours refuses more, too


class _Header(msgspec.Struct):
    version: str | None = None


class _Manifest(msgspec.Struct):
    header: _Header | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    bundle = document(evidence, MANIFEST, _Manifest)
    # The version comes out of the manifest; the name may have been found elsewhere.
    version = bundle.header.version if bundle is not None and bundle.header is not None else None
    text = text_of(evidence, APPLIANCE)
    wrong = _wrong(text) if text is not None else ""
    if wrong or (text is not None and version == ""):
        words = f"The manifest can't be read: {wrong or 'what it says makes no sense'}"
        yield failed(words, [cite(evidence, APPLIANCE, text=words)], _ADVICE)
    elif version == "":
        words = "There is no manifest, so what only it knows is not in this bundle"
        yield failed(words, [cite(evidence, MANIFEST, '"version"', words)], _ADVICE)
    elif text is None:
        yield unknown("The manifest was not collected", advice=_ADVICE)
    else:
        yield passed("The manifest can be read")


def _wrong(text: str) -> str:
    if len(text) > _LONGEST:
        return "it is too long"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return str(error)
    except RecursionError:
        return "it is nested too deep"
    return ""


ANALYSER = Analyser(code="manifest", title="Manifest", judge=judge, reads=(MANIFEST, APPLIANCE))
