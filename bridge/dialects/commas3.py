"""`3commas`: the JSON of 3Commas' signal bots and of its DCA bots."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bridge.dialects import commas3_order, fields, turns
from bridge.dialects.checks import check_signal
from bridge.dialects.members import Members, objects
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.stated_members import position
from bridge.dialects.vendor_parts import LONG, SHORT, one_of
from bridge.domain.signals import ANY_SYMBOL, Signal
from bridge.domain.values import Action, PositionSide
from bridge.errors import Refused

NAME = "3commas"


@dataclass(frozen=True)
class _Said:
    """What an action word asks for; `ordered`: it names an order, which positions may explain."""

    action: Action
    side: PositionSide | None = None
    ordered: bool = False


_ACTIONS: Mapping[str, _Said] = MappingProxyType(
    {
        "buy": _Said(Action.BUY, ordered=True),
        "sell": _Said(Action.SELL, ordered=True),
        "enter_long": _Said(Action.BUY),
        "enter_short": _Said(Action.SELL),
        "exit_long": _Said(Action.CLOSE, LONG),
        "exit_short": _Said(Action.CLOSE, SHORT),
        "disable": _Said(Action.HALT),
    }
)
_BEFORE_HALT: Mapping[str, Action] = MappingProxyType(
    {"market_close": Action.CLOSE, "cancel": Action.CANCEL}
)


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of messages to signal bots or DCA bots."""
    return tuple(s for order in objects(message, notes) for s in _read(order))


def _read(order: Members) -> tuple[Signal, ...]:
    signals = _signal_bot(order) if order.has("bot_uuid") else (_dca_bot(order),)
    return tuple(check_signal(order.finish(s), order.at) for s in signals)


def _signal_bot(order: Members) -> tuple[Signal, ...]:
    order.asked.add("bot_uuid")
    said = order.need(
        "action",
        lambda v, f: one_of(v, f, _ACTIONS, "action_unknown"),
        "action_missing",
        "The action is missing: buy, sell, enter_long, exit_long and so on.",
    )
    if said.action is Action.HALT:
        return _disabled(order)
    signal = _told(Signal(said.action, order.symbol("tv_instrument")), order)
    if said.action is Action.CLOSE:
        return (_exit(replace(signal, close_side=said.side), order),)
    return (_entry(signal, said, order),)


def _told(signal: Signal, order: Members) -> Signal:
    return replace(
        signal,
        exchange=order.information("tv_exchange"),
        reference_price=order.reference("trigger_price"),
        time=order.get("timestamp", fields.fired),
        max_age=order.get("max_lag", fields.seconds),
    )


def _disabled(order: Members) -> tuple[Signal, ...]:
    """What ends the bot's work: its positions or orders, then a halt."""
    symbol = order.symbol("tv_instrument") if order.has("tv_instrument") else ANY_SYMBOL
    first = order.get(
        "positions_sub_action", lambda v, f: one_of(v, f, _BEFORE_HALT, "word_unknown")
    )
    order.pass_over(("order", "take_profit", "stop_loss"), "it has no meaning here")
    actions = [first, Action.HALT] if first else [Action.HALT]
    signals = [Signal(a, ANY_SYMBOL if a is Action.HALT else symbol) for a in actions]
    return tuple(_told(s, order) for s in signals)


def _entry(signal: Signal, said: _Said, order: Members) -> Signal:
    signal = commas3_order.with_levels(commas3_order.with_order(signal, order), order)
    before, after = None, None
    info = order.inside("strategy_info")
    if info is not None:
        before = position(info, "prev_market_position", "prev_market_position_size")
        after = position(info, "market_position", "market_position_size")
        info.nothing_else()
    resolved = turns.resolve(
        signal, before, after, order.notes, order.at, order.path("order.amount")
    )
    if resolved.action is Action.CLOSE and not said.ordered:
        raise Refused(
            "position_contradiction",
            order.path("action"),
            "The action enters a position, and the stated position is smaller afterwards.",
        )
    return resolved


def _exit(signal: Signal, order: Members) -> Signal:
    signal = commas3_order.with_order(signal, order)
    info = order.inside("strategy_info")
    if info is not None:
        after = position(info, "market_position", "market_position_size")
        before = position(info, "prev_market_position", "prev_market_position_size")
        signal = turns.with_positions(signal, before, after)
    order.pass_over(("take_profit", "stop_loss"), "this order closes a position")
    return turns.without_opening_fields(signal, order.notes, order.at)


def _dca_bot(order: Members) -> Signal:
    """A DCA bot's side is its setting there, so only its close can be read."""
    order.asked.update(("message_type", "bot_id", "email_token"))
    order.refuse(("delay_seconds",), "asks to wait: an alert is never sent later.")
    action = order.get("action", lambda v, f: fields.used_text(v, f).strip().lower())
    if action in (None, "add_funds_in_quote"):
        raise Refused(
            "side_missing",
            order.path("action"),
            "Whether the bot buys or sells is a setting at 3Commas. Send buy or sell in our JSON.",
        )
    if action != "close_at_market_price":
        raise Refused(
            "action_unknown",
            order.path("action"),
            f"'action' is {fields.shown(action)}. Known is close_at_market_price.",
        )
    return Signal(Action.CLOSE, order.symbol("pair"))
