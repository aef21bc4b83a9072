"""When an authority is asked, what is done with its answer, and what serves where it gives none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from agent.errors import CaretakerError, MachineError
from agent.host.spawn import Completed
from agent.layout import Layout
from agent.manifest.acme import Acme
from agent.manifest.model import Certificate
from agent.manifest.placeholders import Values
from agent.tls import asking, authority, judging, pair, placing
from agent.tls.moment import Moment
from agent.tls.order import Order, Outcome
from agent.tls.wanted import Wanted
from tests.scripted_host import NOW, ScriptedHost, completed, scripted_host, timed_out

NAME = "notes.example.org"
HMAC = "c2VjcmV0LW9mLXRoZS1jdXN0b21lcg"
DAY = 86400.0

ACME = Acme(
    directory="https://ca.example.org/dir",
    when="{setting:acme}",
    terms=True,
    kid="kid-1",
    hmac="{secret:hmac}",
)


def setting(answers: dict[str, str]) -> Values:
    return Values(paths={}, named={"setting": answers.__getitem__, "secret": lambda _: HMAC})


@pytest.fixture
def host(root: Path) -> ScriptedHost:
    return scripted_host(root)


@pytest.fixture
def wanted(host: ScriptedHost) -> Wanted:
    return Wanted(
        layout=Layout(host.root, "notes"),
        name="web",
        spec=Certificate(names=[NAME], acme=ACME),
        names=[NAME, "localhost"],
        moment=Moment(NOW, True, 0.0, 0.0, "one", 9000.0, False),
        host=host,
        values=setting({"acme": "true"}),
        declared=[NAME],
    )


def later(before: Wanted, seconds: float) -> Wanted:
    moment = replace(before.moment, now=before.moment.now + seconds)
    return replace(before, moment=moment)


def answers(host: ScriptedHost, outcome: Outcome | Completed | Callable[[Order], Outcome]) -> None:
    """What the child says from here on."""

    def child(argv: tuple[str, ...]) -> Completed:
        sent = host.inputs[-1]
        assert sent is not None
        order = msgspec.json.decode(sent, type=Order)
        said = outcome(order) if callable(outcome) else outcome
        text = said if isinstance(said, Completed) else msgspec.json.encode(said).decode()
        return completed(argv, text)

    import sys

    host.programs[sys.executable, "-I", "-m", "agent.tls.acme"] = child


def signed(order: Order, *, names: list[str] | None = None, own_key: bool = True) -> Outcome:
    """What an authority would give for the order."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    above = authority.make_authority("Public", now=NOW)
    leaf = authority.make_leaf(above, names or [NAME], now=NOW, days=90)
    if not own_key:
        return Outcome(chain=(leaf.certificate + above.certificate).decode(), account="https://a/1")
    request = x509.load_pem_x509_csr(order.csr.encode())
    key = serialization.load_pem_private_key(above.key, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    like = x509.load_pem_x509_certificate(leaf.certificate)
    builder = x509.CertificateBuilder(
        issuer_name=like.issuer,
        subject_name=like.subject,
        public_key=request.public_key(),
        serial_number=like.serial_number,
        not_valid_before=like.not_valid_before_utc,
        not_valid_after=like.not_valid_after_utc,
        extensions=[each for each in like.extensions if each.oid != x509.SubjectKeyIdentifier.oid],
    )
    made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return Outcome(chain=(made + above.certificate).decode(), account="https://a/1")


REFUSED = Outcome(trouble="proof", problem=f"{NAME}: connection refused (connection)")


def test_a_pair_comes_and_is_put_in_use(wanted: Wanted, host: ScriptedHost) -> None:
    answers(host, signed)
    folder = pair.make(wanted)
    assert placing.origin_of(folder).by == "acme"
    assert judging.decide(wanted) is None
    note = asking.note_of(wanted)
    assert (note.account, note.failures, note.again) == ("https://a/1", 0, 0.0)


def test_the_child_gets_what_it_needs_and_no_private_key(
    wanted: Wanted, host: ScriptedHost
) -> None:
    answers(host, signed)
    pair.make(wanted)
    sent = host.inputs[-1]
    assert sent is not None
    order = msgspec.json.decode(sent, type=Order)
    assert (order.kid, order.hmac, order.terms, order.user) == ("kid-1", HMAC, True, "")
    assert b"PRIVATE KEY" not in sent
    assert HMAC not in repr(order)
    assert HMAC not in " ".join(" ".join(words) for words in host.asked)


def test_the_customer_chooses(wanted: Wanted, host: ScriptedHost) -> None:
    off = replace(wanted, values=setting({"acme": "false"}))
    folder = pair.make(off)
    assert placing.origin_of(folder).by == "caretaker"
    assert not placing.origin_of(folder).fallback
    assert judging.decide(off) is None
    assert host.asked == []


def test_a_choice_that_was_taken_back_leaves_no_warning(wanted: Wanted, host: ScriptedHost) -> None:
    answers(host, REFUSED)
    assert placing.origin_of(pair.make(wanted)).fallback
    off = replace(wanted, values=setting({"acme": "false"}))
    assert pair.why_replace(off) != ""
    assert not placing.origin_of(pair.make(off)).fallback
    assert judging.decide(off) is None


def test_without_an_answer_our_own_serves_and_says_so(wanted: Wanted, host: ScriptedHost) -> None:
    answers(host, REFUSED)
    folder = pair.make(wanted)
    assert placing.origin_of(folder).by == "caretaker"
    found = judging.decide(wanted)
    assert found is not None
    assert (found.code, found.hint) == ("certificate-fallback", "caretaker tls renew web")
    assert "connection refused" in found.refusal
    assert "waits 60 min" in found.refusal


def test_the_pause_grows_and_then_it_is_asked_again(wanted: Wanted, host: ScriptedHost) -> None:
    answers(host, REFUSED)
    pair.make(wanted)
    pauses = []
    moment = wanted
    for _ in range(7):
        pauses.append(round(asking.waits(moment)))
        assert pair.why_replace(moment) == ""
        moment = later(moment, pauses[-1] + 1)
        assert pair.why_replace(moment) != ""
        with pytest.raises(MachineError) as caught:
            pair.issue(moment)
        assert caught.value.code == "authority-failed"
    assert pauses == [3600 * each for each in (1, 2, 4, 8, 16, 24, 24)]
    answers(host, signed)
    moment = later(moment, DAY + 1)
    pair.make(moment)
    assert judging.decide(moment) is None


def test_unasked_nobody_is_asked_too_early(wanted: Wanted, host: ScriptedHost) -> None:
    answers(host, REFUSED)
    pair.make(wanted)
    host.asked.clear()
    with pytest.raises(MachineError, match="the last order failed"):
        pair.issue(wanted)
    assert host.asked == []
    answers(host, signed)
    assert pair.issue(wanted, vouched=True).origin.by == "acme"  # a person may


def test_the_authority_may_ask_for_a_longer_pause_but_not_for_ever(
    wanted: Wanted, host: ScriptedHost
) -> None:
    answers(host, Outcome(trouble="authority", problem="too many", stay_away=3 * DAY))
    pair.make(wanted)
    assert asking.waits(wanted) == 3 * DAY
    answers(host, Outcome(trouble="authority", problem="too many", stay_away=1e12))
    with pytest.raises(CaretakerError):
        pair.issue(wanted, vouched=True)
    assert asking.waits(wanted) == 7 * DAY


def test_a_clock_that_steps_back_does_not_keep_us_waiting(
    wanted: Wanted, host: ScriptedHost
) -> None:
    answers(host, REFUSED)
    pair.make(later(wanted, 400 * DAY))
    assert asking.waits(wanted) == 0.0


def test_a_renewal_that_fails_keeps_the_pair_that_serves(
    wanted: Wanted, host: ScriptedHost
) -> None:
    answers(host, signed)
    folder = pair.make(wanted)
    due = later(wanted, 65 * DAY)
    found = judging.decide(due)
    assert found is not None
    assert (found.code, found.refusal) == ("certificate-expiring", "")
    answers(host, REFUSED)
    with pytest.raises(MachineError, match="connection refused"):
        pair.issue(due)
    assert placing.in_use(wanted.home) == folder
    again = judging.decide(due)
    assert again is not None
    assert "the last order failed" in again.refusal


def test_one_that_expired_makes_way_for_our_own(wanted: Wanted, host: ScriptedHost) -> None:
    answers(host, signed)
    pair.make(wanted)
    answers(host, REFUSED)
    over = later(wanted, 91 * DAY)
    assert pair.issue(over).origin.by == "caretaker"


@pytest.mark.parametrize("left", ["", "not json", "{}", "[]"])
def test_a_child_that_breaks_off_or_says_nonsense_is_a_failure(
    wanted: Wanted, host: ScriptedHost, left: str
) -> None:
    broken = Completed(("python",), 1, left, "Traceback\nMemoryError", 0.1)
    answers(host, broken)
    assert pair.issue(wanted).origin.by == "caretaker"
    assert asking.note_of(wanted).problem != ""
    assert asking.waits(wanted) == 3600


def test_a_child_without_end_is_a_failure(wanted: Wanted, host: ScriptedHost) -> None:
    answers(host, timed_out(["python"], 390.0))
    assert pair.issue(wanted).origin.by == "caretaker"
    assert "no end after 390 s" in asking.note_of(wanted).problem


def test_an_order_that_was_killed_counts(wanted: Wanted, host: ScriptedHost) -> None:
    def killed(_: Order) -> Outcome:
        raise KeyboardInterrupt

    answers(host, killed)
    with pytest.raises(KeyboardInterrupt):
        pair.issue(wanted)
    note = asking.note_of(wanted)
    assert (note.failures, note.problem) == (1, "the order was cut short")
    assert asking.waits(wanted) == 3600


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        (lambda _: Outcome(chain="no PEM"), "no chain of certificates"),
        (lambda order: signed(order, own_key=False), "another key"),
        (lambda order: signed(order, names=["else.example.org"]), f"not valid for {NAME}"),
        (lambda order: Outcome(chain=signed(order).chain + signed(order).chain), "hold together"),
        (lambda _: Outcome(chain="x" * (1 << 19)), "longer than any"),
    ],
)
def test_what_comes_is_checked(
    wanted: Wanted, host: ScriptedHost, chain: Callable[[Order], Outcome], words: str
) -> None:
    answers(host, chain)
    assert pair.issue(wanted).origin.by == "caretaker"
    assert words in asking.note_of(wanted).problem


def test_at_boot_and_in_setup_nobody_is_waited_for(wanted: Wanted, host: ScriptedHost) -> None:
    early = replace(wanted, orders=False)
    pair.make(early)
    found = judging.decide(early)
    assert found is not None
    assert (found.code, found.refusal) == (
        "certificate-fallback",
        "the authority is asked once the application runs",
    )
    assert host.asked == []
    now = judging.decide(wanted)
    assert now is not None
    assert now.refusal == ""


def test_a_clock_nobody_believes_asks_nobody(wanted: Wanted, host: ScriptedHost) -> None:
    back = replace(wanted, moment=Moment(1000.0, False, 0.0, 0.0, "one", 9000.0, False))
    assert pair.issue(back).origin.by == "caretaker"
    assert host.asked == []


@pytest.mark.parametrize(
    "name", ["localhost", "notes", "no_tes.example.org", "*.example.org", "a..b", "-a.example.org"]
)
def test_names_that_no_authority_can_sign_are_not_asked_for(
    wanted: Wanted, host: ScriptedHost, name: str
) -> None:
    with pytest.raises(MachineError, match="can't be shown"):
        pair._ordered(replace(wanted, declared=[name]), vouched=True)
    assert host.asked == []


def test_another_authority_gives_another_pair(wanted: Wanted, host: ScriptedHost) -> None:
    """From the trial directory to the real one: nobody trusts the pair of the first."""
    answers(host, signed)
    pair.make(wanted)
    acme = msgspec.structs.replace(ACME, directory="https://ca.example.net/dir")
    moved = replace(wanted, spec=Certificate(names=[NAME], acme=acme))
    assert "not from https://ca.example.net/dir" in pair.why_replace(moved)
    folder = pair.make(moved)
    assert placing.origin_of(folder).authority == "https://ca.example.net/dir"
    assert judging.decide(moved) is None


def test_a_secret_that_is_not_there_is_told(wanted: Wanted, host: ScriptedHost) -> None:
    def missing(_: str) -> str:
        raise MachineError("secret-missing", "the secret hmac was never made")

    values = Values(paths={}, named={"setting": lambda _: "true", "secret": missing})
    without = replace(wanted, values=values)
    assert pair.issue(without).origin.by == "caretaker"
    with pytest.raises(MachineError, match="never made"):
        pair._ordered(without, vouched=True)
