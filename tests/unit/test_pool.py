"""The threads for looks."""

import threading
import time

import pytest

from agent.daemon.pool import KEPT, Pool


def looks() -> int:
    return sum(thread.name == "looks" for thread in threading.enumerate())


def test_as_much_runs_at_once_as_is_asked_for_and_then_the_threads_go() -> None:
    before = looks()
    threads, all_there = Pool(8), threading.Barrier(9)
    futures = [threads.submit(all_there.wait, 5) for _ in range(8)]
    all_there.wait(5)
    assert sorted(future.result(5) for future in futures) != []
    deadline = time.monotonic() + 5
    while looks() - before > KEPT and time.monotonic() < deadline:
        time.sleep(0.01)
    assert looks() - before == KEPT
    assert threads.submit(lambda: "still here").result(5) == "still here"


def test_no_more_run_at_once_than_allowed() -> None:
    threads, running, most = Pool(2), [0], [0]
    lock = threading.Lock()

    def work() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1

    for future in [threads.submit(work) for _ in range(10)]:
        future.result(5)
    assert most == [2]


def test_what_breaks_is_told_and_the_thread_goes_on() -> None:
    threads = Pool(1)
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 // 0).result(5)
    assert threads.submit(int, "7").result(5) == 7


def test_what_has_not_begun_is_dropped_at_the_end() -> None:
    threads, go_on, begun = Pool(1), threading.Event(), threading.Event()
    first = threads.submit(lambda: begun.set() or go_on.wait(5))  # type: ignore[func-returns-value]
    second = threads.submit(int, "7")
    assert begun.wait(5)
    threads.shutdown()
    go_on.set()
    assert first.result(5)
    assert second.cancelled()


def test_where_no_thread_can_be_started_those_there_are_do_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads, go_on = Pool(4), threading.Event()
    first = threads.submit(go_on.wait, 5)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    second = threads.submit(int, "7")
    go_on.set()
    assert first.result(5)
    assert second.result(5) == 7
    with pytest.raises(RuntimeError):
        Pool(4).submit(int, "7")


def test_a_burst_after_a_rest_gets_its_threads() -> None:
    threads = Pool(6)
    for _ in range(3):
        barrier = threading.Barrier(6)
        for future in [threads.submit(barrier.wait, 5) for _ in range(6)]:
            future.result(5)
        time.sleep(0.12)
