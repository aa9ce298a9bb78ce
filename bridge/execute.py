"""USE CASE. One execution: read what it uses, decide, write `sending`, call, write the outcome.

No transaction is open during a call, and nothing here decides: that is `domain.decide`. Whoever did
not itself commit the `sending` row never sends for it.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import assert_never

from bridge.audit import Event
from bridge.brokers.base import OrderRequest
from bridge.domain.decide import (
    Become,
    CloseFirst,
    Decision,
    Denied,
    Expired,
    Facts,
    Moment,
    Needs,
    SendCancel,
    SendClose,
    SendOrder,
    decide,
    needs,
    only_opens,
)
from bridge.domain.guards import too_old
from bridge.domain.instruments import Instrument
from bridge.domain.intents import CLOSE_LEG, Close, Intent, Place
from bridge.domain.outcomes import (
    Accepted,
    BrokerCall,
    NotTaken,
    Outcome,
    Rejected,
    Unknown,
    WireClass,
)
from bridge.domain.reasons import Reason, why
from bridge.domain.status import Status
from bridge.domain.values import make_tag
from bridge.domain.written import write
from bridge.errors import (
    BrokerTrouble,
    LostRace,
    NeedsSignIn,
    Refused,
    TooSoon,
    UnknownInstrument,
)
from bridge.lane import Lane
from bridge.observe import Opened, Unresolved
from bridge.store import Session, executions, rates
from bridge.store.executions import Execution, NewAttempt, NewExecution

MAX_ATTEMPTS = 3
"""A placement that never left us is tried this often; a refused close once more per position."""

SPLIT_LEG = 100
"""Legs of split intents count from here, in hundreds, behind those that wait for each other."""

TOO_MANY, UNAUTHORIZED = 429, 401

Send = SendOrder | SendClose | SendCancel

_LIMITS = {SendOrder: "PLACE_ORDER", SendClose: "MODIFY_POSITION", SendCancel: "MODIFY_ORDER"}
_KINDS = {"place": SendOrder, "close": SendClose, "cancel": SendCancel}
_HARMLESS = frozenset({"nothing_to_close", "nothing_to_cancel", "reduced", "already_there"})
_STEPS = 4
_SIGN_IN_WAIT = timedelta(seconds=15)


def carry_out(lane: Lane, execution: Execution, *, frozen: bool = False) -> None:
    """Take one queued execution as far as one broker call. `frozen`: nothing may be opened here."""
    late = _expired(execution, lane.tools.now())
    if late is not None:
        return _finish(lane, execution, Status.EXPIRED, late)
    failed = _failed_leg(lane, execution)
    if failed is not None:
        return _finish(lane, execution, Status.DENIED, failed)
    try:
        opened = lane.open()
        if execution.instrument is None:
            return _split(lane, execution, opened)
        return _run(lane, execution, opened, frozen=frozen)
    except Unresolved as exc:
        return _finish(lane, execution, Status.DENIED, why("account_unresolved", account=exc.ref))
    except Refused as exc:
        return _finish(
            lane, execution, Status.DENIED, Reason(exc.fault.code, f"Denied: {exc.fault.message}")
        )
    except UnknownInstrument as exc:
        return _finish(lane, execution, Status.DENIED, _unknown_instrument(exc))
    except BrokerTrouble as exc:
        return _wait(lane, execution, exc)


def _run(lane: Lane, execution: Execution, opened: Opened, *, frozen: bool) -> None:
    if execution.instrument is None:
        raise ValueError("an account-wide intent is split before it is decided")
    instrument = opened.broker.instrument(execution.instrument)
    execution, decision = _decide_carefully(lane, execution, opened, instrument)
    match decision:
        case Denied(reason=reason):
            _deny(lane, execution, reason)
        case Expired(reason=reason):
            _finish(lane, execution, Status.EXPIRED, reason)
        case CloseFirst():
            _close_first(lane, execution, decision)
        case SendOrder():
            _open(lane, execution, opened, instrument, decision, frozen=frozen)
        case SendClose() | SendCancel():
            _send(lane, execution, opened, instrument, decision)
        case Become():
            raise ValueError("an intent that has become another was decided again")
        case _:
            assert_never(decision)


def _open(
    lane: Lane,
    execution: Execution,
    opened: Opened,
    instrument: Instrument,
    decision: SendOrder,
    *,
    frozen: bool,
) -> None:
    """An opening goes out unless a review stands before it, or it could not be found again."""
    if frozen:
        return _hold_back(lane, execution)
    if not opened.broker.tags_visible:
        return _finish(lane, execution, Status.DENIED, why("tags_invisible"))
    return _send(lane, execution, opened, instrument, decision)


def _decide_carefully(
    lane: Lane, execution: Execution, opened: Opened, instrument: Instrument
) -> tuple[Execution, Decision]:
    """A refusal is only ever judged on a read of its own."""
    kept = lane.has_kept_positions()
    decided = _decide(lane, execution, opened, instrument, anew=False)
    if kept and isinstance(decided[1], Denied):
        return _decide(lane, execution, opened, instrument, anew=True)
    return decided


def _decide(
    lane: Lane, execution: Execution, opened: Opened, instrument: Instrument, *, anew: bool
) -> tuple[Execution, Decision]:
    """Decide, following an intent that turns out to be another one; reads only what is used."""
    intent, facts, seen = _intent(execution), Facts(instrument), Needs()
    for _ in range(_STEPS):
        wanted = needs(intent)
        missing = _missing(wanted, seen)
        if missing != Needs():
            facts = _joined(facts, _read_facts(lane, opened, instrument, missing, anew=anew))
            seen = _union(seen, wanted)
        moment = Moment(lane.tools.now(), execution.source_time, execution.received_at)
        decision = decide(intent, facts, moment, execution.plan)
        if not isinstance(decision, Become):
            return replace(execution, intent=intent), decision
        intent = decision.intent
    raise ValueError("an intent became another one too often")


def _read_facts(
    lane: Lane, opened: Opened, instrument: Instrument, needs: Needs, *, anew: bool
) -> Facts:
    """What an intent uses, and nothing else. Raises trouble of the broker."""
    return Facts(
        instrument=instrument,
        all_positions=lane.positions(anew=anew).rows if needs.positions else None,
        quote=opened.broker.quote(instrument) if needs.quote else None,
        orders=opened.broker.orders().rows if needs.orders else None,
    )


def _intent(execution: Execution) -> Intent:
    """The intent; in shadow nothing was closed before it, so nothing needs to be seen flat."""
    intent = execution.intent
    if execution.shadow is not None and isinstance(intent, Place):
        return replace(intent, after_flat=None)
    return intent


def _missing(wanted: Needs, seen: Needs) -> Needs:
    return Needs(
        wanted.positions and not seen.positions,
        wanted.quote and not seen.quote,
        wanted.orders and not seen.orders,
    )


def _union(one: Needs, other: Needs) -> Needs:
    return Needs(
        one.positions or other.positions, one.quote or other.quote, one.orders or other.orders
    )


def _joined(old: Facts, new: Facts) -> Facts:
    return Facts(
        old.instrument,
        new.all_positions if new.all_positions is not None else old.all_positions,
        new.quote or old.quote,
        new.orders if new.orders is not None else old.orders,
    )


# --- ends without a call ----------------------------------------------------------------------


def _expired(execution: Execution, now: datetime) -> Reason | None:
    """An open that is too old needs no reads and waits for nothing."""
    if not isinstance(execution.intent, Place) or not only_opens(execution.intent):
        return None
    return too_old(execution.source_time, now, execution.intent.guards.max_age)


def _failed_leg(lane: Lane, execution: Execution) -> Reason | None:
    """Why a leg must not go on: one of its own earlier legs did not succeed."""
    if execution.leg == 0 or execution.leg >= SPLIT_LEG or execution.reduces:
        return None  # what reduces risk waits for its own earlier legs, and then goes on
    with lane.tools.database.reading() as db:
        earlier = executions.legs_of(db, execution)
    for leg in earlier:
        done = leg.status in (Status.FILLED, Status.CANCELLED, Status.SHADOWED)
        harmless = leg.status is Status.DENIED and leg.code in _HARMLESS
        if not done and not harmless:
            return why("leg_failed", leg=leg.kind, status=leg.status)
    return None


def _deny(lane: Lane, execution: Execution, reason: Reason) -> None:
    """Denied; but a cancel after which no such order rests is done."""
    if reason.code == "nothing_to_cancel" and execution.attempt > 1:
        done = why("orders_cancelled")
        return _finish(lane, execution, Status.CANCELLED, done)
    return _finish(lane, execution, Status.DENIED, reason)


def _finish(
    lane: Lane, execution: Execution, status: Status, reason: Reason, **also: object
) -> None:
    """End a queued execution without a call."""
    with lane.tools.database.transaction() as db:
        lane.hold(db)
        lane.record_calls(db, Event.EXECUTION_OBSERVED, execution)
        executions.move(db, execution, status, reason, lane.tools.now(), **also)
        lane.record(db, _event(status), execution, reason=reason)


def _wait(lane: Lane, execution: Execution, trouble: BrokerTrouble) -> None:
    """A read failed, so nothing is known and nothing was changed: the turn comes again."""
    now = lane.tools.now()
    match trouble:
        case TooSoon(due=due):
            reason, due_at = why("rate_limited"), max(due, now)
        case NeedsSignIn():
            lane.tools.brokers.needs_sign_in(lane.account, trouble)
            reason, due_at = why("sign_in_needed"), now + _SIGN_IN_WAIT
        case _:
            reason = why("retry_later", seen=str(trouble))
            due_at = now + _back_off(lane, execution.looks)
    with lane.tools.database.transaction() as db:
        lane.hold(db)
        lane.record_calls(db, Event.EXECUTION_OBSERVED, execution)
        executions.wait(db, execution, reason, due_at)


def _hold_back(lane: Lane, execution: Execution) -> None:
    reason = why("review_before", symbol=execution.instrument)
    with lane.tools.database.transaction() as db:
        lane.hold(db)
        executions.wait(db, execution, reason, lane.tools.now() + lane.tools.timings.looks_after)


def _unknown_instrument(exc: UnknownInstrument) -> Reason:
    if exc.matches:
        return why("symbol_ambiguous", count=exc.matches, symbol=exc.name)
    near = f"; names like it: {', '.join(exc.near)}" if exc.near else ""
    return why("symbol_unknown", symbol=exc.name, near=near)


# --- further legs -----------------------------------------------------------------------------


def _close_first(lane: Lane, execution: Execution, decision: CloseFirst) -> None:
    """Put a close of the opposite position before this opening, as a leg of its own."""
    now = lane.tools.now()
    with lane.tools.database.transaction() as db:
        lane.hold(db)
        lane.record_calls(db, Event.EXECUTION_OBSERVED, execution)
        if any(leg.leg == CLOSE_LEG for leg in executions.legs_of(db, execution)):
            side = decision.close.side or "opposite"
            reason = why("not_flat", side=side)
            executions.move(db, execution, Status.DENIED, reason, now)
            lane.record(db, Event.EXECUTION_DENIED, execution, reason=reason)
            return
        _add_leg(lane, db, execution, CLOSE_LEG, execution.instrument, decision.close)
        executions.become(db, execution, decision.then)
        lane.record(
            db, Event.EXECUTION_SPLIT, execution, data={"leg": CLOSE_LEG, "intent": decision.close}
        )


def _split(lane: Lane, execution: Execution, opened: Opened) -> None:
    """An account-wide intent, at its turn: one execution per instrument that it concerns."""
    broker = opened.broker
    if isinstance(execution.intent, Close):
        listed = {p.instrument_id for p in lane.positions(anew=True).rows}
        nothing = why("nothing_to_close", side=execution.intent.side or "open")
    else:
        listed = {o.instrument_id for o in broker.orders().rows if o.position_id is None}
        nothing = why("nothing_to_cancel")
    names, unnamed = _names(opened, listed)
    if not names:
        return _finish(lane, execution, Status.DENIED, unnamed or nothing)
    with lane.tools.database.transaction() as db:
        lane.hold(db)
        lane.record_calls(db, Event.EXECUTION_OBSERVED, execution)
        for number, name in enumerate(names[1:], start=SPLIT_LEG * (execution.leg + 1)):
            _add_leg(lane, db, execution, number, name, execution.intent)
        executions.become(db, execution, execution.intent, instrument=names[0])
        data = {"count": len(names)}
        lane.record(db, Event.EXECUTION_SPLIT, execution, reason=unnamed, data=data)
    return None


def _names(opened: Opened, listed: set[str]) -> tuple[list[str], Reason | None]:
    """The names of instruments, and a word on those that have none any more."""
    names, unnamed = [], None
    for instrument_id in listed:
        try:
            names.append(opened.broker.name_of(instrument_id))
        except UnknownInstrument:
            unnamed = why("instrument_unnamed", id=instrument_id)
    return sorted(names), unnamed


def _add_leg(
    lane: Lane, db: Session, execution: Execution, leg: int, symbol: str | None, intent: Intent
) -> None:
    now = lane.tools.now()
    new = NewExecution(
        user=execution.user,
        alert=execution.alert,
        signal_no=execution.signal_no,
        rule=execution.rule,
        account=execution.account,
        turn=execution.turn,
        leg=leg,
        instrument=symbol,
        action=execution.action,
        intent=intent,
        shadow=execution.shadow,
        tag=make_tag(now, lane.tools.randomness(10), leg % 32),
        source_time=execution.source_time,
        received_at=execution.received_at,
        now=now,
    )
    executions.insert_many(db, [new])


# --- the call ---------------------------------------------------------------------------------


def _send(
    lane: Lane, execution: Execution, opened: Opened, instrument: Instrument, decision: Send
) -> None:
    if execution.shadow is not None:
        return _finish(lane, execution, Status.SHADOWED, why(execution.shadow), **_said(decision))
    sending = _write_sending(lane, execution, opened, instrument, decision)
    if sending is None:
        return None
    committed = lane.tools.monotonic()
    patience = lane.tools.timings.commit_to_call.total_seconds()
    lane.about_to_call()
    if lane.is_ours() and lane.tools.monotonic() - committed <= patience:
        outcome = _call(opened, sending, instrument, decision)
    else:
        outcome = _never_left(lane, decision)
    if isinstance(outcome, NotTaken) and outcome.wire is WireClass.NOT_ACCEPTED:
        outcome = _confirmed(lane, opened, sending, outcome)
    return _write_outcome(lane, sending, decision, outcome)


def _write_sending(
    lane: Lane, execution: Execution, opened: Opened, instrument: Instrument, decision: Send
) -> Execution | None:
    """The send commit: after it, and only after it, may a byte leave. None: not now."""
    opened.broker.be_ready()
    limit_name = _LIMITS[type(decision)]
    limit = opened.broker.limit_of(limit_name)
    budget = rates.budget(limit.count, limit.window)
    with lane.tools.database.transaction() as db:
        lane.hold(db)
        now = lane.tools.now()
        lane.record_calls(db, Event.EXECUTION_OBSERVED, execution)
        late = _late_to_open(execution, decision, now)
        if late is not None:
            executions.move(db, execution, Status.EXPIRED, late, now)
            lane.record(db, Event.EXECUTION_EXPIRED, execution, reason=late)
            return None
        due = rates.take(db, opened.connection.id, limit_name, budget, now)
        if due is not None:
            executions.wait(db, execution, why("rate_limited"), due)
            return None
        attempt, said = _attempt(decision), _said(decision)
        intent = {"intent": json.dumps(write(execution.intent))}
        kinds = {"kind": _kind(decision), "direction": _direction(decision)}
        executions.start(db, execution, lane.claimed.fence, attempt, now, **said, **intent, **kinds)
        lane.record(
            db,
            Event.EXECUTION_SENDING,
            execution,
            data={
                "attempt": execution.attempt,
                "tag": execution.tag,
                "symbol": instrument.name,
                **_told(decision),
            },
        )
    return replace(
        execution,
        status=Status.SENDING,
        sent_at=now,
        direction=_direction(decision),
        kind=_kind(decision),
        plan=decision.plan if isinstance(decision, SendClose) else execution.plan,
    )


def _late_to_open(execution: Execution, decision: Send, now: datetime) -> Reason | None:
    """The age that counts is the one at this commit, however long it was waited for."""
    if not isinstance(decision, SendOrder) or not isinstance(execution.intent, Place):
        return None
    return too_old(execution.source_time, now, execution.intent.guards.max_age)


def _call(opened: Opened, execution: Execution, instrument: Instrument, decision: Send) -> Outcome:
    broker = opened.broker
    match decision:
        case SendOrder():
            order = OrderRequest(
                instrument,
                decision.side,
                decision.type,
                decision.lots,
                decision.price,
                decision.stop_loss,
                decision.take_profit,
            )
            return broker.place(order, execution.tag)
        case SendClose():
            return broker.close(decision.position_id, decision.lots)
        case SendCancel():
            return broker.cancel(decision.order_id)


def _never_left(lane: Lane, decision: Send) -> NotTaken:
    """Our own deadline has passed between the commit and the socket: nothing is sent any more."""
    now = lane.tools.now()
    route = f"not called ({_kind(decision)})"
    call = BrokerCall(route, route, None, None, None, "own deadline passed", now, now)
    return NotTaken(call, "the lane's lease or the time to send had run out", WireClass.NOT_SENT)


def _confirmed(
    lane: Lane, opened: Opened, execution: Execution, outcome: NotTaken
) -> NotTaken | Unknown:
    """A placement that the broker says it did not take counts so once a read shows no such tag."""
    if execution.kind != "place" or outcome.call.status == UNAUTHORIZED:
        return outcome
    try:
        since = outcome.call.sent_at - timedelta(minutes=1)
        orders = opened.broker.orders().rows + opened.broker.orders_history(since).rows
        tags = {row.tag for row in orders} | {p.tag for p in lane.positions(anew=True).rows}
    except BrokerTrouble as exc:
        return Unknown(outcome.call, f"{outcome.reason}; and not confirmed: {exc}")
    if execution.tag in tags:
        return Unknown(outcome.call, f"{outcome.reason}, yet the tag is listed")
    return outcome


def _write_outcome(lane: Lane, execution: Execution, decision: Send, outcome: Outcome) -> None:
    """Status, attempt and audit entry in one commit; a late answer is kept as evidence."""
    try:
        with lane.tools.database.transaction() as db:
            executions.answered(db, execution, outcome.wire, outcome.call.answered_at)
            _move_by(lane, db, execution, decision, outcome)
            lane.calls.made[:] = [c for c in lane.calls.made if c is not outcome.call]
            lane.record_calls(db, Event.EXECUTION_OBSERVED, execution)
    except LostRace:
        with lane.tools.database.transaction() as db:
            lane.record(
                db,
                Event.EXECUTION_ANSWERED_LATE,
                execution,
                call=outcome.call,
                data={"wire": outcome.wire.value},
            )


def _move_by(
    lane: Lane, db: Session, execution: Execution, decision: Send, outcome: Outcome
) -> None:
    now, call = lane.tools.now(), outcome.call
    also: dict[str, object] = {"answered_at": call.answered_at}
    match outcome:
        case Accepted(order_id=order_id):
            status, reason = Status.WORKING, _accepted(order_id)
            also |= {"due_at": now + lane.tools.timings.first_follow, "looks": 0}
            if order_id is not None:
                also["broker_order_id"] = order_id
        case Rejected() if execution.reduces and execution.attempt < _most_attempts(execution):
            return _ask_again(lane, db, execution, outcome)
        case Rejected(reason=text):
            status, reason = Status.REJECTED, why("broker_refused", text=text)
        case Unknown(reason=text):
            status, reason = Status.UNKNOWN, why("no_answer", seen=text)
            also["due_at"] = now + timedelta(seconds=lane.tools.timings.looks[0])
        case NotTaken():
            return _try_again(lane, db, execution, outcome)
        case _:
            assert_never(outcome)
    executions.move(db, execution, status, reason, now, **also)
    return lane.record(
        db, _event(status), execution, reason=reason, call=call, data={"wire": outcome.wire.value}
    )


def _most_attempts(execution: Execution) -> int:
    """A refused close or cancel is decided anew so often: for each position, and some to spare."""
    return MAX_ATTEMPTS + len(execution.plan or ())


def _ask_again(lane: Lane, db: Session, execution: Execution, outcome: Rejected) -> None:
    """What was to be reduced may be gone already, or its order filled: look, then decide anew."""
    reason = why("refused_reduction", text=outcome.reason)
    due_at = lane.tools.now() + _back_off(lane, execution.attempt - 1)
    executions.queue_again(db, execution, reason, due_at)
    lane.record(
        db,
        Event.EXECUTION_QUEUED_AGAIN,
        execution,
        reason=reason,
        call=outcome.call,
        data={"wire": outcome.wire.value},
    )


def _accepted(order_id: str | None) -> Reason:
    return why("close_accepted") if order_id is None else why("accepted", order=order_id)


def _try_again(lane: Lane, db: Session, execution: Execution, outcome: NotTaken) -> None:
    """Nothing was taken: another attempt while there are some left, else an end that says so."""
    now = lane.tools.now()
    allowed = MAX_ATTEMPTS if outcome.wire is WireClass.NOT_SENT else MAX_ATTEMPTS - 1
    if execution.attempt >= allowed and not execution.reduces:
        never = outcome.wire is WireClass.NOT_SENT
        status = Status.NOT_PLACED if never else Status.REJECTED
        reason = why("not_taken_given_up", attempt=execution.attempt, seen=outcome.reason)
        executions.move(db, execution, status, reason, now)
        lane.record(db, _event(status), execution, reason=reason, call=outcome.call)
        return
    seen, following = outcome.reason, execution.attempt + 1
    reason = why("not_accepted", seen=seen, attempt=following)
    if outcome.wire is WireClass.NOT_SENT:
        reason = why("not_taken", seen=seen, attempt=following)
    pause = _pause(lane, execution, outcome)
    if outcome.call.status == TOO_MANY:
        _push_back(lane, db, execution, now + pause)
    executions.queue_again(db, execution, reason, now + pause)
    lane.record(
        db,
        Event.EXECUTION_QUEUED_AGAIN,
        execution,
        reason=reason,
        call=outcome.call,
        data={"wire": outcome.wire.value},
    )


def _push_back(lane: Lane, db: Session, execution: Execution, until: datetime) -> None:
    """The broker said too fast: no lane of this login calls the route before then."""
    opened = lane.open()
    limit_name = _LIMITS[_KINDS[execution.kind]]
    limit = opened.broker.limit_of(limit_name)
    budget = rates.budget(limit.count, limit.window)
    rates.push_back(db, opened.connection.id, limit_name, until, budget)


def _pause(lane: Lane, execution: Execution, outcome: NotTaken) -> timedelta:
    if outcome.call.status == UNAUTHORIZED and execution.attempt == 1:
        return timedelta()
    if outcome.wait is not None:
        return timedelta(seconds=min(60.0, outcome.wait))
    return _back_off(lane, execution.attempt - 1)


def _back_off(lane: Lane, tries: int) -> timedelta:
    """Full jitter between nothing and a ceiling that doubles."""
    timings = lane.tools.timings
    doubled: timedelta = timings.back_off_first * (1 << min(tries, 6))
    return min(timings.back_off_longest, doubled) * (0.1 + 0.9 * lane.tools.jitter())


# --- how a call stands in our rows --------------------------------------------------------------


def _attempt(decision: Send) -> NewAttempt:
    digest = sha256(json.dumps(write(decision)).encode()).hexdigest()
    match decision:
        case SendOrder():
            return NewAttempt(digest, None, None)
        case SendClose():
            return NewAttempt(digest, decision.position_id, decision.seen)
        case SendCancel():
            return NewAttempt(digest, decision.order_id, None)


def _said(decision: Send) -> dict[str, object]:
    """What the execution's row keeps of a decision."""
    match decision:
        case SendOrder():
            arithmetic = json.dumps(decision.arithmetic, ensure_ascii=False)
            side = decision.side.value
            return {"side": side, "quantity": decision.lots, "arithmetic": arithmetic}
        case SendClose():
            kept: dict[str, object] = {
                "plan": executions.written_plan(decision.plan),
                "position_id": decision.position_id,
            }
            if decision.arithmetic:
                kept["arithmetic"] = json.dumps(decision.arithmetic, ensure_ascii=False)
                kept["quantity"] = sum(x.seen - x.leave for x in decision.plan)
            return kept
        case SendCancel():
            return {"broker_order_id": decision.order_id}


def _told(decision: Send) -> dict[str, object]:
    """What the audit entry says of a decision."""
    match decision:
        case SendOrder():
            return {
                "side": decision.side,
                "type": decision.type,
                "lots": decision.lots,
                "price": decision.price,
                "stop_loss": decision.stop_loss,
                "take_profit": decision.take_profit,
                "arithmetic": decision.arithmetic,
            }
        case SendClose():
            return {
                "position_id": decision.position_id,
                "lots": decision.lots,
                "seen": decision.seen,
                "plan": decision.plan,
                "arithmetic": decision.arithmetic,
            }
        case SendCancel():
            return {"order_id": decision.order_id}


def _kind(decision: Send) -> str:
    return next(kind for kind, sent in _KINDS.items() if isinstance(decision, sent))


def _direction(decision: Send) -> str:
    return "opens" if isinstance(decision, SendOrder) else "reduces"


def _event(status: Status) -> Event:
    return Event(f"execution.{status.value}")
