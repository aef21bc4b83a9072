"""What the house tests look at: the files of the project and what the product's code imports.

Walks the tree instead of asking git, so that a new file counts before it is added. Refuses to
judge; the tests do.
"""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PRODUCT = ("agent", "packer", "setup", "support")

# The folders of .gitignore, by the name they have anywhere in the tree.
IGNORED = frozenset(
    (
        *(".git", ".venv", ".caretaker", "__pycache__", ".hypothesis", ".mypy_cache"),
        *(".pytest_cache", ".ruff_cache", "build", "dist", "wheelhouse", "payload"),
    )
)
IGNORED_PATHS = frozenset(("bench/out",))


@dataclass(frozen=True)
class Import:
    """One imported name: ``module`` absolute, ``name`` empty for ``import module``."""

    module: str
    name: str
    line: int

    @property
    def reaches(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


@cache
def tree() -> tuple[Path, ...]:
    """Every file of the project, relative to the repository."""
    return tuple(sorted(_walk()))


def _walk() -> Iterator[Path]:
    for folder, below, names in os.walk(REPOSITORY):
        here = Path(folder).relative_to(REPOSITORY)
        below[:] = [name for name in below if not _ignored(here / name)]
        yield from (here / name for name in names)


def _ignored(folder: Path) -> bool:
    return (
        folder.name in IGNORED
        or folder.name.endswith(".egg-info")
        or folder.as_posix() in IGNORED_PATHS
    )


def python_files(*tops: str) -> list[Path]:
    """The Python files below the given folders, relative to the repository."""
    return [path for path in tree() if path.suffix == ".py" and path.parts[0] in tops]


@cache
def text(path: Path) -> str:
    return (REPOSITORY / path).read_text()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(text(path), filename=str(path))


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> list[Import]:
    """Everything the file imports, at its top or in a function, relative names made absolute."""
    package = list(path.parts[:-1])
    found: list[Import] = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, "", node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found += [Import(module, alias.name, node.lineno) for alias in node.names]
    return found


def is_below(module: str, *tops: str) -> bool:
    """Whether ``module`` is one of ``tops`` or inside one."""
    return any(module == top or module.startswith(f"{top}.") for top in tops)
