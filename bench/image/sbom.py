"""The list of an image's parts: how long both formats take, whether others find them valid.

Owns the measuring. The clock runs from the open image to both documents' bytes; starting Python is
printed beside it. The libraries that could have written the documents instead are timed at it too.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cyclonedx.model.bom import Bom
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.spdx.parser.json.json_parser import parse_from_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_tools.spdx.writer.json.json_writer import write_document_to_stream

from bench.health.table import Bar, Report, write
from packer.certify.opening import open_tree
from packer.sbom import cyclonedx, spdx
from packer.sbom.collecting import parts
from packer.sbom.parts import Parts

BAR = 0.5  # seconds, both formats


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.image sbom", description=__doc__)
    parser.add_argument("image", type=Path, help="a golden image: raw or qcow2, or a folder")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args(words)
    return write("image-sbom", [measured(asked.image, asked.rounds)])


def measured(image: Path, rounds: int) -> Report:
    taken: list[tuple[float, float, float]] = []
    for _ in range(rounds):
        with open_tree(image) as subject:
            wall, cpu = time.perf_counter(), time.process_time()
            found = parts(subject.tree)
            collected = time.perf_counter() - wall
            one, two = cyclonedx.render(found), spdx.render(found)
            wall = time.perf_counter() - wall
            taken.append((wall, time.process_time() - cpu, collected))
    best = min(taken)
    median = sorted(taken)[len(taken) // 2]
    report = Report(f"Parts of {image.name}: {len(found.parts)}", ("what", "seconds", "bytes"))
    report.rows = [
        ["reading the image, best of runs", f"{best[2]:.3f}", ""],
        ["both formats, best of runs", f"{best[0]:.3f}", str(len(one) + len(two))],
        ["both formats, median of runs", f"{median[0]:.3f}", ""],
        ["processor's time of the median run", f"{median[1]:.3f}", ""],
        ["`caretaker sbom`, process and all", f"{_process(image):.3f}", str(len(one))],
        ["importing both libraries that could write them", f"{_imported():.3f}", ""],
        *_libraries(one, two),
    ]
    complaints = _complaints(one, two, found)
    report.bars = [
        Bar("both formats, median", median[0], BAR, "s"),
        Bar("complaints of validators", len(complaints), 0),
    ]
    report.notes = [*complaints[:10], *_notes(found, one, two)]
    report.figures = {"parts": len(found.parts), "seconds": [run[0] for run in taken]}
    return report


def _process(image: Path) -> float:
    how = "--root" if image.is_dir() else "--image"
    begun = time.perf_counter()
    argv = [sys.executable, "-m", "agent", "sbom", how, str(image), "--format", "cyclonedx"]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _imported() -> float:
    begun = time.perf_counter()
    code = "import cyclonedx.output.json, spdx_tools.spdx.writer.json.json_writer"
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begun


def _libraries(one: bytes, two: bytes) -> list[list[str]]:
    """The same documents, written by the libraries out of their own objects."""
    bom = _bom(one)
    document = _read_spdx(two)

    def spdx_written() -> int:
        stream = io.StringIO()
        write_document_to_stream(document, stream, validate=False)
        return len(stream.getvalue())

    rows = []
    for name, write_it in (
        ("cyclonedx-python-lib builds its objects", lambda: len(_bom(one).components)),
        ("spdx-tools builds its objects", lambda: len(_read_spdx(two).packages)),
        ("cyclonedx-python-lib writes it", lambda: len(JsonV1Dot6(bom).output_as_string())),
        ("spdx-tools writes it", spdx_written),
    ):
        seconds, size = _timed(write_it)
        rows.append([name, f"{seconds:.3f}", str(size) if "writes" in name else ""])
    return rows


def _bom(content: bytes) -> Any:
    return Bom.from_json(json.loads(content))  # type: ignore[attr-defined]  # made by its decorator


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    begun = time.perf_counter()
    size = work()
    return time.perf_counter() - begun, size


def _read_spdx(content: bytes) -> Any:
    with tempfile.NamedTemporaryFile(suffix=".spdx.json") as file:
        file.write(content)
        file.flush()
        return parse_from_file(file.name)


def _complaints(one: bytes, two: bytes, found: Parts) -> list[str]:
    told = []
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(one.decode())
    if error is not None:
        told.append(f"CycloneDX: {error}")
    told += [
        f"SPDX: {each.validation_message}" for each in validate_full_spdx_document(_read_spdx(two))
    ]
    for part in found.parts:
        if part.purl and PackageURL.from_string(part.purl).to_string() != part.purl:
            told.append(f"package URL: {part.purl}")
    return told


def _notes(found: Parts, one: bytes, two: bytes) -> list[str]:
    debs = [part for part in found.parts if part.kind == "deb"]
    licensed = sum(1 for part in debs if part.licence.expression)
    again = cyclonedx.render(found) == one and spdx.render(found) == two
    return [
        f"{len(debs)} packages, {licensed} with a machine-readable licence",
        f"rendered again: {'the same bytes' if again else 'OTHER BYTES'}",
        "valid by: JsonStrictValidator (published schema), validate_full_spdx_document, packageurl",
    ]
