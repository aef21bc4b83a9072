"""Secrets in the names of files: whoever may write in a folder may call a file anything."""

import re
from pathlib import Path

import pytest

from agent.errors import CaretakerError
from support.collectors import names
from support.redact.identities.identities import Identities
from support.redact.known.values import Known, KnownValues
from support.redact.own import OwnPattern
from support.redact.redactor import Redactor
from support.redact.rule import LineRule

KEY = bytes(range(32))
BIRD = "Zx81hsgaQ1mKp04v"


def redactor(*own: OwnPattern) -> Redactor:
    return Redactor(KnownValues([Known(BIRD.encode(), "a test")]), Identities(KEY), own)


@pytest.mark.parametrize("written", [BIRD, BIRD.encode().hex(), f"x{BIRD}y"])
def test_a_known_secret_is_taken_out_of_a_name(written: str) -> None:
    found = redactor().name(f"logs/shop/session-{written}.log")
    assert found.startswith("logs/shop/session-")
    assert "REDACTED-known-value" in found
    assert BIRD not in found
    assert BIRD.encode().hex() not in found


@pytest.mark.parametrize(
    "name",
    [
        "srv/ghp_" + "a1B2c3D4e5F6a7B8c9D0e1F2a3B4c5D6e7F8" + ".txt",
        "logs/get?token=Vq72hsgbQ1mLp04w.log",
        "logs/password=Vq72hsgbQ1.log",
    ],
)
def test_a_secret_by_its_shape_or_its_key_is_taken_out(name: str) -> None:
    found = redactor().name(name)
    assert "REDACTED-" in found
    assert "Vq72" not in found
    assert "a1B2c3D4" not in found
    assert redactor().name(found) == found


@pytest.mark.parametrize(
    "name",
    [
        "etc/pam.d/common-password", "journal/ssh-agent.service.log", "config/shop/secrets.md",
        "logs/shop/app.log.1", "certificates/certificates.json", "etc/shop/token_policy.conf",
    ],
)  # fmt: skip
def test_ordinary_names_stay(name: str) -> None:
    assert redactor().name(name) == name


def test_ones_own_pattern_hides_in_names_too() -> None:
    own = OwnPattern("own-customer", re.compile(rb"C-\d{6}"))
    assert redactor(own).name("logs/C-204711/a.log") == "logs/REDACTED-own-customer/a.log"


def test_a_rule_that_breaks_gives_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: bytes) -> list[object]:
        raise RuntimeError(BIRD)

    rule = LineRule("broken", "a test", (b"x",), broken)  # type: ignore[arg-type]  # it never gives
    monkeypatch.setattr("support.redact.redactor.LINE_RULES", (rule,))
    with pytest.raises(CaretakerError) as told:
        redactor().name(f"logs/{BIRD}.log")
    assert BIRD not in f"{told.value} {told.value.__cause__}"


def test_no_name_that_a_file_system_holds_is_cut_before_it_was_looked_at(tmp_path: Path) -> None:
    name = "n" * (255 - len(BIRD)) + BIRD
    assert names.safe(f"logs/{name}") == f"logs/{name}"
