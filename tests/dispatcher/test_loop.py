"""What goes wrong in one lane ends neither the lane nor the dispatcher."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bridge.dispatcher.lanes import Held
from bridge.dispatcher.loop import guarded_step, pick, step
from bridge.dispatcher.turns import Idle, Run
from bridge.errors import LostLane
from bridge.lane import Lane
from bridge.store import lanes
from bridge.store.tables.work import ExecutionRow
from tests.world import FOLLOW, World, make_world, utc_now

BUY = '{"bridge":1,"action":"buy","symbol":"EURUSD","quantity":"0.10","unit":"lots"}'
NOBODY = "http://127.0.0.1:9"  # nobody listens there


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = make_world(database_url, {**FOLLOW, "opposite": "hedge"}, paper_url=NOBODY)
    yield world
    world.close()


def claimed(world: World) -> Lane:
    (lane,) = Held(world.tools, world.database).claim(1)
    return lane


def test_a_lane_with_nothing_due_is_given_back_in_the_same_step(world: World) -> None:
    world.post(BUY)
    lane = claimed(world)
    with world.database.transaction() as db:
        db.execute(sa.update(ExecutionRow).values(due_at=utc_now() + timedelta(seconds=30)))

    assert isinstance(pick(lane), Idle)
    with pytest.raises(LostLane), world.database.transaction() as db:
        lane.hold(db)


def test_a_broker_that_is_not_there_makes_the_order_wait_and_says_so(world: World) -> None:
    world.post(BUY)
    lane = claimed(world)

    assert guarded_step(lane)
    (execution,) = world.executions()
    assert execution.status == "queued"
    assert "trying again" in (execution.waiting or "")
    assert not guarded_step(lane)  # nothing is due until then, so the lane is given back


def test_a_lane_that_another_took_over_is_left_alone(world: World) -> None:
    world.post(BUY)
    lane = claimed(world)
    with world.database.transaction() as db:
        lanes.release(db, lane.claimed, world.tools.owner, timedelta(), utc_now())
    (other,) = Held(world.tools, world.database).claim(1)
    assert other.claimed.fence == lane.claimed.fence + 1

    assert not guarded_step(lane)
    with pytest.raises(LostLane):
        step(lane)
    assert isinstance(pick(other), Run)


@pytest.mark.parametrize("broken", [{"intent": "[]"}, {"plan": "7"}])
def test_what_nobody_thought_of_is_put_off_and_not_tried_again_at_once(
    world: World, broken: dict[str, str]
) -> None:
    world.post(BUY)
    lane = claimed(world)
    with world.database.transaction() as db:
        db.execute(sa.update(ExecutionRow).values(**broken))

    guarded_step(lane)
    (execution,) = world.executions()
    assert execution.due_at > utc_now() + timedelta(seconds=3)
    assert "went wrong on our side" in (execution.waiting or "")
