"""Web and workers as processes of their own on Postgres: any of them may die or be replaced."""

import time
from datetime import datetime

import pytest
import sqlalchemy as sa

from bridge.audit import Event
from bridge.domain.status import Status
from bridge.paper.faults import Rule
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.work import ExecutionRow
from tests.processes.service import EXIT_SECONDS, PLACE, Process, Service, kill, wait_until
from tests.processes.stream import Stream, check_once
from tests.processes.test_kills import FINAL_SECONDS, moments, slow_answers
from tests.world import utc_now

pytestmark = pytest.mark.slow  # processes take their time to start

CALL_SECONDS = 0.5
TAKE_OVER_SECONDS = 5.0
"""Of a dead worker's lanes: a lease of three seconds, a poll of one, and the start of the call."""

HAND_OVER_SECONDS = 1.0
"""Of a stopping worker's lanes, after the calls in hand; the promise is kept by a wide margin."""


def busy_lanes(service: Service) -> None:
    """Each placement takes half a second, so that lanes stay with their worker."""
    service.paper.faults.rules.append(Rule("delay", PLACE, {"s": CALL_SECONDS}))


def held_by(service: Service, worker: Process) -> set[int]:
    """The accounts whose lanes a worker holds."""
    return {lane.account for lane in service.lanes() if f":{worker.pid}:" in (lane.owner or "")}


def busiest(service: Service, workers: list[Process]) -> Process:
    """A worker that holds lanes, once there is one."""
    wait_until(lambda: any(held_by(service, w) for w in workers), 20, "lanes are held")
    return max(workers, key=lambda worker: len(held_by(service, worker)))


def sendings(service: Service, since: datetime, other_than: Process) -> dict[int, datetime]:
    """By account: when a worker other than this one first sent something after that time."""
    statement = (
        sa.select(ExecutionRow.account, sa.func.min(AuditRow.at))
        .join(ExecutionRow, ExecutionRow.id == AuditRow.execution)
        .where(
            AuditRow.event == Event.EXECUTION_SENDING,
            AuditRow.at > since,
            AuditRow.actor.not_like(f"%:{other_than.pid}:%"),
        )
        .group_by(ExecutionRow.account)
    )
    with service.database.reading() as db:
        return {account: at for account, at in db.execute(statement)}


def longest(service: Service, accounts: set[int], since: datetime, other_than: Process) -> float:
    """Seconds until the last of these accounts had its next call from another worker."""
    wait_until(
        lambda: accounts <= set(sendings(service, since, other_than)), 30, "all are taken over"
    )
    found = sendings(service, since, other_than)
    return max((found[account] - since).total_seconds() for account in accounts)


def test_a_killed_worker_is_replaced_by_the_other_within_five_seconds(on_postgres: Service) -> None:
    busy_lanes(on_postgres)
    workers = [on_postgres.work(), on_postgres.work()]
    on_postgres.serve_web()
    stream = Stream(on_postgres, 12)
    stream.start()
    stream.wait_begun(20)

    victim = busiest(on_postgres, workers)
    victim.kill()
    killed_at = utc_now()
    orphaned = held_by(on_postgres, victim)  # nobody gives them back
    assert orphaned
    assert longest(on_postgres, orphaned, killed_at, victim) < TAKE_OVER_SECONDS

    stream.join()
    on_postgres.wait_final(FINAL_SECONDS)
    ends = check_once(stream)
    assert len(stream.acknowledged) == 48
    assert ends[Status.FILLED] + ends[Status.NOT_PLACED] == 48
    # the calls in hand were asked for, not repeated
    assert on_postgres.events(Event.EXECUTION_UNKNOWN) >= 1


def test_a_stopping_worker_hands_its_lanes_over_at_once(on_postgres: Service) -> None:
    busy_lanes(on_postgres)
    workers = [on_postgres.work(), on_postgres.work()]
    on_postgres.serve_web()
    stream = Stream(on_postgres, 8)
    stream.start()
    stream.wait_begun(12)

    leaver = busiest(on_postgres, workers)
    handed = held_by(on_postgres, leaver)
    told_at = utc_now()
    leaver.terminate()
    assert longest(on_postgres, handed, told_at, leaver) < CALL_SECONDS + HAND_OVER_SECONDS
    assert leaver.ended(EXIT_SECONDS) == 0
    assert not held_by(on_postgres, leaver)

    stream.join()
    on_postgres.wait_final(FINAL_SECONDS)
    assert check_once(stream) == {Status.FILLED: 32}
    assert on_postgres.events(Event.EXECUTION_UNKNOWN) == 0


def test_workers_replaced_one_after_another_leave_nothing_behind(on_postgres: Service) -> None:
    slow_answers(on_postgres)
    worker = on_postgres.work()
    on_postgres.serve_web()
    stream = Stream(on_postgres, 15, gap=0.2)
    stream.start()
    for _ in range(2):
        successor = on_postgres.work()
        worker.terminate()
        assert worker.ended(EXIT_SECONDS) == 0
        worker = successor
    stream.join()
    on_postgres.wait_final(FINAL_SECONDS)
    assert check_once(stream) == {Status.FILLED: 60}
    assert on_postgres.events(Event.EXECUTION_UNKNOWN) == 0


def test_killing_the_web_loses_no_acknowledged_alert_and_sends_nothing_twice(
    on_postgres: Service,
) -> None:
    slow_answers(on_postgres)
    on_postgres.work()
    web = on_postgres.serve_web(processes=2)
    stream = Stream(on_postgres, 15)
    stream.start()
    for nth, (count, more) in enumerate(moments(31, 4, 60)):
        stream.wait_begun(count)
        time.sleep(more)
        if nth % 2:
            web.kill_all()
            web = on_postgres.serve_web(processes=2)
        else:
            kill(web.children()[0])
    stream.join()
    on_postgres.wait_final(FINAL_SECONDS)

    ends = check_once(stream)
    assert len(stream.acknowledged) >= 60 - 2 * 4
    # the worker lived through all of it
    assert set(ends) == {Status.FILLED}
    assert on_postgres.events(Event.EXECUTION_UNKNOWN) == 0


def test_a_worker_that_froze_past_its_lease_sends_nothing_when_it_wakes(
    on_postgres: Service,
) -> None:
    busy_lanes(on_postgres)
    workers = [on_postgres.work(), on_postgres.work()]
    on_postgres.serve_web()
    stream = Stream(on_postgres, 12)
    stream.start()
    stream.wait_begun(16)

    sleeper = busiest(on_postgres, workers)
    sleeper.freeze()
    frozen_at = utc_now()
    lost = held_by(on_postgres, sleeper)
    assert lost
    assert longest(on_postgres, lost, frozen_at, sleeper) < TAKE_OVER_SECONDS
    sleeper.thaw()

    stream.join()
    on_postgres.wait_final(FINAL_SECONDS)
    ends = check_once(stream)
    assert ends[Status.FILLED] + ends[Status.NOT_PLACED] == 48
    assert sleeper.running
