"""Budgets keep the broker's published count in every window, whoever takes from them."""

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.store import rates
from bridge.store.db import Database
from bridge.store.rates import Budget, budget
from tests.factories import NOON, make_connection, make_user

SECOND = timedelta(seconds=1)
ROUTE = "PLACE_ORDER"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def connections(database: Database) -> list[int]:
    with database.transaction() as db:
        user = make_user(db)
        return [make_connection(db, user).id for _ in range(2)]


def take(
    database: Database, connection: int, allowed: Budget, now: datetime, route: str = ROUTE
) -> datetime | None:
    with database.transaction() as db:
        return rates.take(db, connection, route, allowed, now)


def most_in_a_window(times: list[datetime], window: timedelta) -> int:
    """The largest count in any half-open window of that length."""
    return max((bisect_left(times, t + window) - n for n, t in enumerate(times)), default=0)


# --- the arithmetic ---------------------------------------------------------------------------


@given(st.integers(1, 1000), st.integers(1, 3600))
def test_a_budget_stays_under_the_published_count_in_every_window(count: int, long: int) -> None:
    window = timedelta(seconds=long)
    allowed = budget(count, window)
    assert allowed.burst >= 1
    assert allowed.burst + window // allowed.spacing <= count


@pytest.mark.parametrize(
    ("count", "burst", "spacing"), [(1, 1, 1.1), (2, 1, 0.55), (5, 2, 0.275), (10, 5, 1.1 / 6)]
)
def test_a_budget_keeps_a_tenth_to_spare(count: int, burst: int, spacing: float) -> None:
    allowed = budget(count, SECOND)
    assert allowed.burst == burst
    assert allowed.spacing.total_seconds() == pytest.approx(spacing, abs=1e-5)


# --- a clock of our own -----------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("step", [0.013, 0.3])
def test_every_window_keeps_the_count_under_constant_pressure(
    database: Database, connections: list[int], count: int, step: float
) -> None:
    allowed, now, taken = budget(count, SECOND), NOON, []
    while now < NOON + 4 * SECOND:
        if take(database, connections[0], allowed, now) is None:
            taken.append(now)
        now += timedelta(seconds=step)
    assert 1 <= most_in_a_window(taken, SECOND) <= count
    assert len(taken) >= min(count, 1 / step) * 2


def test_what_is_told_is_when_a_call_is_free(database: Database, connections: list[int]) -> None:
    allowed, now, taken = budget(3, SECOND), NOON, []
    for _ in range(12):
        due = take(database, connections[0], allowed, now)
        while due is not None:
            assert due > now
            almost = due - timedelta(microseconds=1)
            assert take(database, connections[0], allowed, almost) is not None
            now = due
            due = take(database, connections[0], allowed, now)
        taken.append(now)
    assert most_in_a_window(taken, SECOND) <= 3
    assert all(b - a <= allowed.spacing for a, b in pairwise(taken))


def test_a_refusal_takes_nothing(database: Database, connections: list[int]) -> None:
    allowed = budget(1, SECOND)
    assert take(database, connections[0], allowed, NOON) is None
    due = [take(database, connections[0], allowed, NOON) for _ in range(5)]
    assert due == [NOON + allowed.spacing] * 5


def test_budgets_of_routes_and_connections_are_apart(
    database: Database, connections: list[int]
) -> None:
    allowed = budget(1, SECOND)
    for connection in connections:
        for route in ("PLACE_ORDER", "GET_POSITIONS"):
            assert take(database, connection, allowed, NOON, route) is None
            assert take(database, connection, allowed, NOON, route) is not None


def test_an_idle_budget_saves_no_more_than_its_burst(
    database: Database, connections: list[int]
) -> None:
    allowed = budget(4, SECOND)
    take(database, connections[0], allowed, NOON)
    later = NOON + timedelta(hours=1)
    free = [take(database, connections[0], allowed, later) is None for _ in range(4)]
    assert free == [True, True, False, False]


# --- too fast, said the broker ----------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 10])
def test_after_too_fast_nothing_goes_before_its_time(
    database: Database, connections: list[int], count: int
) -> None:
    allowed, until = budget(count, SECOND), NOON + timedelta(seconds=7)
    take(database, connections[0], allowed, NOON)
    with database.transaction() as db:
        rates.push_back(db, connections[0], ROUTE, until, allowed)
    for seconds in (0, 3, 6.999):
        now = NOON + timedelta(seconds=seconds)
        assert take(database, connections[0], allowed, now) == until
    assert take(database, connections[0], allowed, until) is None


def test_too_fast_counts_on_a_route_that_was_never_taken_from(
    database: Database, connections: list[int]
) -> None:
    allowed, until = budget(2, SECOND), NOON + timedelta(seconds=7)
    with database.transaction() as db:
        rates.push_back(db, connections[0], ROUTE, until, allowed)
    assert take(database, connections[0], allowed, NOON) == until


def test_too_fast_never_shortens_a_wait(database: Database, connections: list[int]) -> None:
    allowed = budget(1, timedelta(seconds=60))
    take(database, connections[0], allowed, NOON)
    with database.transaction() as db:
        rates.push_back(db, connections[0], ROUTE, NOON + SECOND, allowed)
    assert take(database, connections[0], allowed, NOON + SECOND) == NOON + allowed.spacing


def test_a_budget_left_ahead_by_a_clock_set_back_is_whole_again(
    database: Database, connections: list[int]
) -> None:
    allowed = budget(1, SECOND)
    take(database, connections[0], allowed, NOON + timedelta(hours=1))
    assert take(database, connections[0], allowed, NOON) is None
    assert take(database, connections[0], allowed, NOON) == NOON + allowed.spacing


# --- a real clock -----------------------------------------------------------------------------


def test_every_window_keeps_the_count_with_many_takers(
    database: Database, connections: list[int]
) -> None:
    count, window, taken = 5, timedelta(seconds=0.5), list[datetime]()
    allowed, guard = budget(count, window), threading.Lock()
    end = time.monotonic() + 2.5

    def worker() -> None:
        while time.monotonic() < end:
            now = datetime.now(UTC)
            if take(database, connections[0], allowed, now) is None:
                with guard:
                    taken.append(now)
            else:
                time.sleep(0.01)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(worker) for _ in range(4)]:
            done.result(timeout=30)
    assert 1 <= most_in_a_window(sorted(taken), window) <= count
    assert len(taken) >= count


def test_of_many_at_once_only_the_burst_is_let_through(
    database: Database, connections: list[int]
) -> None:
    allowed = budget(6, SECOND)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: take(database, connections[0], allowed, NOON), range(24)))
    assert found.count(None) == allowed.burst
