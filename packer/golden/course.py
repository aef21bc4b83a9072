"""The course of a build: its steps in order, timed, logged, and ended in order.

Owns the order, the log of steps (`build.jsonl`) and what is said when it ends early. Refuses to go
on after a failure, and to leave a file under its last name that is not whole: steps rename.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.errors import CaretakerError, MachineError
from agent.host import files, trees
from agent.host.clock import rfc3339
from agent.host.failures import HostFailure
from packer.catalogue.store import Catalogue
from packer.golden import (
    appliance,
    environment,
    evidence,
    finish,
    foundation,
    machine,
    recording,
    sealing,
)
from packer.golden.build import Build
from packer.golden.record import Step
from packer.golden.step import BuildStep
from packer.signing.blob import sign_file


def _inputs(build: Build) -> str:
    evidence.look_ahead(build)
    sealing.look_ahead(build)
    return recording.begin(build)


def _environment(build: Build) -> str:
    build.environment = environment.bring(build)
    return build.environment.name


def _appliance(build: Build) -> str:
    return appliance.lay_out(build).name


def _template(build: Build) -> str:
    machine.prepare(build, [build.environment])
    if build.wanted.upload:
        kept = Path(build.wanted.upload)
        files.ensure_folder(kept.parent)
        trees.stage(build.places.upload, kept)
    return "four sources are valid"


def _machine(build: Build) -> str:
    build.golden = machine.run(build)
    return f"{build.golden.stat().st_size / (1 << 20):.0f} MiB before it is compressed"


STEPS = (
    BuildStep("inputs", "What goes in", _inputs),
    BuildStep("base", "Base disk", foundation.bring),
    BuildStep("payload", "The application's files", appliance.fetch),
    BuildStep("environment", "Caretaker and its libraries", _environment),
    BuildStep("appliance", "Release, manifest and keys", _appliance),
    BuildStep("template", "Packer's template, seed and key", _template),
    BuildStep("machine", "The machine that becomes the image", _machine),
    BuildStep("disks", "Compressed disks", finish.disks),
    BuildStep("sbom", "Lists of parts", evidence.sbom),
    BuildStep("scan", "Known flaws", evidence.scan),
    BuildStep("certify", "Certification for every marketplace", evidence.certify),
    BuildStep("marketplace", "Packages for three clouds", sealing.marketplace),
    BuildStep("provenance", "Provenance", sealing.prove),
    BuildStep("sign", "Signatures", sealing.sign),
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: every step that began, and the error of the last, if one."""

    steps: tuple[Step, ...]
    error: CaretakerError | None = None


def run(build: Build, steps: Sequence[BuildStep] = STEPS) -> Ended:
    """Every step until one fails. KeyboardInterrupt and SystemExit are logged and go on up."""
    done = build.steps
    lines: list[bytes] = []
    for number, step in enumerate(steps, start=1):
        build.told.step(step.name, f"[{number}/{len(steps)}] {step.title}")
        clock = build.host.clock
        begun, cpu = clock.monotonic(), clock.processor()
        words, error = "", None
        try:
            words = step.act(build)
        except CaretakerError as failure:
            error = failure
        except (HostFailure, OSError) as failure:
            error = MachineError("build-failed", f"{step.title}: {failure}",
                                 hint=f"tail {build.places.log}")  # fmt: skip
        except BaseException:  # an interruption is logged like a failure, and goes on up
            error = MachineError("build-failed", "interrupted", hint="run it again")
            done.append(_timed(build, step, begun, cpu, "", error))
            _log(build, lines, done[-1], "interrupted")
            recording.write(build, "failed")
            raise
        done.append(_timed(build, step, begun, cpu, words, error))
        _log(build, lines, done[-1], words)
        if error is not None:
            return _ended(build, error)
        if words:
            build.told.note(words)
    return _ended(build, None)


def _ended(build: Build, error: CaretakerError | None) -> Ended:
    """The record is written whatever the end, and signed where there is a key."""
    path = recording.write(build, "failed" if error is not None else "done")
    if build.signer is not None:
        sign_file(path, build.signer)
    Catalogue(build.catalogue).add(files.read_bytes(path), build.places.out)
    return Ended(tuple(build.steps), error)


def _timed(
    build: Build, step: BuildStep, begun: float, cpu: float, words: str,
    error: CaretakerError | None,
) -> Step:  # fmt: skip
    clock = build.host.clock
    seconds, spent = round(clock.monotonic() - begun, 2), round(clock.processor() - cpu, 2)
    if error is not None:
        return Step(step.name, seconds, spent, "failed", error.message)
    return Step(step.name, seconds, spent, "done" if words else "skipped")


def _log(build: Build, lines: list[bytes], step: Step, words: str) -> None:
    line = {"at": rfc3339(build.host.clock.wall()), **msgspec.to_builtins(step), "words": words}
    lines.append(msgspec.json.encode(line))
    # Whole each time: a dozen lines, and whoever follows never reads half of one.
    files.replace(build.places.log, b"\n".join(lines) + b"\n")
