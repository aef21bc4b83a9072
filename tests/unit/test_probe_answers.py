"""States to bytes: paths, dialects, exclusions, and that nothing old is ever remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.probe import snapshot as words
from agent.probe.answers import CLOSE, KEEP, LINGER, Answers
from agent.probe.dialects import agent_line
from agent.probe.routes import NONE, route
from agent.probe.snapshot import CheckState, Snapshot
from agent.probe.state import State
from tests.unit.probe_client import GET, Response, parsed, snapshot

PATHS = (
    "/",
    "/healthz",
    "/readyz",
    "/livez",
    "/health",
    "/health/live",
    "/health/ready",
    "/readyz/db",
    "/healthz/api",
    "/livez/db",
    "/health/data",
    "/health/api",
)


def asked(state: State, raw: bytes) -> Response:
    answers = Answers(8192)
    answers.show(state)
    return parsed(answers.reply(raw, True)[0])


def ask(path: str, taken: Snapshot) -> Response:
    return asked(State(taken.wire), GET % path.encode())


FAILING = (
    CheckState("db", "pass", level="live", groups=("data",)),
    CheckState("api", "fail"),
    CheckState("disk", "fail", severity="warning", groups=("data",)),
)


def failing() -> Snapshot:
    return snapshot("fail", reason="fail", weight=0, checks=FAILING)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_200_while_all_is_well(path: str) -> None:
    for spelled in (path, path.rstrip("/") + "/", path + "?verbose"):
        response = ask(spelled, snapshot())
        assert response.status == 200
        assert response.body.startswith("pass\n")
        assert len(response.body) < 1024


@pytest.mark.parametrize("reason", ["starting", "stale"])
@pytest.mark.parametrize("path", PATHS)
def test_a_blind_child_fails_everything(path: str, reason: str) -> None:
    response = asked(State(reason=reason), GET % path.encode())
    assert (response.status, response.body) == (503, f"fail {reason}\n")
    assert response.headers["X-Load-Balancing-Endpoint-Weight"] == "0"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("ready", ["pass", "warn", "fail"])
def test_the_status_does_not_depend_on_the_method(path: str, ready: str) -> None:
    state = State(snapshot(ready, reason=ready if ready != "pass" else "ok").wire)
    get, head, options = (
        asked(state, b"%s %s HTTP/1.1\r\nConnection: close\r\n\r\n" % (method, path.encode()))
        for method in (b"GET", b"HEAD", b"OPTIONS")
    )
    assert get.status == head.status == options.status
    assert head.body == ""
    assert head.headers["Content-Length"] == get.headers["Content-Length"] == str(len(get.body))
    assert options.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/status",
        "/health/detailed",
        "/health/detailed/",
        "/readyz/nobody",
        "/health/nobody",
        "/livez/api",  # a check of the other level
        "/readyz//",
        "/readyz/db/x",
        "/healthzz",
    ],
)
def test_paths_of_nobody(path: str) -> None:
    assert ask(path, snapshot()).status == 404


def test_detailed_is_nobodys_even_where_a_check_has_that_name() -> None:
    assert route("/health/detailed") == (NONE, "")


def test_headers_of_an_answer() -> None:
    headers = ask("/healthz", snapshot()).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Load-Balancing-Endpoint-Weight"] == "100"
    assert headers["Connection"] == "close"
    assert "Date" not in headers


def test_a_warning_is_200_with_less_weight() -> None:
    response = ask("/healthz", snapshot("warn", reason="warn", weight=50))
    assert (response.status, response.body) == (200, "warn\n")
    assert response.headers["X-Load-Balancing-Endpoint-Weight"] == "50"


def test_draining_fails_ready_and_passes_live() -> None:
    drained = snapshot("fail", reason="draining", weight=0, drained=True)
    assert (ask("/readyz", drained).status, ask("/readyz", drained).body) == (
        503,
        "fail draining\n",
    )
    live = ask("/livez", drained)
    assert (live.status, live.body) == (200, "pass\n")
    assert live.headers["X-Load-Balancing-Endpoint-Weight"] == "0"


def test_exclusion_recomputes_from_the_other_checks() -> None:
    assert ask("/readyz", failing()).status == 503
    assert ask("/readyz?exclude=disk", failing()).status == 503
    lifted = ask("/readyz?exclude=api", failing())
    assert (lifted.status, lifted.body) == (200, "warn\n")
    assert lifted.headers["X-Load-Balancing-Endpoint-Weight"] == "50"
    both = ask("/readyz?exclude=api&exclude=disk", failing())
    assert (both.status, both.body) == (200, "pass\n")
    assert both.headers["X-Load-Balancing-Endpoint-Weight"] == "100"


def test_exclusion_of_an_unknown_check_changes_nothing() -> None:
    assert ask("/readyz?exclude=nobody", failing()).status == 503
    assert ask("/readyz?exclude=nobody", snapshot()).status == 200


@pytest.mark.parametrize("reason", ["draining", "maintenance", "stopping", "starting"])
def test_exclusion_does_not_lift_a_state_of_the_node(reason: str) -> None:
    held = snapshot("fail", reason=reason, weight=0)
    assert ask("/readyz?exclude=db&exclude=api&exclude=disk", held).status == 503


def test_exclusion_in_live_and_in_groups() -> None:
    checks = (
        CheckState("db", "fail", level="live", groups=("data",)),
        CheckState("api", "pass", groups=("data",)),
    )
    taken = Snapshot(
        live="fail", ready="fail", reason="fail", weight=0, checks=checks, groups={"data": "fail"}
    )
    assert ask("/livez", taken).status == 503
    assert ask("/livez?exclude=db", taken).status == 200
    assert ask("/health/data", taken).status == 503
    assert ask("/health/data?exclude=db", taken).status == 200


def test_verbose_lists_names_and_never_why() -> None:
    response = ask("/readyz?verbose&exclude=db", failing())
    assert response.body == (
        "fail\n"
        "[+]db excluded: ok\n"
        "[-]api failed: reason withheld\n"
        "[-]disk failed: reason withheld\n"
        "ready check failed\n"
    )
    assert ask("/livez?verbose", failing()).body == "pass\n[+]db ok\nlive check passed\n"
    assert "[+]db ok\n[-]disk" in ask("/health/data?verbose", failing()).body
    assert ask("/readyz/api?verbose", failing()).body.count("\n") == 3


def test_azure_gets_200_and_the_live_state() -> None:
    well = ask("/health/azure", snapshot("fail", reason="draining", drained=True))
    assert (well.status, well.body) == (200, '{"ApplicationHealthState":"Healthy"}\n')
    ill = ask("/health/azure", snapshot("fail", "fail", reason="fail"))
    assert (ill.status, ill.body) == (200, '{"ApplicationHealthState":"Unhealthy"}\n')
    assert "Unhealthy" in asked(State(reason="stale"), GET % b"/health/azure").body


@pytest.mark.parametrize(
    ("taken", "status"),
    [
        (snapshot(), 200),
        (failing(), 503),
        (snapshot("fail", reason="draining", drained=True), 404),
        (snapshot("fail", reason="stopping"), 404),
        (snapshot("fail", reason="maintenance"), 503),
        (snapshot("fail", "fail", reason="fail", drained=True), 503),
    ],
)
def test_haproxys_soft_stop(taken: Snapshot, status: int) -> None:
    assert ask("/health/haproxy", taken).status == status


@pytest.mark.parametrize(
    ("taken", "line"),
    [
        (snapshot(), b"up ready 100%\n"),
        (snapshot("warn", reason="warn", weight=50), b"up ready 50%\n"),
        (snapshot("fail", reason="draining", drained=True), b"up drain\n"),
        (snapshot("fail", reason="stopping"), b"up drain\n"),
        (snapshot("fail", reason="maintenance"), b"up maint\n"),
        (failing(), b"down #fail\n"),
        (snapshot("fail", "fail", reason="draining", drained=True), b"down #draining\n"),
    ],
)
def test_agent_check_lines(taken: Snapshot, line: bytes) -> None:
    assert agent_line(State(taken.wire)) == line


def test_agent_check_of_a_blind_child() -> None:
    assert agent_line(State()) == b"down #starting\n"
    assert agent_line(State(reason="stale")) == b"down #stale\n"


def test_old_requests_get_old_answers() -> None:
    answers = Answers(8192)
    out, _, fate = answers.reply(b"GET /healthz HTTP/1.0\r\n\r\n", True)
    assert out.startswith(b"HTTP/1.0 503 ")
    assert fate == CLOSE
    out, _, fate = answers.reply(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True)
    assert b"Connection: keep-alive\r\n" in out
    assert fate == KEEP


def test_refusals_name_what_is_allowed_and_end_the_connection() -> None:
    out, _, fate = Answers(8192).reply(b"PUT /healthz HTTP/1.1\r\n\r\n", True)
    assert parsed(out).status == 405
    assert parsed(out).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert fate == LINGER


def test_what_follows_a_body_is_never_taken_for_a_request() -> None:
    raw = b"GET /a HTTP/1.1\r\nContent-Length: 30\r\n\r\nGET /livez HTTP/1.1\r\n\r\n"
    out, rest, fate = Answers(8192).reply(raw, True)
    assert out.count(b"HTTP/1.1 ") == 1
    assert (rest, fate) == (b"", LINGER)


def test_an_answer_is_remembered_until_the_state_changes() -> None:
    answers = Answers(8192)
    request = GET % b"/healthz"
    first = answers.reply(request, True)
    assert answers.reply(request, True) is first
    answers.show(State(snapshot().wire))
    assert answers.reply(request, True)[0].startswith(b"HTTP/1.1 200 ")
    answers.show(State(reason="stale"))
    assert b"fail stale" in answers.reply(request, True)[0]


def test_the_memory_is_bounded() -> None:
    answers = Answers(8192)
    for number in range(5000):
        answers.reply(GET % b"/healthz?%d" % number, True)
        answers.reply(b"GET /healthz HTTP/1.1\r\nX: %s\r\n\r\n" % (b"x" * number), True)
    assert len(answers._ready) <= 256
    assert all(len(key) <= 1024 for key in answers._ready)


def test_counting_by_family_and_by_where_from() -> None:
    answers = Answers(8192)
    for number, path in enumerate((b"/healthz", b"/livez", b"/livez", b"/health/data", b"/nobody")):
        answers.now = 10.0 + number
        answers.reply(GET % path, number < 2)
    assert answers.counts["ready"] == 1
    assert answers.counts["live"] == 2
    assert answers.counts["group"] == 1
    assert answers.counts["none"] == 1
    assert answers.asked_at == 13.0
    assert answers.asked_remotely_at == 11.0


def test_haproxys_view_is_kept() -> None:
    answers = Answers(8192)
    for state in (b"UP 1/3", b"UP 2/3"):
        raw = b"OPTIONS / HTTP/1.0\r\nX-Haproxy-Server-State: %s\r\n\r\n" % state
        answers.reply(raw, True)
        answers.reply(raw, True)
    assert answers.server_state == "UP 2/3"
    assert answers.counts["ready"] == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"live": "ok"},
        {"ready": "down"},
        {"weight": 101},
        {"weight": -1},
        {"reason": "two words"},
        {"reason": "Draining"},
        {"reason": "x\r\nSet-Cookie: a"},
        {"groups": {"data": "up"}},
    ],
)
def test_a_snapshot_can_not_be_nonsense(wrong: dict[str, object]) -> None:
    facts: dict[str, object] = {"live": "pass", "ready": "pass", **wrong}
    with pytest.raises(ValueError, match=r"one of|percentage|lower-case"):
        Snapshot(**facts)  # type: ignore[arg-type]


def test_a_snapshot_too_large_for_the_channel_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="bytes"):
        snapshot(checks=tuple(CheckState(f"check-{n}" * 10, "pass") for n in range(3000)))


STATUS = st.sampled_from(words.STATUSES)
CHECK = st.builds(
    lambda status, level, severity: (status, level, severity),
    STATUS,
    st.sampled_from(("live", "ready")),
    st.sampled_from(("critical", "warning")),
)


@given(st.lists(CHECK, max_size=6), st.frozensets(st.integers(0, 5)))
def test_excluding_more_never_makes_it_worse(
    facts: list[tuple[str, str, str]], left_out: frozenset[int]
) -> None:
    order = {"pass": 0, "warn": 1, "fail": 2}
    checks = [
        CheckState(f"c{n}", status, level=level, severity=severity)
        for n, (status, level, severity) in enumerate(facts)
    ]
    state = State(Snapshot(live="fail", ready="fail", reason="fail", checks=checks).wire)
    some = state.of_ready(frozenset(f"c{n}" for n in left_out) | {"nobody"})[0]
    none = state.of_ready(frozenset({"nobody"}))[0]
    every = state.of_ready(frozenset(check.name for check in checks) | {"nobody"})[0]
    assert order[every] == 0
    assert order[some] <= order[none]
    if any(status == "fail" and severity == "critical" for status, _, severity in facts):
        assert none == "fail"
