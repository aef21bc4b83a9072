"""Fixtures of the image tests: the image, machines from it, and what is kept of each run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from agent.host.machine import Host
from packer.virtual.boot import PROBE
from packer.virtual.firmware import firmware_of
from packer.virtual.machine import Virtual, starting
from packer.virtual.seed import Seed
from packer.virtual.shape import Shape
from tests.image import golden as images
from tests.image.golden import Golden
from tests.machine.rootfs import cache_folder

HERE = Path(__file__).parent
NEEDED = ("qemu-system-x86_64", "qemu-img", "mkfs.vfat", "mcopy", "ssh", "ssh-keygen")

Start = Callable[..., AbstractContextManager[Virtual]]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "image: boots the golden image in QEMU (tests/image)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.image)
            # Everything is emulated; the first test that asks for the image may build it, too.
            item.add_marker(pytest.mark.timeout(3600))


def give_up(reason: str) -> NoReturn:
    """Skip at home, fail in CI: there a missing tool must not look like a passed test."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def host() -> Host:
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        give_up(f"image tests need {', '.join(missing)}")
    return Host()


@pytest.fixture(scope="session")
def golden(host: Host) -> Golden:
    try:
        return images.find()
    except images.NoImage as error:
        give_up(str(error))


@pytest.fixture(scope="session")
def kept() -> Path:
    """Where consoles and timings of the newest run stay: `CARETAKER_TEST_ARTEFACTS`."""
    asked = os.environ.get("CARETAKER_TEST_ARTEFACTS")
    folder = Path(asked) if asked else cache_folder() / "image-runs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def start(host: Host, golden: Golden, kept: Path) -> Start:
    """`with start("life", "uefi") as machine`: its console is kept under the name."""

    @contextmanager
    def begin(name: str, firmware: str = "bios", *, isolated: bool = True) -> Iterator[Virtual]:
        shape = Shape(golden.disk, firmware_of(firmware), (PROBE,), isolated=isolated)
        console = kept / f"{name}.serial.log"
        with starting(host, shape, Seed(f"i-{name}", name), keep=console) as machine:
            yield machine

    return begin


@pytest.fixture
def tell(kept: Path) -> Callable[[str, object], None]:
    """Keep figures under a name, and print them."""

    def keep(name: str, value: object) -> None:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        (kept / f"{name}.json").write_text(text + "\n")
        print(f"{name}: {text}")

    return keep
