"""The retry policy and the brake, by a clock of the test's own."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from reconciler.api.rate_limiter import ATTEMPTS, BUDGET, LONGEST_WAIT, RateLimiter, WaitTooLong


class Clock:
    """A time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.slept.append(seconds)
        self.now += seconds

    def pace(self, width: int, budget: float = BUDGET) -> RateLimiter:
        """A pace by this clock."""
        return RateLimiter(width, budget=budget, sleep=self.sleep, clock=lambda: self.now)


def test_waits_are_random_below_a_bound_that_doubles() -> None:
    """Full jitter: nobody waits longer than the bound of the attempt, and many do not wait alike."""
    clock = Clock()
    pace = clock.pace(1, budget=10_000)
    for attempt in range(1, ATTEMPTS):
        before = len(clock.slept)
        assert all(pace.wait(attempt, None) for _ in range(50))
        waits = clock.slept[before:]
        assert max(waits) <= min(LONGEST_WAIT, 0.25 * 2**attempt)
        assert len(set(waits)) > 40


def test_what_the_server_asks_for_is_waited() -> None:
    """All of it: a request that comes sooner is turned away again. What no run waits is given up at once."""
    clock = Clock()
    pace = clock.pace(1)
    assert pace.wait(1, 7.0)
    assert pace.wait(1, 180.0)
    assert not pace.wait(1, 3600.0)
    assert clock.slept == [7.0, 180.0]


def test_nothing_starts_before_a_wait_that_no_run_waits() -> None:
    """Whoever asks for an hour is left alone for an hour: the next request ends at once, until the hour is over."""
    clock = Clock()
    pace = clock.pace(2)
    pace.on_throttled(3600.0)
    with pytest.raises(WaitTooLong) as raised, pace.permit():
        pass
    assert raised.value.seconds == 3600.0
    assert clock.slept == []
    clock.now = 3599.0
    with pace.permit():
        assert clock.slept == [1.0]


def test_a_run_waits_no_longer_than_its_budget() -> None:
    """Once the budget is used up, the next failure is final, at once."""
    clock = Clock()
    pace = clock.pace(1, budget=10)
    assert pace.wait(1, 6.0)
    assert not pace.wait(1, 6.0)
    assert pace.wait(1, 4.0)
    assert not pace.wait(1, 0.5)
    assert sum(clock.slept) == 10.0


def test_one_429_slows_everybody_down() -> None:
    """Nothing starts before the wait is over, half as many go at once, and one more after each good round."""
    clock = Clock()
    pace = clock.pace(8)
    pace.on_throttled(5.0)
    assert pace.width == 4
    with pace.permit():
        assert clock.now == 5.0
    pace.on_throttled(None)
    pace.on_throttled(None)
    pace.on_throttled(None)
    assert pace.width == 1
    for width in range(1, 8):
        assert pace.width == width
        for _ in range(width):
            pace.on_success()
    for _ in range(100):
        pace.on_success()
    assert pace.width == 8


def most_at_once(pace: RateLimiter) -> int:
    """Three times as many threads as there are turns: one waits until one is given back."""
    inside = most = 0
    lock, full = threading.Lock(), threading.Barrier(pace.width)

    def work() -> None:
        nonlocal inside, most
        with pace.permit():
            with lock:
                inside += 1
                most = max(most, inside)
            full.wait(timeout=30)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3 * pace.width)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return most


def test_no_more_than_the_width_go_at_once() -> None:
    """As many as there are turns, and never one more."""
    assert most_at_once(RateLimiter(3)) == 3


def test_a_429_takes_turns_away() -> None:
    """Those that nobody has at once, the others once they come back; each good round gives one back."""
    pace = Clock().pace(8)
    with ExitStack() as under_way:
        for _ in range(5):
            under_way.enter_context(pace.permit())
        pace.on_throttled(None)
        pace.on_throttled(None)
    assert (pace.width, most_at_once(pace)) == (2, 2)
    for width in (2, 3, 4):
        for _ in range(width):
            pace.on_success()
        assert (pace.width, most_at_once(pace)) == (width + 1, width + 1)
