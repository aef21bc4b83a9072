"""Licences: Debian's words and Python's in those of the SPDX list, and never a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from license_expression import get_spdx_licensing  # type: ignore[import-untyped]  # has no types

from packer.sbom import debian_copyright
from packer.sbom.licence_names import SURE, known, known_to_python
from packer.sbom.parts import UNKNOWN

SPDX = get_spdx_licensing()
HEAD = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"


def expression(field: str, package: str = "pkg") -> str:
    return debian_copyright.read(package, f"{HEAD}Files: *\nLicense: {field}\n").expression


@pytest.mark.parametrize(
    ("name", "spdx"),
    [
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("gpl-3.0+", "GPL-3.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("LGPLv3+", "LGPL-3.0-or-later"),
        ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
        ("GFDL-1.2", "GFDL-1.2-only"),
        ("Expat", "MIT"),
        ("BSD-3-Clause", "BSD-3-Clause"),
        ("GPL-3+ with Bison exception", "GPL-3.0-or-later WITH Bison-exception-2.2"),
        ("GPL-2 with Linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"),
    ],
)
def test_names_that_are_sure(name: str, spdx: str) -> None:
    assert known(name) == spdx
    assert expression(name) == spdx


@pytest.mark.parametrize(
    "name",
    ["GPL", "LGPL", "BSD", "Artistic", "MIT-style", "public-domain", "GPL-7", "LGPL-1",
     "GPL-2+ with OpenSSL exception", "GPL-2+ with Autoconf exception", "Apache", ""],
)  # fmt: skip
def test_names_that_are_not_sure_stay_what_they_are(name: str) -> None:
    assert known(name) == ""


def test_every_id_of_the_table_is_on_the_list() -> None:
    assert [spdx for spdx in SURE.values() if SPDX.unknown_license_keys(spdx)] == []


@pytest.mark.parametrize(
    ("field", "spdx"),
    [
        ("GPL-2 or Expat", "GPL-2.0-only OR MIT"),
        ("GPL-2 or Expat and ISC", "GPL-2.0-only OR (MIT AND ISC)"),
        ("GPL-2 or Expat, and ISC", "(GPL-2.0-only OR MIT) AND ISC"),
        ("LGPLv3+_or_GPLv2+", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
        ("Artistic or GPL-1+", "LicenseRef-pkg-Artistic OR GPL-1.0-or-later"),
        ("Expat and MIT", "MIT"),
    ],
)
def test_and_binds_tighter_than_or_unless_a_comma_parts_them(field: str, spdx: str) -> None:
    assert expression(field) == spdx


NAMES = st.sampled_from(
    ["GPL-2+", "Expat", "Artistic", "odd name", "x/y", "BSD", "GPL-3+ with Bison exception", "()",
     "AND", "or", "a or", "Ünı", "public-domain", "_", "-", "LicenseRef-x", "a" * 90]
)  # fmt: skip
FIELDS = st.lists(
    st.tuples(NAMES, st.sampled_from([" or ", " and ", ", and ", ", or ", "|", " "])),
    min_size=1,
    max_size=5,
).map(lambda pairs: "".join(name + how for name, how in pairs))


@given(FIELDS, st.sampled_from(["pkg", "lib++", "a.b-c"]))
def test_whatever_a_file_says_it_is_an_expression(field: str, package: str) -> None:
    said = debian_copyright.read(package, f"{HEAD}Files: *\nLicense: {field}\n")
    if not said.expression:
        assert said == UNKNOWN or not field.strip()
        return
    unknown = set(SPDX.unknown_license_keys(said.expression))
    assert unknown == set(said.texts)
    assert all(key.startswith("LicenseRef-") for key in unknown)


@given(st.text(max_size=300))
def test_noise_is_no_licence(noise: str) -> None:
    assert debian_copyright.read("pkg", noise) == UNKNOWN
    debian_copyright.read("pkg", HEAD + noise)


@pytest.mark.parametrize(
    ("told", "spdx"),
    [
        ("MIT", "MIT"),
        ("The MIT License (MIT)", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("OSI Approved :: MIT License", "MIT"),
        ("OSI Approved :: BSD License", ""),
        ("BSD", ""),
        ("Dual License", ""),
    ],
)
def test_what_projects_on_the_python_index_write(told: str, spdx: str) -> None:
    assert known_to_python(told) == spdx
