"""Fixtures of the machine tests: root file systems, machines, the wheelhouse, logs on failure."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.machine import appliance as appliances
from tests.machine import container, ledgerbook, ready, rootfs
from tests.machine import wheelhouse as wheels
from tests.machine.checkout import SOURCE
from tests.machine.ledgerbook import Vendor
from tests.machine.machine import TOOL, Machine, boot

Boot = Callable[..., Machine]
HERE = Path(__file__).parent
MACHINES = pytest.StashKey[list[Machine]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.machine)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Runs while the fixtures still stand, so the machines can be asked."""
    report = yield
    if report.when == "call" and report.failed:
        for machine in item.stash.get(MACHINES, []):
            report.sections.append((f"machine {machine.name}", machine.report()))
    return report


@pytest.fixture(scope="session", autouse=True)
def _host_can_run_machines() -> None:
    missing = container.missing_tools()
    if missing:
        give_up(f"machine tests need {', '.join(missing)}")
    container.sweep()


def give_up(reason: str) -> NoReturn:
    """Skip at home, fail in CI: there a missing tool must not look like a passed test."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def roots() -> Callable[[str], Path]:
    """``roots("trixie")``: the root of that name, built when it is not there yet.

    ``ready`` is bookworm with Caretaker's libraries, as on a golden image.
    """

    def find(name: str) -> Path:
        try:
            return ready.build() if name == ready.NAME else rootfs.build(name)
        except rootfs.RootfsError as error:
            give_up(str(error))

    return find


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our wheel and every locked runtime wheel for bookworm's Python."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    for wheel in wheels.locked_wheels().glob("*.whl"):
        shutil.copy2(wheel, folder)
    wheels.build_ours(folder)
    return folder


@pytest.fixture(scope="session")
def tool() -> Path:
    """An environment with the locked packages whose ``bin/caretaker`` runs the checkout."""
    return wheels.tool_environment(SOURCE)


@pytest.fixture
def machines(request: pytest.FixtureRequest, roots: Callable[[str], Path]) -> Iterator[Boot]:
    """Boot as many machines as the test wants: ``machines("trixie", hostname="db1", …)``.

    Takes what ``boot`` takes; the root is named (``bookworm`` unless said), or a ``disk``. All end
    with the test.
    """
    started = request.node.stash.setdefault(MACHINES, [])
    with ExitStack() as stack:

        def start(root: str | Path = "bookworm", **options: Any) -> Machine:
            label = request.node.name.removeprefix("test_").replace("_", "-")
            label = "".join(letter for letter in label if letter.isalnum() or letter == "-")
            tree = roots(root) if isinstance(root, str) else root
            machine = stack.enter_context(boot(tree, label=label, **options))
            started.append(machine)
            return machine

        yield start


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    """One bookworm machine: checkout at /src, tool at /opt/tool, no network but loopback."""
    return machines(binds_ro={TOOL: tool})


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tool, and ``examples/sochdb`` with its payload, as they are."""
    return _make_image(tmp_path_factory, quick=False)


@pytest.fixture(scope="session")
def quick_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with checks that look every second."""
    return _make_image(tmp_path_factory, quick=True)


def _make_image(tmp_path_factory: pytest.TempPathFactory, *, quick: bool) -> Path:
    try:
        return appliances.make_image(tmp_path_factory.mktemp("image"), quick=quick)
    except appliances.ApplianceError as error:
        give_up(str(error))


@pytest.fixture(scope="session")
def installed(roots: Callable[[str], Path], quick_image: Path) -> Iterator[Path]:
    """A disk on which SochDB was set up and the machine shut down in order; boot from it only."""
    brought = appliances.binds(quick_image, wheels.locked_wheels())
    with appliances.disk(roots(ready.NAME)) as tree:
        with boot(tree, label="installing", binds_ro=brought, options=appliances.KEEP) as machine:
            appliances.set_up(machine)
        yield tree


@pytest.fixture
def appliance(machines: Boot, installed: Path, quick_image: Path) -> Iterator[Machine]:
    """SochDB on a machine that has just booted, and is healthy."""
    brought = appliances.binds(quick_image, wheels.locked_wheels())
    machine = machines(installed, binds_ro=brought)
    machine.run(["caretaker", "health", "--wait", "20s"])
    yield machine
    machine.kill()  # An orderly end would drain first, for nobody.


@pytest.fixture(scope="session")
def ledgerbook_vendor(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Vendor:
    """Ledgerbook's vendor with the bundle of every version."""
    made = Vendor(tmp_path_factory.mktemp("vendor"), wheelhouse)
    for each in ledgerbook.VERSIONS:
        made.build(made.assemble(each))
    return made


@pytest.fixture(scope="session")
def ledgerbook_binds(
    ledgerbook_vendor: Vendor, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Ledgerbook 1.0 as on an image, and the libraries for it."""
    folder = tmp_path_factory.mktemp("image") / "image"
    return appliances.binds(ledgerbook_vendor.image("1.0", folder, "ledgerbook"), wheelhouse)


@pytest.fixture(scope="session")
def ledgerbook_disk(
    ledgerbook_binds: dict[str, Path], roots: Callable[[str], Path]
) -> Iterator[Path]:
    """A disk with Ledgerbook 1.0 and three entries; boot from it only."""
    with appliances.disk(roots(ready.NAME)) as tree:
        with boot(
            tree, label="books", binds_ro=ledgerbook_binds, options=appliances.KEEP
        ) as machine:
            ledgerbook.set_up(machine)
            for memo in ("March", "April", "May"):
                ledgerbook.book(machine, memo)
            machine.poweroff()
        yield tree


@pytest.fixture
def books_machine(
    ledgerbook_disk: Path, ledgerbook_vendor: Vendor, machines: Boot
) -> Iterator[Machine]:
    """Ledgerbook 1.0 on a machine that has just booted, and is healthy."""
    found = machines(ledgerbook_disk, binds_ro={ledgerbook.BUNDLES: ledgerbook_vendor.folder})
    found.run(["caretaker", "health", "--wait", "30s"], timeout=40)
    yield found
    found.kill()  # An orderly end would drain first, for nobody.
