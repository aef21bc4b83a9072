"""The reference says what the code says."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from agent.errors import CODES

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = generator().PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run: python docs/generate.py"


def test_every_error_code_has_a_paragraph_and_no_other_has() -> None:
    text = (DOCS / "reference/errors.md").read_text()
    assert re.findall(r"^### `([a-z-]+)`$", text, re.MULTILINE) == list(CODES)
