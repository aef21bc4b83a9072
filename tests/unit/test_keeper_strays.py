"""What of a service left its session, so that no signal to the session reaches it."""

from dataclasses import dataclass

from agent.host.children import Child, Identity
from tests.unit.test_keeper import Course, FakeHands


@dataclass
class Strays(FakeHands):
    """Two descendants that are found by their parent only, while it runs."""

    def below(self, child: Child | None) -> list[Identity]:
        running = self.child is not None and self.child.status is None
        return [Identity(pid, pid) for pid in (300, 301)] if running else []


def test_descendants_of_another_session_are_woken_and_killed_with_it() -> None:
    course = Course(Strays(deaf=True))
    course.up()
    course.keeper.stop(course.now)
    course.wait(10.1)
    assert course.hands.log == ["start", "SIGTERM 1", "SIGCONT 2", "SIGKILL 3"]
