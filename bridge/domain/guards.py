"""GUARDS: each reason not to open. What cannot be evaluated denies an open and lets a close go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.domain.instruments import Position, Quote
from bridge.domain.intents import Guards
from bridge.domain.reasons import Reason, why
from bridge.domain.values import PositionSide

REQUIREMENTS: Mapping[str, Callable[[set[PositionSide]], bool]] = {
    "flat": lambda held: not held,
    "long": lambda held: PositionSide.LONG in held,
    "short": lambda held: PositionSide.SHORT in held,
    "not_long": lambda held: PositionSide.LONG not in held,
    "not_short": lambda held: PositionSide.SHORT not in held,
}


@dataclass(frozen=True)
class Seen:
    """What the guards look at: the account's positions, those of the instrument, the quote."""

    all_positions: tuple[Position, ...] | None
    here: tuple[Position, ...] | None
    quote: Quote | None


def spoken(length: timedelta) -> str:
    """A length of time as a person says it: `61.3 s`, `12 min`, `5 h`, `40 days`."""
    seconds = length.total_seconds()
    if seconds < 120:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    for unit, size, most in (("min", 60, 120), ("h", 3600, 48)):
        if seconds < most * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"


def too_old(source_time: datetime, now: datetime, limit: timedelta | None) -> Reason | None:
    """An open whose alert fired longer ago than the limit is not sent."""
    age = max(now - source_time, timedelta())
    if limit is None or age <= limit:
        return None
    return why("too_old", age=spoken(age), limit=spoken(limit))


def _spread(guards: Guards, seen: Seen) -> Reason | None:
    if guards.spread is None:
        return None
    if seen.quote is None:
        return why("cannot_evaluate", guard="spread")
    if seen.quote.spread <= guards.spread:
        return None
    return why("spread_too_wide", seen=seen.quote.spread, limit=guards.spread)


def _open_positions(guards: Guards, seen: Seen) -> Reason | None:
    if guards.open_positions is None:
        return None
    held = seen.all_positions
    if held is None:
        return why("cannot_evaluate", guard="open positions")
    if len(held) < guards.open_positions:
        return None
    return why("too_many_positions", seen=len(held), limit=guards.open_positions)


def _require(guards: Guards, seen: Seen) -> Reason | None:
    if guards.require is None:
        return None
    if seen.here is None:
        return why("cannot_evaluate", guard="required position")
    held = {p.side for p in seen.here}
    wanted = [guards.require, *([guards.require_also] if guards.require_also else [])]
    missed = next((w for w in wanted if not REQUIREMENTS[w](held)), None)
    if missed is None:
        return None
    shown = " and ".join(sorted(s.value for s in held)) or "flat"
    return why("required_position", wanted=missed, seen=shown)


GUARDS: Mapping[str, Callable[[Guards, Seen], Reason | None]] = {
    "spread": _spread,
    "open_positions": _open_positions,
    "require": _require,
}


def standing_against(guards: Guards, seen: Seen) -> Reason | None:
    """The first guard that stands against an opening, or None."""
    return next((r for g in GUARDS.values() if (r := g(guards, seen)) is not None), None)
