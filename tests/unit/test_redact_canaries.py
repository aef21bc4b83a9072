"""The self-test of the redactor: it counts what was hidden, and one survivor is the end."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from agent.errors import MachineError
from support.redact.canaries import selftest
from support.redact.identities.identities import Identities
from support.redact.known.values import KnownValues
from support.redact.redactor import Redactor


class Blind:
    """Lets everything through, or everything but files of one name."""

    def __init__(self, sees: str = "") -> None:
        self.sees = sees

    def file(self, name: str, blocks: list[bytes], counts: Counter[str]) -> Iterator[bytes]:
        yield b"" if self.sees and name != self.sees else b"".join(blocks)


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor(KnownValues.none(), Identities(b"k" * 32))


def test_the_redactor_hides_canaries_of_every_kind(redactor: Redactor) -> None:
    hidden = selftest(redactor)
    kinds = {
        "command",
        "config",
        "env",
        "hash",
        "header",
        "key",
        "log",
        "positional",
        "token",
        "url",
    }
    assert set(hidden) == kinds
    assert sum(hidden.values()) >= 20


def test_it_costs_next_to_nothing(redactor: Redactor) -> None:
    times = []
    for _ in range(3):
        start = time.process_time()
        selftest(redactor)
        times.append(time.process_time() - start)
    assert min(times) < 0.05


@pytest.mark.parametrize(
    ("sees", "kind"), [("", "url"), ("config/app.yaml", "config"), ("files/.netrc", "positional")]
)
def test_one_survivor_is_the_end_and_is_not_named(sees: str, kind: str) -> None:
    with pytest.raises(MachineError) as caught:
        selftest(Blind(sees))
    assert caught.value.code == "redaction-failed"
    assert f"of the kind {kind};" in caught.value.message


def test_a_piece_that_is_left_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Half(Blind):
        def file(self, name: str, blocks: list[bytes], counts: Counter[str]) -> Iterator[bytes]:
            text = b"".join(blocks)
            yield text[: len(text) * 2 // 3]

    with pytest.raises(MachineError):
        selftest(Half())
