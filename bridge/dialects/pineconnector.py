"""`pineconnector`: `licence,command,symbol,parameter=value …`, one line.

What a bare `risk=`, `sl=` or `tp=` counts is a setting at that vendor. A risk stays without a
unit, so that the rule says what it is; a bare stop or target is refused.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bridge.dialects import fields
from bridge.dialects.checks import check_signal
from bridge.dialects.comma_line import CommaLine, read_line
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.pineconnector_commands import COMMANDS, EVERYWHERE, Step
from bridge.dialects.vendor_parts import PENDING, check_share, check_stop_for_risk
from bridge.domain.signals import (
    ANY_SYMBOL,
    BreakEven,
    CancelFilter,
    Level,
    LevelKind,
    Signal,
    Trailing,
)
from bridge.domain.values import Action, OrderType, Unit
from bridge.errors import Refused

NAME = "pineconnector"

_VOLUMES: Mapping[str, Unit | None] = MappingProxyType(
    {
        "risk": None,
        "vol_lots": Unit.LOTS,
        "vol_dollar": Unit.RISK_CASH,
        "vol_pct_bal_loss": Unit.RISK_PERCENT,
        "vol_pct_eq_loss": Unit.RISK_PERCENT,
    }
)
_STOPS: Mapping[str, LevelKind] = MappingProxyType(
    {"sl_pips": LevelKind.PIPS, "sl_price": LevelKind.PRICE, "sl_pct": LevelKind.PERCENT}
)
_TARGETS: Mapping[str, LevelKind] = MappingProxyType(
    {"tp_pips": LevelKind.PIPS, "tp_price": LevelKind.PRICE, "tp_pct": LevelKind.PERCENT}
)
_PRICES = ("pending", "price", "entry_price")
_OFFSETS: Mapping[str, LevelKind] = MappingProxyType(
    {"entry_pips": LevelKind.PIPS, "entry_pct": LevelKind.PERCENT}
)
_NOT_DONE: Mapping[str, str] = MappingProxyType(
    {
        "vol_pct_bal_margin": "sizes by margin, which is not done. Use vol_lots or "
        "vol_pct_eq_loss.",
        **dict.fromkeys(
            ("atrtimeframe", "atrperiod", "atrmultiplier", "atrshift", "atrtrigger"),
            "asks for a stop by ATR, which is not done. Use sl_pips or sl_price.",
        ),
        "spread": "is a guard that an alert cannot set. Set the spread in the rule.",
        "accfilter": "is a guard that an alert cannot set. Set the account's limits.",
    }
)


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of one line, in the order that its command names them."""
    line = read_line(message.text, 2, notes)
    command = line.words[0].lower() if line.words else ""
    comment = line.text("comment")
    if command in EVERYWHERE:
        signals = _everywhere(command, line)
    elif command in COMMANDS:
        signals = _steps(command, line)
    else:
        raise _unknown(command)
    line.finish(command)
    return tuple(check_signal(replace(s, comment=comment)) for s in signals)


def _unknown(command: str) -> Refused:
    if command == "eaon":
        return Refused("switching_on", "command", "No alert switches trading on.")
    return Refused(
        "action_unknown", "command", f"{fields.shown(command)} is no command of this dialect."
    )


def _everywhere(command: str, line: CommaLine) -> tuple[Signal, ...]:
    place = line.words[1].lower() if len(line.words) > 1 else ""
    if place not in ("", command, ANY_SYMBOL):
        raise Refused(
            "symbol_not_wanted",
            "symbol",
            f"{command} concerns every symbol, and {fields.shown(line.words[1])} is named. Write "
            f"{command} in its place, or close one symbol with closelongshort.",
        )
    return tuple(Signal(action, ANY_SYMBOL) for action in EVERYWHERE[command])


def _steps(command: str, line: CommaLine) -> tuple[Signal, ...]:
    if len(line.words) < 2 or not line.words[1] or "=" in line.words[1]:
        raise Refused("symbol_missing", "symbol", "No symbol stands after the command.")
    symbol = fields.symbol(line.words[1], "symbol")
    line.refuse(_NOT_DONE)
    return tuple(_step(Signal(s.action, symbol), s, line) for s in COMMANDS[command])


def _step(signal: Signal, step: Step, line: CommaLine) -> Signal:
    match step.action:
        case Action.CLOSE:
            return _closed(replace(signal, close_side=step.side), step, line)
        case Action.CANCEL:
            side = step.side.opened_by if step.side else None
            return replace(signal, cancel=CancelFilter(side=side))
        case Action.MODIFY:
            return _modified(signal, step, line)
        case _:
            return _opened(signal, step, line)


def _closed(signal: Signal, step: Step, line: CommaLine) -> Signal:
    if step.sized is None:
        return signal
    key = line.one_of("risk", "vol_lots") if step.sized == "volume" else line.one_of("risk")
    if key is None:
        raise Refused("quantity_missing", "risk", "How much is closed is not said. Add risk=.")
    amount = line.get(key, lambda v, f: fields.above_zero(v, f, "quantity_unreadable"))
    unit = Unit.PERCENT_POSITION if step.sized == "percent" else _VOLUMES[key]
    return check_share(replace(signal, quantity=amount, unit=unit), key)


def _modified(signal: Signal, step: Step, line: CommaLine) -> Signal:
    signal = replace(_with_levels(signal, line), close_side=None if step.pending else step.side)
    if step.pending and step.side is not None:
        wanted = CancelFilter(order_type=step.order_type, side=step.side.opened_by)
        signal = replace(signal, cancel=wanted)
    if not (signal.stop_loss or signal.take_profit or signal.trailing or signal.break_even):
        raise Refused("nothing_to_modify", None, "A modify needs a stop loss or a target.")
    return signal


def _opened(signal: Signal, step: Step, line: CommaLine) -> Signal:
    signal = _with_entry(replace(signal, order_type=step.order_type), line)
    key = line.one_of(*_VOLUMES)
    if key is None:
        raise Refused("quantity_missing", "risk", "An entry needs its volume: vol_lots=, or risk=.")
    amount = line.get(key, lambda v, f: fields.above_zero(v, f, "quantity_unreadable"))
    if key == "vol_pct_bal_loss":
        line.notes.passed_over(key, "the percentage is of the equity, not of the balance")
    signal = _with_levels(replace(signal, quantity=amount, unit=_VOLUMES[key]), line)
    return check_stop_for_risk(signal, "sl_pips")


def _with_entry(signal: Signal, line: CommaLine) -> Signal:
    """The price of a resting order, or its distance from the market."""
    key = line.one_of(*_PRICES, *_OFFSETS)
    if signal.order_type not in PENDING:
        if key in _PRICES and key is not None:
            return replace(signal, reference_price=line.get(key, fields.above_zero))
        return signal
    if key is None:
        raise Refused(
            "price_missing", "entry_price", "A resting order needs its price or its distance."
        )
    if key in _PRICES:
        return replace(signal, price=line.get(key, fields.above_zero))
    distance = line.level(key, _OFFSETS[key])
    return replace(signal, offset=_signed(distance, signal) if distance else None)


def _signed(distance: Level, signal: Signal) -> Level:
    """The distance in its direction: a buy limit and a sell stop rest below the market."""
    below = (signal.action is Action.BUY) is (signal.order_type is OrderType.LIMIT)
    return replace(distance, value=-distance.value) if below else distance


def _with_levels(signal: Signal, line: CommaLine) -> Signal:
    stop, target = line.one_of("sl", *_STOPS), line.one_of("tp", *_TARGETS)
    line.unit_of("sl")
    line.unit_of("tp")
    return replace(
        signal,
        stop_loss=line.level(stop, _STOPS[stop]) if stop else None,
        take_profit=line.level(target, _TARGETS[target]) if target else None,
        trailing=_trailing(line),
        break_even=_break_even(line),
    )


def _trailing(line: CommaLine) -> Trailing | None:
    distance = line.level("traildist", LevelKind.PIPS)
    trigger = line.level("trailtrig", LevelKind.PIPS)
    if line.get("trailstep", fields.number) is not None:
        line.notes.passed_over("trailstep", "a stop is moved on every step of the price")
    if distance is not None:
        return Trailing(distance, trigger)
    if trigger is not None or line.has("trailstep"):
        raise Refused("level_missing", "traildist", "A trailing stop needs its distance.")
    return None


def _break_even(line: CommaLine) -> BreakEven | None:
    after = line.level("betrigger", LevelKind.PIPS)
    plus = line.get("beoffset", fields.number)
    if after is None:
        if plus is not None:
            raise Refused("level_missing", "betrigger", "Break-even needs its trigger.")
        return None
    if not plus:
        return BreakEven(after, None)
    return BreakEven(after, None, line.level("beoffset", LevelKind.PIPS))
