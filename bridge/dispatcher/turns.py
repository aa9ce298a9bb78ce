"""Whose turn is it in a lane? Decided from its unfinished executions alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.domain.decide import only_opens, uses_position
from bridge.domain.intents import Place, Target
from bridge.domain.reasons import Reason, why
from bridge.domain.status import Status
from bridge.domain.values import OrderType
from bridge.execute import SPLIT_LEG
from bridge.store.executions import Execution

_LANE_WAITS = frozenset({"not_taken", "sign_in_needed"})
"""Causes that concern the broker, not the instrument: then the whole lane waits its time."""


@dataclass(frozen=True)
class Run:
    """This one is next. `frozen`: an earlier one there needs review, so it may not open."""

    execution: Execution
    frozen: bool


@dataclass(frozen=True)
class Look:
    """These are due to be looked for."""

    executions: tuple[Execution, ...]


@dataclass(frozen=True)
class Idle:
    """Nothing is due before `until` (None: until something is submitted)."""

    until: datetime | None


HOLDS_AT_MOST = timedelta(seconds=120)
"""How long a market order or close that is not seen ending holds back what needs the position."""

Work = Run | Look | Idle


@dataclass
class Turns:
    """One pass over a lane, in (turn, leg) order, remembering what stands in the way."""

    now: datetime
    unknown: set[str | None] = field(default_factory=set)
    moving: set[str | None] = field(default_factory=set)
    review: set[str | None] = field(default_factory=set)
    blocked: set[str | None] = field(default_factory=set)
    families: dict[tuple[int, int, int, int], int] = field(default_factory=dict)
    looks: list[Execution] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    held: list[tuple[Execution, Reason]] = field(default_factory=list)
    next: Run | None = None
    stopped: bool = False

    def work(self) -> Work:
        """What to do now. A close goes before looks, looks before an opening."""
        chosen = self.next
        if chosen is not None and (chosen.execution.reduces or not self.looks):
            return chosen
        if self.looks:
            return Look(tuple(self.looks))
        return Idle(min(self.times, default=None))

    def see(self, execution: Execution) -> None:
        """Take the next row of the lane into account."""
        if execution.status in (Status.UNKNOWN, Status.WORKING):
            self._see_sent(execution)
        elif execution.status is Status.NEEDS_REVIEW:
            self.review.add(execution.instrument)
        else:
            self._see_queued(execution)
        self.families.setdefault(execution.family, execution.leg)

    def _see_sent(self, execution: Execution) -> None:
        if execution.due_at <= self.now:
            self.looks.append(execution)
        else:
            self.times.append(execution.due_at)
        if execution.status is Status.UNKNOWN:
            self.unknown.add(execution.instrument)
        elif _moves_the_position(execution) and not self._lost_sight_of(execution):
            self.moving.add(execution.instrument)

    def _lost_sight_of(self, execution: Execution) -> bool:
        """Accepted long ago and not seen since: it holds no close back any more."""
        return execution.sent_at is not None and self.now - execution.sent_at > HOLDS_AT_MOST

    def _see_queued(self, execution: Execution) -> None:
        expires = expires_at(execution)
        if expires is not None and expires <= self.now:
            self._choose(execution, frozen=True)
            return
        self.times += [expires] if expires is not None else []
        if self.stopped:
            return
        reason = self._held_by(execution)
        if reason is not None:
            self._hold(execution, reason)
        elif execution.due_at > self.now:
            self._put_off(execution)
        else:
            self._choose(execution, frozen=execution.instrument in self.review)

    def _choose(self, execution: Execution, *, frozen: bool) -> None:
        if self.next is None:
            self.next = Run(execution, frozen)
        self._block(execution)

    def _put_off(self, execution: Execution) -> None:
        """Its own time has not come; if the broker is the trouble, nor has that of the lane."""
        self.times.append(execution.due_at)
        self.stopped = execution.code in _LANE_WAITS
        found_review = execution.code == "review_before" and execution.instrument in self.review
        if not found_review:  # closes go on past a review
            self._block(execution)

    def _hold(self, execution: Execution, reason: Reason) -> None:
        self.held.append((execution, reason))
        if reason.code != "review_before":  # closes go on past a review
            self._block(execution)

    def _block(self, execution: Execution) -> None:
        """Later ones on its instrument come after it."""
        self.blocked.add(execution.instrument)

    def _held_by(self, execution: Execution) -> Reason | None:
        """What holds it back, as the page says it; None when it may go."""
        symbol = execution.instrument
        if self._behind_a_leg(execution):
            return why("leg_before")
        if _any(self.blocked, symbol):
            return why("earlier_before", symbol=symbol or "the account")
        if _any(self.unknown, symbol):
            return why("unknown_before", symbol=symbol or "the account")
        if symbol in self.review and not execution.reduces and not _may_reduce(execution):
            return why("review_before", symbol=symbol)
        if uses_position(execution.intent) and _any(self.moving, symbol):
            return why("moving_before", symbol=symbol or "the account")
        return None

    def _behind_a_leg(self, execution: Execution) -> bool:
        """Whether an earlier leg of its own signal is unfinished; split legs wait for nothing."""
        first = self.families.get(execution.family)
        return first is not None and first < execution.leg < SPLIT_LEG


def whose_turn(rows: Sequence[Execution], now: datetime) -> Turns:
    """One pass over the unfinished executions of a lane."""
    turns = Turns(now)
    for execution in rows:
        turns.see(execution)
    return turns


def expires_at(execution: Execution) -> datetime | None:
    """The first moment at which a queued opening is too old to be sent."""
    if not isinstance(execution.intent, Place) or not only_opens(execution.intent):
        return None
    limit = execution.intent.guards.max_age
    return None if limit is None else execution.source_time + limit + timedelta.resolution


def _any(instruments: Iterable[str | None], symbol: str | None) -> bool:
    """Whether one of them is this instrument; an account-wide one (None) meets every other."""
    known = set(instruments)
    return bool(known) if symbol is None else symbol in known or None in known


def _moves_the_position(execution: Execution) -> bool:
    """Whether its end changes what is open: a close, or a market order; never a resting one."""
    if execution.kind == "close":
        return True
    intent = execution.intent
    return isinstance(intent, Place) and intent.order_type is OrderType.MARKET


def _may_reduce(execution: Execution) -> bool:
    """Whether an opening may turn out, at its turn, to be a close."""
    intent = execution.intent
    return isinstance(intent, Target) or (isinstance(intent, Place) and intent.opposite is not None)
