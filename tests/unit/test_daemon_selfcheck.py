"""What must hold before the watchdog is fed, and the mending of the probe child."""

from types import SimpleNamespace
from typing import Any

import pytest

from agent.daemon.selfcheck import BEAT, SelfCheck
from agent.daemon.silence import Silence
from agent.host import bell
from tests.unit.daemon_parts import HandClock, NotingProbe


class Agent:
    """The parts a self-check looks at, each of which can be broken."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.acts: list[tuple[str, str]] = []
        self.responds = self.echoes = self.api = self.lives = True
        self.age = 0.0
        self.revived = self.published = 0
        self.refuses = False
        self.pid = 4242
        parts: Any = SimpleNamespace(
            responds=lambda within: self.responds,
            publish_again=self._publish,
            age=lambda: self.age,
            echo=lambda timeout: self.echoes,
            alive=lambda: self.lives,
            revive=self._revive,
            pid=self.pid,
        )
        self.check = SelfCheck(
            self.clock, parts, parts, parts, api_alive=lambda: self.api, noted=self._note
        )

    def _publish(self) -> None:
        self.published += 1

    def _revive(self) -> bool:
        if self.refuses:
            raise OSError(11, "Resource temporarily unavailable")
        self.revived += 1
        self.lives = True
        return True

    def _note(
        self, act: str, *, outcome: str = "done", why: str = "", actor: str = "", target: str = ""
    ) -> None:
        self.acts.append((act, outcome))


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    pids: list[int] = []
    monkeypatch.setattr(bell, "end", pids.append)
    return pids


def test_all_well_is_no_complaint() -> None:
    assert Agent().check.complaint() == ""


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        ({"responds": False}, "engine is stuck"),
        ({"age": BEAT * 2}, "timetable has stood still for 20 s"),
        ({"echoes": False}, "probe child does not answer"),
        ({"api": False}, "local API has ended"),
    ],
)
def test_each_part_is_proved(breaks: dict[str, Any], words: str) -> None:
    agent = Agent()
    vars(agent).update(breaks)
    assert words in agent.check.complaint()


def test_a_child_that_stays_silent_is_ended_and_replaced(killed: list[int]) -> None:
    agent = Agent()
    agent.echoes = False
    for _ in range(2):
        assert agent.check.complaint()
    assert killed == []
    agent.check.complaint()
    assert killed == [agent.pid]
    agent.lives, agent.echoes = False, True
    assert agent.check.mend_child() is None
    assert (agent.revived, agent.published) == (1, 1)
    assert agent.check.complaint() == ""


def test_a_dead_child_is_replaced_at_once_and_one_that_dies_again_ever_later() -> None:
    agent = Agent()
    assert agent.check.mend_child() is None
    assert agent.revived == 0
    pauses = []
    for _ in range(7):
        agent.lives = False
        again = agent.check.mend_child()
        if again is not None:
            pauses.append(again - agent.clock.ticks)
            agent.clock.ticks = again
            assert agent.check.mend_child() is None
    assert pauses == [1, 2, 4, 8, 16, 30]
    assert agent.acts == [("probe-restart", "done")] * 7
    agent.clock.sleep(100)
    agent.lives = False
    assert agent.check.mend_child() is None


def test_a_child_that_cannot_be_forked_is_tried_again() -> None:
    agent = Agent()
    agent.lives, agent.refuses = False, True
    again = agent.check.mend_child()
    assert again is not None
    assert agent.acts == [("probe-restart", "failed")]
    agent.refuses = False
    agent.clock.ticks = again
    assert agent.check.mend_child() is None
    assert agent.revived == 1


def test_silence_is_noticed_only_after_its_time() -> None:
    clock, probe = HandClock(), NotingProbe()
    silence = Silence(clock, 60)
    clock.sleep(60)
    assert silence.complaint(probe) == ""
    clock.sleep(30)
    assert silence.complaint(probe) == "no balancer has probed for 90 s"
    probe.age = 5
    assert silence.complaint(probe) == ""
    probe.age = 61
    assert silence.complaint(probe) == "no balancer has probed for 61 s"
    silence.after = 0
    assert silence.complaint(probe) == ""
