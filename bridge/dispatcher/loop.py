"""Claim, run one, settle one: functions that return whether there was work.

A lane is worked in short transactions with broker calls between them and none open. The only catch
for anything stands here: the traceback is logged, and the lane goes on.
"""

from datetime import timedelta

import structlog

from bridge import execute, reconcile
from bridge.dispatcher.turns import Idle, Look, Run, Work, whose_turn
from bridge.domain.reasons import why
from bridge.domain.status import Status
from bridge.errors import LostLane, LostRace, NotStored
from bridge.lane import Lane
from bridge.store import Session, executions, lanes
from bridge.store.executions import Execution

log = structlog.get_logger(__name__)

_TROUBLE_WAIT = timedelta(seconds=5)


def step(lane: Lane) -> bool:
    """One piece of work of a lane we hold; False when the lane was given back.

    Raises LostLane when it is no longer ours.
    """
    lane.in_hand = ()
    work = pick(lane)
    match work:
        case Idle():
            return False
        case Look(executions=due):
            lane.in_hand = tuple(e.id for e in due)
            reconcile.settle(lane, list(due))
        case Run(execution=execution, frozen=frozen):
            lane.in_hand = (execution.id,)
            execute.carry_out(lane, execution, frozen=frozen)
    return True


def pick(lane: Lane) -> Work:
    """Whose turn it is; with nothing due the lane is given back in the same transaction."""
    with lane.tools.database.transaction() as db:
        lane.hold(db)  # locked first: what is read after it cannot move under us
        rows = _unfinished(lane, db)
        now = lane.tools.now()
        turns = whose_turn(rows, now)
        for execution, reason in turns.held:
            executions.say_waiting(db, execution, reason.text)
        work = turns.work()
        if isinstance(work, Idle):
            wait = None if work.until is None else max(work.until - now, timedelta())
            lanes.release(db, lane.claimed, lane.tools.owner, wait, now)
    return work


def _unfinished(lane: Lane, db: Session) -> list[Execution]:
    """The lane's rows; a `sending` one among them was left by somebody, so it is unknown."""
    rows = executions.unfinished(db, lane.account)
    left = [e for e in rows if e.status is Status.SENDING]
    for execution in left:
        reconcile.found_sending(lane, db, execution)
    return executions.unfinished(db, lane.account) if left else rows


def give_back(lane: Lane) -> None:
    """Release a lane with work left in it, so that the next process takes over at once."""
    with lane.tools.database.transaction() as db:
        lanes.release(db, lane.claimed, lane.tools.owner, timedelta(), lane.tools.now())
        lanes.announce(db)


def guarded_step(lane: Lane) -> bool:
    """A step whose failure ends neither the lane nor the dispatcher."""
    try:
        return step(lane)
    except LostLane:
        log.info("a lane has another owner", account=lane.account)
        return False
    except LostRace as exc:
        log.info("an execution moved meanwhile", account=lane.account, detail=str(exc))
        return True
    except NotStored as exc:
        log.warning("the database did not take it", account=lane.account, error=str(exc))
        return False
    except Exception:
        log.exception("a step failed", account=lane.account)
        return _after_trouble(lane)


def _after_trouble(lane: Lane) -> bool:
    """Put off what is due: a `sending` row becomes unknown at the next step by itself."""
    try:
        _put_off(lane)
    except (LostLane, LostRace, NotStored) as exc:
        log.warning("what failed could not be put off", account=lane.account, error=str(exc))
        return False
    return True


def _put_off(lane: Lane) -> None:
    with lane.tools.database.transaction() as db:
        lane.hold(db)
        due_at = lane.tools.now() + _TROUBLE_WAIT
        executions.put_off(db, lane.account, lane.in_hand, why("lane_trouble"), due_at)
