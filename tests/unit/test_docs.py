"""The documents say what the code says."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import click
import pytest

from agent import errors
from agent.api import metrics
from agent.api.access import Access
from agent.api.app import create_app
from agent.cli.program import program
from agent.host.clock import Clock
from agent.host.resources import Resources
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.probe import routes
from agent.probe.answers import Answers
from agent.probe.snapshot import CheckState, Snapshot
from agent.probe.state import State
from setup.outcome import EXITS
from tests.unit.test_api import REPORT, Daemon

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES_BY_HAND = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


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
    assert re.findall(r"^### `([a-z-]+)`$", text, re.MULTILINE) == list(errors.CODES)


def rows(page: str, after: str = "", before: str = "\n## ") -> list[list[str]]:
    """The cells of the tables of a page, from one heading to the next."""
    text = (DOCS / page).read_text()
    if after:
        text = text.partition(f"{after}\n")[2].partition(before)[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def code_in(cell: str) -> str:
    found = re.match(r"`([^`]+)`", cell)
    return found[1] if found else ""


PROBED = [row for row in rows("reference/endpoints.md", "## The probe plane") if "/" in row[0]]


def test_every_path_of_the_probe_plane_is_documented() -> None:
    prefixes = [f"{prefix}NAME" for prefix, _ in routes._PREFIXES]
    assert sorted(code_in(row[0]) for row in PROBED) == sorted([*routes._FIXED, *prefixes])


@pytest.mark.parametrize(("status", "column"), [("pass", 2), ("fail", 3)])
@pytest.mark.parametrize("row", PROBED, ids=lambda row: row[0])
def test_the_probe_plane_answers_as_documented(row: list[str], status: str, column: int) -> None:
    answers = Answers(8192)
    checks = [CheckState("name", status, level="live", groups=["name"])]
    snapshot = Snapshot(
        live=status, ready=status, reason=status, checks=checks, groups={"name": status}
    )
    answers.show(State(snapshot.wire))
    path = code_in(row[0]).replace("NAME", "name")
    for method in ("GET", "HEAD", "OPTIONS"):
        reply, _, _ = answers.reply(f"{method} {path} HTTP/1.1\r\n\r\n".encode(), remote=True)
        # "404 while draining, else 503": nothing drains here.
        assert reply.split(b" ")[1].decode() in re.findall(r"\d{3}", row[column])[-1:]


def test_every_route_of_the_local_api_is_documented() -> None:
    app = create_app(Daemon(), Access(0, ""), Clock())
    there = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {code_in(row[0]) for row in rows("reference/endpoints.md", "## The local API")}
    assert {each for each in told if each.startswith(("GET", "POST"))} == there


def test_every_metric_is_documented() -> None:
    resources = Resources(Clock(), ROOT)
    resources.read()
    text, _ = metrics.render(REPORT, resources.read())
    there = {line.split(b" ")[2].decode() for line in text.splitlines() if b"# HELP" in line}
    cells = [row[0] for row in rows("reference/endpoints.md", "### Metrics")]
    told = {name for cell in cells for name in re.findall(r"`(caretaker_\w+)`", cell)}
    assert {name.removesuffix("_total") for name in told} == {
        name.removesuffix("_total") for name in there
    }


def test_every_place_of_the_layout_is_documented() -> None:
    layout = Layout(Path("/"), "<app>")
    text = (DOCS / "reference/files.md").read_text()
    places = {
        name: value
        for name, field in vars(Layout).items()
        if isinstance(field, property) and isinstance(value := getattr(layout, name), Path)
    }
    assert len(places) > 20
    assert {name: place for name, place in places.items() if str(place) not in text} == {}


def test_every_exit_status_is_documented() -> None:
    families = errors.CaretakerError.__subclasses__()
    command = {row[0] for row in rows("reference/exit-codes.md", "## `caretaker`")}
    assert {str(family.exit_status) for family in families} <= command
    setup = {row[0] for row in rows("reference/exit-codes.md", "## `setup.sh`")}
    assert {str(status) for status in EXITS.values()} <= setup


def test_every_dependency_has_its_reason_and_no_other_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[<>=;\[ ]", each)[0] for group in groups for each in group}
    told = {row[0] for row in rows("explanation/dependencies.md")} - {"package"}
    assert told == names


def said_commands() -> list[tuple[str, str]]:
    """Every line of a document that calls the command: (page, words after `caretaker`)."""
    found = []
    for page in PAGES_BY_HAND:
        text = re.sub(r"```text.*?```", "", page.read_text(), flags=re.DOTALL)
        text = text.replace("\\|", "")
        spans = re.findall(r"`((?:sudo )?caretaker [^`]+)`", text)
        blocks = re.findall(r"^ {4,}(?:\$ )?((?:sudo )?caretaker .+)$", text, re.MULTILINE)
        name = str(page.relative_to(ROOT))
        found += [(name, each.partition("caretaker ")[2]) for each in (*spans, *blocks)]
    return found


def known_words(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words call, and its words: groups are walked into."""
    command: click.Command = program
    while isinstance(command, click.Group) and words:
        inner = command.get_command(click.Context(command), words[0])
        if inner is None:
            break
        command, words = inner, words[1:]
    return command, words


@pytest.mark.parametrize(("page", "words"), said_commands())
def test_a_command_in_a_document_exists(page: str, words: str) -> None:
    plain = re.split(r"\s(?:#|&&|>|\||  )", f"{words} ")[0]
    parts = re.sub(r"^--root \S+ ", "", plain).split()
    if parts[0].startswith("--"):
        options, rest = {name for each in program.params for name in each.opts}, parts
    else:
        command, rest = known_words(parts)
        assert command is not program, f"{page}: there is no verb {parts[0]!r}"
        options = {name for each in command.params for name in each.opts}
    used = {part for part in rest if re.match(r"-[a-zA-Z-]", part)}
    assert used - options - {"--help"} == set(), page


def test_paths_given_to_load_balancers_are_answered() -> None:
    text = (DOCS / "how-to/load-balancers.md").read_text()
    paths = set(re.findall(r"(?<![\w.])/(?:healthz|livez|readyz|health/\w+)", text))
    assert len(paths) >= 5
    assert {path for path in paths if routes.route(path)[0] == routes.NONE} == set()


def test_whole_manifests_in_documents_are_right() -> None:
    blocks = [
        (page, block)
        for page in PAGES_BY_HAND
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
        if "[appliance]" in block
    ]
    for page, block in blocks:
        assert parse(block, file=str(page)).appliance.name


def test_the_benches_that_figures_names_exist() -> None:
    text = (DOCS / "explanation/figures.md").read_text()
    for suite, name in re.findall(r"python -m bench\.(\w+)(?: +([a-z]+))?", text):
        folder = ROOT / "bench" / suite / "__main__.py"
        assert folder.exists() or folder.parent.with_suffix(".py").exists()
        assert not name or re.search(rf'"{name}"', folder.read_text()), f"{suite} {name}"
