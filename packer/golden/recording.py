"""The build record: who made what out of what, when, and how it ended.

Owns making it from a build, at its end and in the middle (provenance tells of it too). Refuses a
claim that the build did not see: a folder without git has no commit.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from agent.host import files
from agent.host.clock import rfc3339
from packer.golden import digests
from packer.golden.build import SOURCE, Build
from packer.golden.record import NAME, BuildRecord


def begin(build: Build) -> str:
    """What goes in, before anything is made. Raises FileFailure."""
    build.commit = _commit(build, build.places.appliance)
    build.inputs["manifest"] = hashlib.sha256(build.text).hexdigest()
    build.inputs["lock"] = digests.of_file(SOURCE / "requirements/runtime.lock")
    return f"commit {build.commit[:12]}" if build.commit else "no commit: not in git"


def of(build: Build, result: Literal["done", "failed"]) -> BuildRecord:
    return BuildRecord(
        id=build.id,
        application=build.app,
        version=build.manifest.appliance.version,
        architecture=build.wanted.architecture,
        base=build.base_name or build.wanted.base,
        begun=rfc3339(build.begun),
        ended=rfc3339(build.host.clock.wall()),
        who=build.who,
        commit=build.commit,
        inputs=dict(sorted(build.inputs.items())),
        steps=tuple(build.steps),
        artefacts=tuple(build.artefacts.values()),
        result=result,
        draft=build.wanted.draft,
    )


def write(build: Build, result: Literal["done", "failed"]) -> Path:
    """Into the output folder. Raises FileFailure."""
    path = build.places.out / NAME
    content = msgspec.json.format(msgspec.json.encode(of(build, result)), indent=2)
    files.replace(path, content + b"\n")
    return path


def _commit(build: Build, folder: Path) -> str:
    """Of the appliance's repository; `+` where files in its folder differ from it."""
    # It may belong to somebody else, as in CI; `status` would run what its configuration names as
    # a monitor. Its filters it runs all the same, as the build runs the manifest's own program.
    git = ["git", "-c", f"safe.directory={folder}", "-c", "core.fsmonitor=false", "-C", str(folder)]
    done = build.host.run([*git, "rev-parse", "HEAD"], timeout=30)
    head = done.stdout.strip()
    if not done.ok or len(head) != 40:
        return ""
    changed = build.host.run([*git, "status", "--porcelain", "--", "."], timeout=60)
    return head if changed.ok and not changed.stdout.strip() else f"{head}+"
