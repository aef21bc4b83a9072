"""Without root's rights, below a root of one's own: processes that may not be looked into."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.host import core_dumps, found, giving, starter

pytestmark = pytest.mark.real
NOBODY = 65534


def as_nobody(work: Callable[[], bool]) -> bool:
    """Whether it is true in a process that is nobody's and hidden, as the redactor is."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            core_dumps.hide()
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


def test_a_starter_starts_where_its_parent_is_hidden() -> None:
    def work() -> bool:
        one = starter.start(lambda asked, give: give([b"heard " + asked]))
        child = one.begin(b"you", longest=5.0)
        said = child.read(100, patience=5.0)
        child.end()
        one.stop()
        return said == b"heard you"

    assert as_nobody(work)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Not below pytest's own, which is closed to others."""
    with tempfile.TemporaryDirectory(prefix="caretaker-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_files_are_found_by_a_process_that_is_hidden(open_folder: Path) -> None:
    (open_folder / "a.log").write_text("one\n")
    seen: list[bytes] = []

    def work() -> bool:
        def look(give: giving.Give) -> None:
            for each in found.matching(Path("/"), f"{open_folder}/*.log"):
                give([each.real.encode()])

        child = giving.begin(look, longest=5.0)
        seen.append(child.read(4096, patience=5.0) or b"")
        child.end()
        return seen == [f"{open_folder}/a.log".encode()]

    assert as_nobody(work)
