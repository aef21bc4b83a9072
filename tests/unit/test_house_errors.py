"""Only codes of the closed list are raised, and links in the documents lead somewhere."""

import ast
import re
from pathlib import Path

import pytest

from agent import errors
from tests.unit import house

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

FAMILIES = {
    name
    for name, thing in vars(errors).items()
    if isinstance(thing, type) and issubclass(thing, errors.CaretakerError)
}


def codes_raised(path: Path) -> list[str]:
    """The codes written out where the file makes an error of ours."""
    ours = {one.name for one in house.imports(path) if one.module == "agent.errors"} & FAMILIES
    return [
        str(first.value)
        for node in ast.walk(house.parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ours
        for first in node.args[:1]
        if isinstance(first, ast.Constant)
    ]


def test_only_codes_of_the_closed_list_are_raised() -> None:
    raised = {
        (code, path.as_posix())
        for path in house.python_files(*house.PRODUCT)
        for code in codes_raised(path)
    }
    assert raised, "the reader found no error at all"
    assert {(code, path) for code, path in raised if code not in errors.CODES} == set()


def documents() -> list[Path]:
    return [path for path in house.tree() if path.suffix == ".md"]


@pytest.mark.parametrize("path", documents(), ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    links = LINK.findall(FENCED.sub("", house.text(path)))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not leads_somewhere(path, link)] == []


def leads_somewhere(path: Path, link: str) -> bool:
    place, _, anchor = link.partition("#")
    target = (
        (house.REPOSITORY / path.parent / place).resolve() if place else house.REPOSITORY / path
    )
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text())


def anchors(document: str) -> set[str]:
    """The anchors a forge gives to headings: lower case, words joined by dashes."""
    found = HEADING.findall(FENCED.sub("", document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}
