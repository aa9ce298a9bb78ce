"""USE CASE. What a pasted message would do at a hook, as far as intake knows; nothing is sent.

The broker is not asked, so sizes, prices and guards that need its facts are shown as they are
stated. `meaning_shown` is how a message's meaning is shown anywhere: here and by `bridge parse`.
"""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge import dialects
from bridge.domain.intents import (
    Cancel,
    Close,
    CloseAmount,
    Intent,
    Place,
    SizePlan,
    Target,
    direction_of,
    kind_of,
)
from bridge.domain.matching import Leg, Matched, Unmatched, match
from bridge.domain.signals import (
    BreakEven,
    Level,
    NotHonoured,
    Parsed,
    Refusal,
    Signal,
    Trailing,
)
from bridge.domain.signals import Target as SeveralTarget
from bridge.domain.values import OrderType, plain, rfc3339
from bridge.domain.written import write
from bridge.store import hooks, rules
from bridge.store.db import Database


def preview(database: Database, user: int, hook: str, raw: bytes) -> dict[str, Any]:
    """What the message says, and each rule's answer to it. Raises NotFound for a foreign hook."""
    with database.reading() as db:
        found = hooks.mine(db, user, hook)
        known = rules.of_hook(db, found.id)
    meaning = dialects.parse(raw, found.dialect)
    if isinstance(meaning, Refusal):
        return {**meaning_shown(meaning), "test": False, "matches": [], "unmatched": []}
    if found.time == "fired":
        meaning = meaning.timed_by_bar()
    answers = [(n, a) for n, s in enumerate(meaning.signals) for a in match(s, known)]
    return {
        **meaning_shown(meaning),
        "test": meaning.test,
        "matches": [_matched(n, a) for n, a in answers if isinstance(a, Matched)],
        "unmatched": [_unmatched(n, a) for n, a in answers if isinstance(a, Unmatched)],
    }


def meaning_shown(meaning: Parsed | Refusal) -> dict[str, Any]:
    """A message's meaning in JSON: signals, or the refusal; never both."""
    if isinstance(meaning, Refusal):
        refusal = {"code": meaning.code, "field": meaning.field, "message": meaning.message}
        return {
            "dialect": meaning.dialect,
            "signals": [],
            "repairs": list(meaning.repairs),
            "not_honoured": [],
            "refusal": refusal,
        }
    return {
        "dialect": meaning.dialect,
        "signals": [_signal(signal) for signal in meaning.signals],
        "repairs": list(meaning.repairs),
        "not_honoured": [_not_honoured(n) for n in meaning.not_honoured],
        "refusal": None,
    }


def _not_honoured(entry: NotHonoured) -> dict[str, str]:
    return {"field": entry.field, "reason": entry.reason}


def _signal(signal: Signal) -> dict[str, Any]:
    """Every key of a signal; null where the message does not say."""
    said = {f.name: _value(getattr(signal, f.name)) for f in fields(signal)}
    # not said means a market order, wherever an order is meant at all
    return {**said, "order_type": (signal.order_type or OrderType.MARKET).value}


def _value(value: Any) -> Any:
    match value:
        case Level():
            return {value.kind.value: plain(value.value)}
        case SeveralTarget():
            return {**_value(value.level), "share": _value(value.share)}
        case Trailing():
            return {**_value(value.distance), "after": _value(value.after)}
        case BreakEven():
            number = value.after_target
            after = _value(value.after) if number is None else {"target": number}
            return {"after": after, "plus": _value(value.plus)}
        case tuple():
            return [_value(v) for v in value]
        case _:
            return _plain_value(value)


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, timedelta):
        return plain(Decimal(value // timedelta(milliseconds=1)).scaleb(-3))
    written = write(value)
    return _without_kind(written) if isinstance(written, dict) else written


def _without_kind(written: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in written.items() if k != "is"}


def _matched(signal: int, answer: Matched) -> dict[str, Any]:
    rule, account = answer.rule, answer.account
    return {
        "signal": signal,
        "rule": {"id": rule.public_id, "name": rule.name, "mode": rule.mode.value},
        "account": {
            "id": account.public_id,
            "connection": account.connection,
            "ref": account.label,
        },
        "legs": [_leg(leg) for leg in answer.legs],
    }


def _unmatched(signal: int, answer: Unmatched) -> dict[str, Any]:
    return {
        "signal": signal,
        "rule": {"id": answer.rule.public_id, "name": answer.rule.name},
        "code": answer.reason.code,
        "reason": answer.reason.text,
    }


def _leg(leg: Leg) -> dict[str, Any]:
    return {
        "kind": kind_of(leg.intent),
        "direction": direction_of(leg.intent).value,
        "symbol": leg.symbol,
        "text": in_words(leg.intent, leg.symbol),
        "unless": list(_guards(leg.intent)),
    }


def in_words(intent: Intent, symbol: str | None) -> str:
    """One sentence: what would be asked of the broker."""
    where = symbol or "every instrument"
    match intent:
        case Place():
            return f"{intent.side.value.capitalize()} {where}{_order(intent)}, {_size(intent.size)}"
        case Target():
            return _target(intent, where)
        case Close():
            side = f"the {intent.side.value} position" if intent.side else "every position"
            whose = " that Bridge opened" if intent.own_only else ""
            return f"Close {_amount(intent.amount)} of {side}{whose} in {where}"
        case Cancel():
            kind = intent.order_type.value if intent.order_type else "opening"
            side_word = f" {intent.side.value}" if intent.side else ""
            return f"Cancel the resting {kind}{side_word} orders in {where}"


def _target(intent: Target, where: str) -> str:
    if intent.sign == 0:
        return f"Bring {where} to flat"
    side = "long" if intent.sign > 0 else "short"
    return f"Bring {where} to {side}, {_size(intent.size)}"


def _order(intent: Place) -> str:
    kind = f" by a {intent.order_type.value} order"
    price = f" at {plain(intent.price)}" if intent.price is not None else ""
    offset = f", {_level_words(intent.offset)} from the market" if intent.offset else ""
    levels = (("stop loss", intent.stop_loss), ("take profit", intent.take_profit))
    protection = "".join(f", {n} {_level_words(level)}" for n, level in levels if level)
    return f"{kind}{price}{offset}{protection}"


def _level_words(level: Level) -> str:
    return f"{plain(level.value)} {level.kind.value}"


def _size(plan: SizePlan) -> str:
    times = "" if plan.multiplier == 1 else f" × {plain(plan.multiplier)}"
    cap = f", at most {plain(plan.cap)} lots" if plan.cap is not None else ""
    if plan.value is not None:
        return f"{plain(plan.value)} {plan.mode}{times}{cap}"
    if plan.quantity is not None:
        unit = plan.unit.value if plan.unit else "of no stated unit, which will be denied"
        return f"{plain(plan.quantity)} {unit}{times}{cap}"
    if plan.fallback_mode is not None and plan.fallback_value is not None:
        return f"the fallback of {plain(plan.fallback_value)} {plan.fallback_mode}{times}{cap}"
    return "with no stated quantity, which will be denied"


def _amount(amount: CloseAmount) -> str:
    if amount.share is not None:
        return f"{plain(amount.share * 100)} %"
    if amount.quantity is None:
        return "all"
    unit = amount.unit.value if amount.unit else "of no stated unit (which will be denied)"
    times = "" if amount.multiplier == 1 else f" × {plain(amount.multiplier)}"
    return f"{plain(amount.quantity)} {unit}{times}"


def _guards(intent: Intent) -> Iterator[str]:
    """What would stand against an opening."""
    if not isinstance(intent, Place | Target):
        return
    guards = intent.guards
    if guards.max_age is not None:
        yield f"older than {guards.max_age.total_seconds():g} s"
    if guards.spread is not None:
        yield f"the spread is over {plain(guards.spread)}"
    if guards.open_positions is not None:
        yield f"{guards.open_positions} positions are open"
    if guards.require is not None:
        yield f"the position is not {guards.require}"
