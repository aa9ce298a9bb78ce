"""Lanes: turns in commit order, one owner at a time, each claim with a higher fence."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from bridge.domain.values import from_micros
from bridge.errors import LostLane
from bridge.store import Session, lanes
from bridge.store.db import Database
from bridge.store.lanes import Claimed
from bridge.store.tables.work import LaneRow
from tests.factories import make_account, make_user

LEASE = timedelta(seconds=3)
FREE = from_micros(0)


def now() -> datetime:
    """The real time: on Postgres leases go by the database's own clock."""
    return datetime.now(UTC)


def soon(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def accounts(database: Database) -> list[int]:
    """Five accounts that have no lanes yet."""
    with database.transaction() as db:
        user = make_user(db)
        return sorted(make_account(db, user).id for _ in range(5))


def submit(database: Database, account: int, count: int = 1) -> int:
    with database.transaction() as db:
        return lanes.take_turns(db, account, count, now())


def claim(database: Database, owner: str = "me", slots: int = 9) -> list[Claimed]:
    with database.transaction() as db:
        return list(lanes.claim(db, owner, LEASE, slots, now()))


def give_back(
    database: Database, lane: Claimed, ready_in: timedelta | None, owner: str = "me"
) -> None:
    with database.transaction() as db:
        lanes.release(db, lane, owner, ready_in, now())


def change(database: Database, account: int, **values: object) -> None:
    with database.transaction() as db:
        db.execute(sa.update(LaneRow).where(LaneRow.account == account).values(**values))


def seen(database: Database, account: int) -> LaneRow:
    with database.reading() as db:
        return db.execute(sa.select(LaneRow).where(LaneRow.account == account)).scalar_one()


# --- submit -----------------------------------------------------------------------------------


def test_turns_are_given_out_one_after_the_other(database: Database, accounts: list[int]) -> None:
    one, two = accounts[:2]
    assert [submit(database, one), submit(database, one, 3), submit(database, one)] == [1, 4, 5]
    assert submit(database, two, 2) == 2


def test_a_submit_that_is_rolled_back_gives_out_nothing(
    database: Database, accounts: list[int]
) -> None:
    def fail() -> None:
        with database.transaction() as db:
            lanes.take_turns(db, accounts[0], 7, now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert submit(database, accounts[0]) == 1


def test_a_submit_makes_a_lane_due_at_once(database: Database, accounts: list[int]) -> None:
    account = accounts[0]
    submit(database, account)
    for ready in (None, soon(60), soon(3600)):
        change(database, account, ready_at=ready)
        submit(database, account)
        ready_at = seen(database, account).ready_at
        assert ready_at is not None
        assert ready_at <= soon(1)


def test_a_submit_never_makes_a_lane_due_later(database: Database, accounts: list[int]) -> None:
    submit(database, accounts[0])
    early = soon(-100)
    change(database, accounts[0], ready_at=early)
    submit(database, accounts[0])
    assert seen(database, accounts[0]).ready_at == early


# --- claim ------------------------------------------------------------------------------------


def test_each_claim_has_a_higher_fence(database: Database, accounts: list[int]) -> None:
    submit(database, accounts[0])
    fences = []
    for _ in range(4):
        (lane,) = claim(database)
        fences.append(lane.fence)
        give_back(database, lane, timedelta())
    assert fences == [1, 2, 3, 4]


def test_a_lane_that_is_held_is_not_claimed_again(database: Database, accounts: list[int]) -> None:
    submit(database, accounts[0])
    assert len(claim(database, "me")) == 1
    assert claim(database, "you") == []
    assert claim(database, "me") == []


def test_a_lane_whose_lease_ran_out_is_taken_over(database: Database, accounts: list[int]) -> None:
    submit(database, accounts[0])
    (mine,) = claim(database, "me")
    change(database, accounts[0], lease_until=soon(-0.1))
    (yours,) = claim(database, "you")
    assert yours.fence == mine.fence + 1


def test_only_so_many_lanes_are_claimed_as_there_are_slots(
    database: Database, accounts: list[int]
) -> None:
    for account in accounts:
        submit(database, account)
    sizes = [len(claim(database, slots=2)) for _ in range(4)]
    assert sizes == [2, 2, 1, 0]


def test_the_lane_that_waits_longest_is_claimed_first(
    database: Database, accounts: list[int]
) -> None:
    for n, account in enumerate(accounts):
        submit(database, account)
        change(database, account, ready_at=soon(n - 100))
    first = [claim(database, slots=1)[0].account for _ in accounts]
    assert first == accounts


@pytest.mark.parametrize(
    ("ready", "lease", "due"),
    [
        (-1, None, True),
        (30, None, False),
        (None, None, False),
        (-1, 2, False),
        # set back by an hour, a clock left these behind
        (3600, None, True),
        (-1, 3600, True),
        (3600, 3600, True),
    ],
)
def test_a_lane_is_due_when_it_is_ready_and_free(
    database: Database,
    accounts: list[int],
    ready: float | None,
    lease: float | None,
    due: bool,
) -> None:
    submit(database, accounts[0])
    change(
        database,
        accounts[0],
        ready_at=None if ready is None else soon(ready),
        lease_until=FREE if lease is None else soon(lease),
        owner="somebody",
    )
    with database.reading() as db:
        assert lanes.any_due(db, now(), LEASE) is due
    assert bool(claim(database)) is due


def test_a_lane_is_claimed_by_one_of_many_threads(database: Database, accounts: list[int]) -> None:
    submit(database, accounts[0])
    start = threading.Barrier(20)

    def rush(n: int) -> list[Claimed]:
        start.wait()
        return claim(database, f"worker {n}")

    with ThreadPoolExecutor(20) as pool:
        claimed = [lane for found in pool.map(rush, range(20)) for lane in found]
    assert claimed == [Claimed(accounts[0], 1)]


# --- holding ----------------------------------------------------------------------------------


def test_only_the_owner_with_its_fence_renews(database: Database, accounts: list[int]) -> None:
    submit(database, accounts[0])
    (lane,) = claim(database, "me")
    change(database, accounts[0], lease_until=soon(0.1))
    older = Claimed(lane.account, lane.fence - 1)
    with database.transaction() as db:
        assert not lanes.renew(db, lane, "you", LEASE, now())
        assert not lanes.renew(db, older, "me", LEASE, now())
    assert seen(database, accounts[0]).lease_until < soon(1)
    with database.transaction() as db:
        assert lanes.renew(db, lane, "me", LEASE, now())
    assert seen(database, accounts[0]).lease_until > soon(2)


def test_only_the_owner_with_its_fence_releases(database: Database, accounts: list[int]) -> None:
    submit(database, accounts[0])
    (lane,) = claim(database, "me")
    give_back(database, lane, None, owner="you")
    give_back(database, Claimed(lane.account, lane.fence + 1), None)
    assert seen(database, accounts[0]).owner == "me"
    give_back(database, lane, None)
    row = seen(database, accounts[0])
    assert (row.owner, row.ready_at, row.lease_until) == (None, None, FREE)


@pytest.mark.parametrize("change_by", ["owner", "fence"])
def test_a_lane_that_is_no_longer_ours_cannot_be_held(
    database: Database, accounts: list[int], change_by: str
) -> None:
    submit(database, accounts[0])
    (lane,) = claim(database, "me")
    with database.transaction() as db:
        lanes.hold(db, lane, "me")
    change(database, accounts[0], **{"owner": "you"} if change_by == "owner" else {"fence": 9})
    with pytest.raises(LostLane), database.transaction() as db:
        lanes.hold(db, lane, "me")


def test_a_submit_waits_for_the_one_who_holds_the_lane(
    database: Database, accounts: list[int]
) -> None:
    """So a lane is not put to sleep over what was just submitted."""
    submit(database, accounts[0])
    (lane,) = claim(database, "me")
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as db:
            lanes.hold(db, lane, "me")
            submitted = pool.submit(submit, database, accounts[0])
            time.sleep(0.1)
            assert not submitted.done()
            lanes.release(db, lane, "me", None, now())
        assert submitted.result(timeout=5) == 2
    assert seen(database, accounts[0]).ready_at is not None


# --- when to look again -----------------------------------------------------------------------


def test_the_next_lane_to_wake_for_is_the_earliest_without_an_owner(
    database: Database, accounts: list[int]
) -> None:
    def wait() -> float | None:
        with database.reading() as db:
            found = lanes.next_ready(db, now())
        return None if found is None else found.total_seconds()

    assert wait() is None
    for account, ready in zip(accounts, (50, 20, 40, None, 30), strict=True):
        submit(database, account)
        change(database, account, ready_at=None if ready is None else soon(ready))
    assert wait() == pytest.approx(20, abs=2)
    change(database, accounts[1], lease_until=soon(2))  # somebody has it
    assert wait() == pytest.approx(30, abs=2)
    change(database, accounts[0], ready_at=soon(-5))
    assert wait() == pytest.approx(-5, abs=2)


# --- load -------------------------------------------------------------------------------------


def _in_threads(work: list[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(w) for w in work]:
            done.result(timeout=50)


def test_turns_rise_in_commit_order_however_long_transactions_stay_open(
    database: Database, accounts: list[int]
) -> None:
    committed: list[int] = []
    guard = threading.Lock()

    def produce(seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311 - dice of a test
        for _ in range(15):
            with database.transaction() as db:
                turn = lanes.take_turns(db, accounts[0], 1, now())
                time.sleep(dice.uniform(0, 0.04))
                # the row is ours until the commit, so this is the commit's order
                with guard:
                    committed.append(turn)

    _in_threads([partial(produce, seed) for seed in range(4)])
    assert committed == list(range(1, 61))


def test_submits_in_order_against_renewals_and_claims_do_not_deadlock(
    database: Database, accounts: list[int]
) -> None:
    """Each alert takes its accounts in sorted order; renewals take one lane each, in any order."""

    def produce(seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311 - dice of a test
        for _ in range(40):
            some = dice.sample(accounts, 3)
            with database.transaction() as db:
                for account in sorted(some):
                    lanes.take_turns(db, account, 1, now())

    def work(owner: str) -> None:
        for _ in range(40):
            held = claim(database, owner, slots=3)
            for lane in reversed(held):
                with database.transaction() as db:
                    lanes.renew(db, lane, owner, LEASE, now())
            for lane in held:
                give_back(database, lane, timedelta(), owner)

    producers = [partial(produce, seed) for seed in range(3)]
    workers = [partial(work, owner) for owner in ("a", "b")]
    _in_threads([*producers, *workers])
    with database.reading() as db:
        assert _turns(db) == 3 * 40 * 3


def _turns(db: Session) -> int:
    return db.execute(sa.select(sa.func.sum(LaneRow.last_turn))).scalar_one()
