"""Evidence for the tests of analysers: files as collectors write them, by name."""

from __future__ import annotations

import json
from typing import Any

from support.analysers.analyser import Analyser, Judgement
from support.analysers.gather import Gathered
from support.analysers.judge import judge

NOW = 1_795_284_000.0  # 2026-11-21 18:00:00 UTC
CLOCK = {"time/clock.json": {"wall": NOW, "synchronised": True, "offset_seconds": 0.001}}


def asked(analyser: Analyser, files: dict[str, Any]) -> list[Judgement]:
    """What it makes of these files; a value that is no text or list of objects becomes JSON."""
    evidence = Gathered([analyser])
    for name, content in files.items():
        evidence.feed(name, content_of(name, content))
        evidence.close(name)
    return judge([analyser], evidence)


def content_of(name: str, content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode()
    if name.endswith(".jsonl") and isinstance(content, list):
        return "".join(json.dumps(each) + "\n" for each in content).encode()
    return json.dumps(content, indent=2).encode()


def answers(analyser: Analyser, files: dict[str, Any]) -> list[str]:
    return [each.answer for each in asked(analyser, files)]


def one(analyser: Analyser, files: dict[str, Any]) -> Judgement:
    """Its only judgement."""
    (found,) = asked(analyser, files)
    return found
