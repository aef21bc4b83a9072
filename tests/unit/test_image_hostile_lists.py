"""Lists and statements of strangers: whatever stands where, it is read or refused with a code."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import CODES, CaretakerError
from packer.sbom import cyclonedx, spdx
from packer.sbom.parts import Parts
from packer.signing import dsse, provenance
from packer.vulnerabilities import listed, sarif_read, vex
from packer.vulnerabilities.data_file import open_data
from packer.vulnerabilities.matching import match
from tests.unit import image_tree
from tests.unit.image_flaws import OSV, TRACKER, openvex
from tests.unit.image_records import RECORD
from tests.unit.test_image_scan_cli import GRYPE, TRIVY
from tests.unit.test_image_signing import FIXED

WORDS = ["pkg:deb/debian/x@1?distro=", "pkg:", "CVE-2099-1", "0", "~", "1e999", "\0", "9" * 5000]
ODD = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False)),
        *(st.text(max_size=9), st.sampled_from(WORDS)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(told: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = told.items() if isinstance(told, dict) else enumerate(told)
    found: list[tuple[Any, ...]] = []
    for key, value in inner:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += places(value, (*path, key))
    return found


def spoilt(told: Any, at: int, odd: Any) -> bytes:
    again = deepcopy(told)
    found = places(again)
    *above, last = found[at % len(found)]
    node = again
    for key in above:
        node = node[key]
    node[last] = odd
    return json.dumps(again).encode()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return image_tree.parts_of(image_tree.make(tmp_path_factory.mktemp("hostile")))


def scanned(found: Parts, folder: Path, content: bytes) -> None:
    path = folder / "data"
    path.write_bytes(content)
    match(found, open_data(path), now=0)


def complaint_of(work: Callable[[], object]) -> CaretakerError | None:
    try:
        work()
    except CaretakerError as error:
        return error
    return None


Reader = Callable[[Parts, Path, bytes], object]
READERS: list[tuple[str, Any, Reader]] = [
    ("openvex", openvex("CVE-2099-1", "pkg:deb/debian/x", "2027-01-01"),
     lambda found, place, content: vex.read(content, "vex")),
    ("trivy", TRIVY, lambda found, place, content: sarif_read.read(content, "sarif")),
    ("grype", GRYPE, lambda found, place, content: sarif_read.read(content, "sarif")),
    ("osv", OSV, scanned),
    ("tracker", TRACKER, scanned),
    ("envelope", json.loads(provenance.statement(RECORD, FIXED)),
     lambda found, place, content: provenance.verified(content, FIXED.public)),
    ("statement", json.loads(provenance.payload(RECORD)),
     lambda found, place, content: provenance.builder(
         provenance.verified(dsse.seal(content, dsse.IN_TOTO, FIXED), FIXED.public))),
]  # fmt: skip


EXAMPLES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CASES = pytest.mark.parametrize(
    ("told", "read"), [row[1:] for row in READERS], ids=[row[0] for row in READERS]
)


@CASES
@EXAMPLES
@given(at=st.integers(0, 10_000), odd=ODD)
def test_a_spoilt_file_is_read_or_refused(
    found: Parts, tmp_path: Path, told: Any, read: Reader, at: int, odd: Any
) -> None:
    error = complaint_of(lambda: read(found, tmp_path, spoilt(told, at, odd)))
    assert error is None or (error.code in CODES and error.hint)


@CASES
@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"a":' * 200_000], ids=["lists", "maps"])
def test_a_file_without_a_bottom_is_refused(
    found: Parts, tmp_path: Path, told: Any, read: Reader, content: bytes
) -> None:
    assert complaint_of(lambda: read(found, tmp_path, content)) is not None


@pytest.mark.parametrize("render", [cyclonedx.render, spdx.render])
@EXAMPLES
@given(at=st.integers(0, 10_000), odd=ODD)
def test_a_spoilt_list_is_read_or_refused(
    found: Parts, tmp_path: Path, render: Any, at: int, odd: Any
) -> None:
    content = spoilt(json.loads(render(found)), at, odd)
    path = tmp_path / "osv"
    path.write_text(json.dumps(OSV))

    def work() -> None:
        match(listed.of_sbom(content, "sbom"), open_data(path), now=0)

    error = complaint_of(work)
    assert error is None or error.code == "sbom-invalid"
