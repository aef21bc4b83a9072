"""The list of parts: what is found in an image, both formats valid, and the same bytes twice."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.spdx.model.document import Document
from spdx_tools.spdx.parser.json.json_parser import parse_from_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from agent.cli.program import program
from agent.errors import CaretakerError, MachineError
from agent.host.clock import rfc3339
from packer.sbom import cyclonedx, debian_copyright, spdx
from packer.sbom.parts import Maker, Part, Parts
from tests.unit import image_tree
from tests.unit.image_tree import RELEASE


@pytest.fixture
def found(tmp_path: Path) -> Parts:
    return image_tree.parts_of(image_tree.make(tmp_path))


def by_name(found: Parts) -> dict[str, Part]:
    return {part.name: part for part in found.parts}


def test_everything_in_the_image_is_listed_once(found: Parts) -> None:
    assert [(part.kind, part.name, part.version) for part in found.parts] == [
        ("deb", "base-files", "12.4"),
        ("deb", "bash", "5.2.15-2+b7"),
        ("deb", "libc6", "2.36-9+deb12u13"),
        ("deb", "mawk", "1:1.3.4~20200120-3.1"),
        ("python", "First_One", "1.0"),
        ("python", "second.one", "2.0"),
        ("application", "shop", "1.1"),
        ("file", "bin/shop", "1.1"),
        ("file", "lib/libshop.so.1", "1.1"),
        ("tool", "caretaker", "0.1.0"),
    ]
    assert (found.image.name, found.image.version) == ("shop", "1.1")
    assert found.system.name == "debian-12"
    assert len({part.ref for part in found.parts}) == len(found.parts)


def test_a_package_says_who_made_it_under_which_licence_and_what_it_needs(found: Parts) -> None:
    bash = by_name(found)["bash"]
    assert bash.purl == (
        "pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64&distro=debian-12&upstream=bash%405.2.15-2"
    )
    assert bash.maker == Maker("Matthias Klose", "doko@debian.org", person=True)
    assert bash.summary == "GNU Bourne Again SHell"
    assert bash.source == ("bash", "5.2.15-2")
    assert [ref.partition("@")[0].rpartition("/")[2] for ref in bash.needs] == [
        "base-files", "libc6", "mawk"
    ]  # fmt: skip
    assert bash.licence.expression == (
        "((GPL-3.0-or-later OR LicenseRef-bash-Artistic) AND MIT)"
        " AND GFDL-1.3-no-invariants-or-later"
    )
    assert bash.licence.texts == {"LicenseRef-bash-Artistic": "Its text,\n\nin two paragraphs."}
    listed = b"d41d8cd98f00b204e9800998ecf8427e  bin/bash\n"
    assert bash.sums == hashlib.sha256(listed).hexdigest()
    libc = by_name(found)["libc6"]
    assert not libc.maker.person
    assert libc.list == "/var/lib/dpkg/info/libc6:amd64.md5sums"
    assert libc.purl.endswith("&upstream=glibc")
    assert by_name(found)["mawk"].licence.expression == ""


def test_a_python_project_is_read_from_its_metadata(found: Parts) -> None:
    first = by_name(found)["First_One"]
    assert first.purl == "pkg:pypi/first-one@1.0"
    assert first.licence.expression == "MIT OR Apache-2.0"
    assert first.maker == Maker("Ada Smith", "ada@example.org", person=True)
    assert first.homepage == "https://example.org/First_One"
    assert [ref.partition("#")[0] for ref in first.needs] == ["pkg:pypi/second-one@2.0"]
    assert first.sums == hashlib.sha256(b"first/__init__.py,,\n").hexdigest()
    assert by_name(found)["second.one"].licence.expression == ""


def test_programs_of_the_release_have_the_digest_of_their_bytes(found: Parts) -> None:
    program = by_name(found)["bin/shop"]
    assert program.sha256 == hashlib.sha256(b"\x7fELF and the rest").hexdigest()
    assert program.place == f"/{RELEASE}/bin/shop"
    shop = by_name(found)["shop"]
    assert shop.maker.name == "Example Ltd"
    assert program.ref in shop.needs


def cyclonedx_of(found: Parts) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(cyclonedx.render(found))
    return content


def test_cyclonedx_is_valid_and_its_graph_is_whole(found: Parts) -> None:
    text = cyclonedx.render(found).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = cyclonedx_of(found)
    known = {each["bom-ref"] for each in document["components"]}
    known.add(document["metadata"]["component"]["bom-ref"])
    graph = {each["ref"]: each.get("dependsOn", []) for each in document["dependencies"]}
    assert set(graph) == known
    reached, pending = set(), [document["metadata"]["component"]["bom-ref"]]
    while pending:
        ref = pending.pop()
        if ref not in reached:
            reached.add(ref)
            pending += graph[ref]
    assert reached == known
    # The library reads it too, and knows as many parts.
    again = Bom.from_json(document)  # type: ignore[attr-defined]  # made by its decorator
    assert len(again.components) == len(found.parts) + 1


def spdx_of(found: Parts, folder: Path) -> Document:
    path = folder / "read.spdx.json"
    path.write_bytes(spdx.render(found))
    return parse_from_file(str(path))


def test_spdx_is_valid(found: Parts, tmp_path: Path) -> None:
    document = spdx_of(found, tmp_path)
    assert [each.validation_message for each in validate_full_spdx_document(document)] == []
    assert len(document.packages) == len(found.parts) + 2
    assert {each.license_id for each in document.extracted_licensing_info} == {
        "LicenseRef-bash-Artistic"
    }


def test_package_urls_are_spelled_as_the_reference_library_spells_them(found: Parts) -> None:
    for part in found.parts:
        assert not part.purl or PackageURL.from_string(part.purl).to_string() == part.purl


def test_the_same_image_gives_the_same_bytes_and_another_one_others(
    tmp_path: Path, found: Parts
) -> None:
    again = image_tree.parts_of(image_tree.make(tmp_path / "again"))
    for render in (cyclonedx.render, spdx.render):
        assert render(again) == render(found)
    (tmp_path / "again/var/lib/dpkg/info/bash.md5sums").write_text("0" * 32 + "  bin/bash\n")
    other = image_tree.parts_of(tmp_path / "again")
    assert cyclonedx_of(other)["serialNumber"] != cyclonedx_of(found)["serialNumber"]
    one, two = (json.loads(spdx.render(each))["documentNamespace"] for each in (other, found))
    assert one != two


CLASHING = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: a
License: odd_one
 the one

Files: b
License: odd-one
 the other

Files: c
License: Permission is hereby granted, free of charge, to any person
 who asks

Files: d
License: Permission is hereby granted to nobody, whatever anybody pays
 and whoever asks
"""


def test_licences_whose_names_clash_keep_their_texts() -> None:
    read = debian_copyright.read("lib++", CLASHING)
    assert read.texts == {
        "LicenseRef-lib-plus-plus-odd-one": "the other",
        "LicenseRef-lib-plus-plus-odd-one.2": "the one",
        "LicenseRef-lib-plus-plus-other": "and whoever asks",
        "LicenseRef-lib-plus-plus-other.2": "who asks",
    }
    assert read.expression == " AND ".join(sorted(read.texts))


@pytest.mark.real
def test_the_bytes_do_not_depend_on_the_order_of_sets(tmp_path: Path) -> None:
    root = image_tree.make(tmp_path)
    (root / "usr/share/doc/bash/copyright").write_text(CLASHING)
    code = "from agent.cli.program import program; program()"
    argv = [sys.executable, "-c", code, "sbom", "--root", str(root), "--format", "spdx"]
    made = {
        subprocess.run(
            argv, check=True, capture_output=True, env={"PYTHONHASHSEED": str(seed)},
            cwd=Path(__file__).parents[2],
        ).stdout
        for seed in range(4)
    }  # fmt: skip
    assert len(made) == 1


def test_a_system_without_dpkg_is_no_empty_list(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    with pytest.raises(MachineError) as caught:
        image_tree.parts_of(tmp_path)
    assert caught.value.code == "image-invalid"


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    root = image_tree.make(tmp_path)
    status = image_tree.STATUS.replace("Matthias Klose", 'A\x1b[2J") (x').replace(
        "https://tiswww", "javascript:alert(1)//"
    )
    (root / "var/lib/dpkg/status").write_text(f"{status}\nPackage: \nStatus: a b c\n\nPackage")
    found = image_tree.parts_of(root)
    text = cyclonedx.render(found).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = spdx_of(found, tmp_path)
    assert [each.validation_message for each in validate_full_spdx_document(document)] == []
    assert "javascript" not in text


def test_a_link_out_of_the_image_is_not_followed(tmp_path: Path) -> None:
    root = image_tree.make(tmp_path / "root")
    (tmp_path / "secret").write_text("License: no")
    doc = root / "usr/share/doc/bash/copyright"
    doc.unlink()
    doc.symlink_to("../../../../../../secret")
    assert by_name(image_tree.parts_of(root))["bash"].licence.expression == ""


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_the_command_writes_or_prints_the_same(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795281600")
    root = image_tree.make(tmp_path / "root")
    out = tmp_path / "out.json"
    line = ["sbom", "--root", str(root), "--format", form]
    printed = CliRunner().invoke(program, line).stdout_bytes
    told = CliRunner().invoke(program, [*line, "-o", str(out)]).output
    assert told == f"{out}: {form}, 10 parts of shop\n"
    assert out.read_bytes() == printed
    assert rfc3339(1795281600).encode() in printed


def test_the_command_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    root = str(image_tree.make(tmp_path / "root"))
    both = ["--root", root, "--image", root]
    for words, status in ((both, 2), (["--root", root, "--digest"], 2),
                          (["--root", root, "-o", f"{root}/no/x"], 4)):  # fmt: skip
        done = CliRunner().invoke(program, ["sbom", *words])
        assert isinstance(done.exception, CaretakerError)
        assert done.exception.exit_status == status
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    assert isinstance(
        CliRunner().invoke(program, ["sbom", "--root", root]).exception, CaretakerError
    )
