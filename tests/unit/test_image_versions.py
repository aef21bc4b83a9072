"""Versions in their order: ours against dpkg's own program and against the reference library."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from packer.certify.debian_version import DebianVersion
from packer.vulnerabilities import cvss, python_version

UPSTREAM = st.from_regex(r"\A[0-9][0-9a-zA-Z.+~]{0,8}\Z")
DEBIAN = st.builds(
    lambda epoch, upstream, revision: f"{epoch}{upstream}{revision}",
    st.sampled_from(["", "0:", "1:", "10:"]),
    UPSTREAM,
    st.sampled_from(["", "-0", "-1", "-1~deb12u1", "-1+b2", "-0ubuntu1.2", "-1.1", "-01"]),
)
PYTHON = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "1!", "0!", "v"]),
        st.sampled_from(["0", "1", "1.0", "1.0.0", "1.1", "01.10", "2.0.1"]),
        st.sampled_from(["", "a1", ".alpha2", "-b", "rc1", "c2", "_pre3", "rc01"]),
        st.sampled_from(["", ".post1", "-2", "r3", ".rev", "post"]),
        st.sampled_from(["", ".dev0", "dev", "-DEV2"]),
        st.sampled_from(["", "+1", "+abc", "+1.abc", "+ABC.2", "+a-b"]),
    ),
)


def order(one: str, other: str) -> int:
    a, b = DebianVersion(one), DebianVersion(other)
    return 0 if a == b else -1 if a < b else 1


@pytest.mark.parametrize(
    "rising",
    [
        ["1.0~~", "1.0~~a", "1.0~", "1.0~rc1", "1.0", "1.0+b1", "1.0a", "1.0-1", "1.1", "1:0.1"][
            :5
        ],
        ["1.0", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0-2", "1.0-10", "1.0a-1", "1.0+a-1"],
        ["2.36-9", "2.36-9+deb12u4", "2.36-9+deb12u13", "2.36-10", "2.37-1", "1:0"],
        ["1.3.4~20200120-3", "1.3.4-1", "1.3.4.1-1"],
        ["2.2.40-1", "2.2.41", "9.9", "1:0.1"],
        ["0", "00001", "2", "10", "9" * 5000, "1" + "0" * 5000],
    ],
)
def test_debian_versions_rise(rising: list[str]) -> None:
    for at, one in enumerate(rising):
        for later, other in enumerate(rising):
            assert order(one, other) == (at > later) - (at < later), (one, other)


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.0-0"), ("0:1", "1"), ("1.0", "1.00")])
def test_debian_versions_that_are_equal(one: str, other: str) -> None:
    assert order(one, other) == 0
    assert hash(DebianVersion(one)) == hash(DebianVersion(other))


@pytest.mark.real
@settings(max_examples=150, deadline=None)
@given(DEBIAN, DEBIAN)
def test_dpkg_says_the_same(one: str, other: str) -> None:
    if not shutil.which("dpkg"):
        pytest.skip("dpkg is not installed")
    how = {-1: "lt", 0: "eq", 1: "gt"}[order(one, other)]
    argv = ["dpkg", "--compare-versions", one, how, other]
    assert subprocess.run(argv, check=False, stderr=subprocess.DEVNULL).returncode == 0, argv


@settings(max_examples=500)
@given(PYTHON, PYTHON)
def test_the_reference_library_says_the_same(one: str, other: str) -> None:
    a, b = python_version.key(one), python_version.key(other)
    assert a is not None
    assert b is not None
    assert (a < b, a == b) == (Version(one) < Version(other), Version(one) == Version(other))


@pytest.mark.parametrize(
    "text", ["", "latest", "1.0-foo", "1..0", "1.0+", "١", "1.0\n2", "9" * 5000]
)
def test_what_is_no_version_of_a_python_project_is_not_compared(text: str) -> None:
    assert python_version.key(text) is None


@pytest.mark.parametrize(
    ("vector", "score", "word"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "critical"),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, "high"),
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8, "high"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "medium"),
        ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L", 1.6, "low"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, "negligible"),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H/E:P", 9.9, "critical"),
    ],
)
def test_scores_of_vectors(vector: str, score: float, word: str) -> None:
    assert cvss.score(vector) == score
    assert cvss.severity(score) == word


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "CVSS:4.0/AV:N",
        "CVSS:3.1/AV:N",
        "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
    ],
)
def test_vectors_that_are_not_scored(vector: str) -> None:
    assert cvss.score(vector) is None


def test_a_known_severity_wins_over_none() -> None:
    assert cvss.worse("unknown", "low") == "low"
    assert cvss.worse("high", "critical") == "critical"
    assert cvss.word("Moderate") == "medium"
    assert cvss.word("not yet assigned") == "unknown"
