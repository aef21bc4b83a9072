"""The kernel's word on the clock, from this very kernel."""

import pytest

from agent.host.time_sync import time_sync


@pytest.mark.real
def test_the_kernel_tells_how_the_clock_is_kept() -> None:
    facts = time_sync()
    # adjtimex(2): an unkept clock's error grows to 16 s and stays there.
    assert 0 <= facts.most <= 16
    assert abs(facts.offset) < 1
    assert facts.synchronised or facts.most > 0
