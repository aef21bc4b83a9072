"""The shape of the tree: sizes, names, packages, and nothing in it about where it was written."""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.unit import house

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
CODE = ("agent", "setup", "support", "tests", "bench", "docs", "examples", "packer", "requirements")

# Names that say nothing about what is inside and so attract everything.
EMPTY_NAMES = frozenset(("base", "common", "helper", "helpers", "manager", "misc", "util", "utils"))

# Spelled in two halves, so that this file may hold them.
PLACES = ("/wo" + "rk/", "/ro" + "ot/.", "py" + "env")

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def scripts() -> list[Path]:
    """Shell scripts and executables without a suffix."""
    return [
        path
        for path in house.tree()
        if path.suffix in {".sh", ""} and read(path).startswith(("#!/bin/sh", "#!/bin/bash"))
    ]


def read(path: Path) -> str:
    return (house.REPOSITORY / path).read_text(errors="replace")


@pytest.mark.parametrize("path", [*house.python_files(*CODE), *scripts()], ids=str)
def test_a_file_is_short_enough_to_be_read(path: Path) -> None:
    assert len(read(path).splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", house.python_files(*CODE), ids=str)
def test_functions_are_short(path: Path) -> None:
    functions = [node for node in ast.walk(house.parsed(path)) if isinstance(node, FUNCTIONS)]
    long = {one.name: size for one in functions if (size := lines_of(one)) > LONGEST_FUNCTION}
    assert long == {}


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, the docstring not counted."""
    assert function.end_lineno
    size = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno:
        size -= first.end_lineno - first.lineno + 1
    return size


def test_names_say_something() -> None:
    named = {
        path: EMPTY_NAMES & {part.split(".")[0] for part in path.parts} for path in house.tree()
    }
    assert {path: names for path, names in named.items() if names} == {}


def test_there_is_no_setup_py() -> None:
    # `python -m setup` would find it in the wrong place, and pip would run it.
    assert [path for path in house.tree() if path.name == "setup.py"] == []


@pytest.mark.parametrize("folder", ["systemd", "requirements", "docs"])
def test_a_folder_that_must_not_be_imported_is_no_package(folder: str) -> None:
    # systemd-python owns the import name `systemd`; the others are no part of the product.
    inside = house.python_files(folder)
    assert [path for path in inside if path.name == "__init__.py" or folder == "systemd"] == []


def inits() -> list[Path]:
    return [path for path in house.python_files(*CODE) if path.name == "__init__.py"]


@pytest.mark.parametrize("path", inits(), ids=str)
def test_a_package_opens_with_a_docstring_and_holds_no_logic(path: Path) -> None:
    body = house.parsed(path).body
    assert ast.get_docstring(house.parsed(path)), "say what the package owns"
    assert [ast.unparse(node) for node in body[1:] if not is_plain(node)] == []


def is_plain(node: ast.stmt) -> bool:
    """An import, or a tuple written out under a name."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return isinstance(node.value, ast.Tuple)
    return False


@pytest.mark.parametrize("path", house.python_files(*house.PRODUCT), ids=str)
def test_a_module_opens_with_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(house.parsed(path))


def test_the_packages_written_out_are_the_packages_there_are() -> None:
    project = tomllib.loads(house.text(Path("pyproject.toml")))
    folders = {path.parent for path in house.python_files(*house.PRODUCT)}
    assert sorted(project["tool"]["setuptools"]["packages"]) == sorted(
        ".".join(folder.parts) for folder in folders
    )


def test_data_files_of_the_packages_exist() -> None:
    project = tomllib.loads(house.text(Path("pyproject.toml")))
    for package, patterns in project["tool"]["setuptools"].get("package-data", {}).items():
        folder = house.REPOSITORY / package.replace(".", "/")
        assert [pattern for pattern in patterns if not list(folder.glob(pattern))] == []


# They speak of the home of the root account of the machine that is judged or hardened.
OF_JUDGED = ("bench/certify/", "packer/certify/", "packer/harden/", "tests/unit/")


@pytest.mark.parametrize("word", PLACES)
def test_nothing_says_where_it_was_written(word: str) -> None:
    places = [path for path in house.tree() if word in read(path)]
    if word == PLACES[1]:
        places = [path for path in places if not str(path).startswith(OF_JUDGED)]
    assert places == []


def test_nothing_is_left_for_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "X" * 3 + ":")
    left = [path for path in house.tree() if any(mark in read(path) for mark in marks)]
    assert left == []
