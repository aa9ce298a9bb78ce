"""USE CASE. Settle what was sent: ask the broker's lists, never guess.

One round of reads serves every execution of the lane that is due for a look.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from bridge.audit import Event
from bridge.domain.instruments import BrokerOrder, Listing, Position
from bridge.domain.intents import Place
from bridge.domain.outcomes import BrokerCall
from bridge.domain.reasons import why
from bridge.domain.sightings import (
    Again,
    Lists,
    LookAgain,
    Patience,
    Sent,
    Settled,
    Verdict,
    judge_cancel,
    judge_close,
    judge_place,
    judge_quickly,
)
from bridge.domain.status import Status
from bridge.domain.values import OrderType, Side
from bridge.errors import BrokerTrouble, LostRace, NeedsSignIn, NoAnswer, Refused, TooSoon
from bridge.lane import Lane
from bridge.observe import Opened, Unresolved
from bridge.store import Session, executions
from bridge.store.executions import Execution

_BEFORE = timedelta(seconds=60)
_FOLLOW = (0.15, 0.3, 0.6, 1.0, 2.0, 4.0, 8.0, 15.0)
_FOLLOW_AFTER = 30.0
_TROUBLE_WAIT = timedelta(seconds=2)


def found_sending(lane: Lane, db: Session, execution: Execution) -> None:
    """A `sending` row that this hold of the lane did not write: only ask, never send."""
    now = lane.tools.now()
    due_at = now + timedelta(seconds=lane.tools.timings.looks[0])
    reason = why("left_sending")
    executions.move(db, execution, Status.UNKNOWN, reason, now, due_at=due_at, looks=0)
    lane.record(db, Event.EXECUTION_UNKNOWN, execution, reason=reason)


def settle(lane: Lane, due: list[Execution]) -> None:
    """Look for each execution that is due, with as few reads as will do."""
    try:
        opened = lane.open()
    except (BrokerTrouble, Unresolved, Refused) as exc:
        return _put_off(lane, due, exc)
    round_ = _Round(lane, opened, min(e.sent_at or lane.tools.now() for e in due) - _BEFORE)
    for execution in due:
        try:
            verdict = _judge(lane, execution, round_)
        except BrokerTrouble as exc:
            if _overdue(lane, execution, exc):
                seconds = int(lane.tools.timings.review.total_seconds())
                verdict = Settled(Status.NEEDS_REVIEW, why("cannot_tell", seconds=seconds))
                _apply(lane, execution, verdict, round_)
            else:
                _put_off(lane, [execution], exc)
        else:
            _apply(lane, execution, verdict, round_)
    return None


def _overdue(lane: Lane, execution: Execution, trouble: BrokerTrouble) -> bool:
    """The broker answers, but one of its lists has not for too long: a person must look."""
    if execution.status is not Status.UNKNOWN or execution.sent_at is None:
        return False
    waited = lane.tools.now() - execution.sent_at
    return isinstance(trouble, NoAnswer) and waited >= lane.tools.timings.review


@dataclass
class _Round:
    """Each list, read when the first execution needs it and kept for the others of the round."""

    lane: Lane
    opened: Opened
    since: datetime
    _positions: Listing[Position] | None = None
    _orders: Listing[BrokerOrder] | None = None
    _history: Listing[BrokerOrder] | None = None
    calls: list[BrokerCall] = field(default_factory=list)

    def positions(self) -> Listing[Position]:
        if self._positions is None:
            self._positions = self.lane.positions(anew=True)
            self._keep()
        return self._positions

    def orders(self) -> Listing[BrokerOrder]:
        if self._orders is None:
            self._orders = self.opened.broker.orders()
            self._keep()
        return self._orders

    def history(self) -> Listing[BrokerOrder]:
        if self._history is None:
            self._history = self.opened.broker.orders_history(self.since)
            self._keep()
        return self._history

    def _keep(self) -> None:
        self.calls += self.lane.calls.made
        self.lane.calls.made.clear()


def _judge(lane: Lane, execution: Execution, round_: _Round) -> Verdict:
    now, timings = lane.tools.now(), lane.tools.timings
    patience = Patience(timings.verdict, timings.review, timings.call + timings.call_margin)
    sent = _sent(lane, execution, round_.opened)
    match execution.kind:
        case "close":
            return judge_close(sent, round_.positions().rows, now, patience)
        case "cancel":
            return judge_cancel(sent, round_.orders().rows, now, patience)
        case _:
            return _judge_place(execution, sent, round_, now, patience)


def _judge_place(
    execution: Execution, sent: Sent, round_: _Round, now: datetime, patience: Patience
) -> Verdict:
    """Positions first; the other lists only when they are needed to tell, or to name the order."""
    positions = round_.positions()
    quickly = None if sent.unknown else judge_quickly(sent, positions.rows)
    if quickly is not None:
        return quickly
    history, orders = round_.history(), round_.orders()
    visible = round_.opened.broker.tags_visible
    complete = positions.complete and orders.complete and history.complete and visible
    lists = Lists(positions.rows, orders.rows, history.rows, complete)
    return judge_place(sent, lists, now, patience)


def _sent(lane: Lane, execution: Execution, opened: Opened) -> Sent:
    with lane.tools.database.reading() as db:
        attempt = executions.last_attempt(db, execution)
    if execution.instrument is None or execution.sent_at is None:
        raise ValueError("what was sent has an instrument and a time")
    needs_id = execution.kind == "place" and execution.status is Status.UNKNOWN
    instrument_id = opened.broker.instrument(execution.instrument).id if needs_id else ""
    return Sent(
        tag=execution.tag,
        order_id=execution.broker_order_id,
        side=Side(execution.side) if execution.side else None,
        lots=execution.quantity,
        instrument_id=instrument_id,
        sent_at=execution.sent_at,
        unknown=execution.status is Status.UNKNOWN,
        absent_reads=execution.absent_reads,
        plan=execution.plan,
        target=attempt.target if attempt is not None else None,
        seen=attempt.seen if attempt is not None else None,
    )


def _apply(lane: Lane, execution: Execution, verdict: Verdict, round_: _Round) -> None:
    """Write a verdict down; if somebody else moved the execution meanwhile, leave it.

    The reads are kept as evidence where they settled something or an unknown was asked about;
    the many looks at an order that just rests would only fill the log.
    """
    try:
        with lane.tools.database.transaction() as db:
            lane.hold(db)
            if execution.status is Status.UNKNOWN or not isinstance(verdict, LookAgain):
                for call in round_.calls:
                    lane.record(db, Event.EXECUTION_LOOKED, execution, call=call)
            match verdict:
                case Settled():
                    _settled(lane, db, execution, verdict)
                case Again():
                    _again(lane, db, execution, verdict)
                case LookAgain():
                    due_at = lane.tools.now() + _next_look(lane, execution)
                    executions.looked(db, execution, due_at, absent=verdict.absent)
                case _:
                    assert_never(verdict)
    except LostRace:
        return


def _settled(lane: Lane, db: Session, execution: Execution, found: Settled) -> None:
    now = lane.tools.now()
    seen = {
        "broker_order_id": found.order_id,
        "position_id": found.position_id,
        "fill_price": found.price,
        "fill_lots": found.lots,
    }
    also: dict[str, object] = {k: v for k, v in seen.items() if v is not None}
    if found.status is Status.WORKING:
        also |= {"due_at": now + lane.tools.timings.first_follow, "looks": 0}
    executions.move(db, execution, found.status, found.reason, now, **also)
    event = Event(f"execution.{found.status.value}")
    data = {
        "order_id": found.order_id,
        "position_id": found.position_id,
        "fill_price": found.price,
        "fill_lots": found.lots,
    }
    lane.record(db, event, execution, reason=found.reason, data=data)


def _again(lane: Lane, db: Session, execution: Execution, verdict: Again) -> None:
    executions.queue_again(db, execution, verdict.reason, lane.tools.now())
    lane.record(db, Event.EXECUTION_QUEUED_AGAIN, execution, reason=verdict.reason)


def _next_look(lane: Lane, execution: Execution) -> timedelta:
    """Unknown: by the schedule from the send. Accepted: soon, then ever more seldom."""
    if execution.status is Status.UNKNOWN:
        looks = lane.tools.timings.looks
        nth = execution.looks + 1
        if nth < len(looks) and execution.sent_at is not None:
            due = execution.sent_at + timedelta(seconds=looks[nth])
            return max(due - lane.tools.now(), timedelta(milliseconds=100))
        return lane.tools.timings.looks_after
    resting = isinstance(execution.intent, Place) and (
        execution.intent.order_type is not OrderType.MARKET
    )
    nth = execution.looks + (3 if resting else 0)
    return timedelta(seconds=_FOLLOW[nth] if nth < len(_FOLLOW) else _FOLLOW_AFTER)


def _put_off(lane: Lane, due: list[Execution], trouble: Exception) -> None:
    """The lists could not be read: that counts as nothing."""
    now = lane.tools.now()
    due_at = max(trouble.due, now) if isinstance(trouble, TooSoon) else now + _TROUBLE_WAIT
    if isinstance(trouble, NeedsSignIn):
        lane.tools.brokers.needs_sign_in(lane.account, trouble)
    with lane.tools.database.transaction() as db:
        lane.hold(db)
        for execution in due:
            executions.looked(db, execution, due_at)
