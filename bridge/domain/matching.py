"""match(signal, rules) → intents, and why the others did not match. No I/O, no broker state."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.domain.instruments import mapped_symbol
from bridge.domain.intents import (
    CANCEL_LEG,
    CLOSE_LEG,
    OPEN_LEG,
    Cancel,
    Close,
    CloseAmount,
    Guards,
    Intent,
    Opposite,
    Place,
    SizePlan,
    Target,
)
from bridge.domain.reasons import Reason, why
from bridge.domain.rules import ANY, Mode, Rule, RuleAccount, What
from bridge.domain.signals import ANY_SYMBOL, CancelFilter, Level, Signal
from bridge.domain.values import (
    EXACT,
    Action,
    OrderType,
    PositionSide,
    Side,
    StatedPosition,
    Unit,
)

_HUNDRED = Decimal(100)
_ENTRIES = {Action.BUY: Side.BUY, Action.SELL: Side.SELL}
_INVERTED = {"long": "short", "short": "long", "not_long": "not_short", "not_short": "not_long"}
_ONLY = {What.LONG_ONLY: PositionSide.LONG, What.SHORT_ONLY: PositionSide.SHORT}


@dataclass(frozen=True)
class Leg:
    """One intent of a match: its place in the order of legs, and the broker's name for the symbol.

    `symbol` None stands for every instrument of the account.
    """

    number: int
    symbol: str | None
    intent: Intent


@dataclass(frozen=True)
class Matched:
    """A rule that acts on a signal, with the legs for one of its accounts."""

    rule: Rule
    account: RuleAccount
    legs: tuple[Leg, ...]


@dataclass(frozen=True)
class Unmatched:
    """A rule that does not act on a signal, and why."""

    rule: Rule
    reason: Reason


def match(signal: Signal, rules: Sequence[Rule]) -> list[Matched | Unmatched]:
    """Every rule's answer to one signal: by the rules' order, then accounts sorted, then legs."""
    answers: list[Matched | Unmatched] = []
    for rule in sorted(rules, key=lambda r: (r.position, r.id)):
        answers += _answer(signal, rule)
    return answers


def _answer(signal: Signal, rule: Rule) -> list[Matched | Unmatched]:
    reason = _why_not(signal, rule)
    if reason is not None:
        return [Unmatched(rule, reason)]
    accounts = [a for a in sorted(rule.accounts, key=lambda a: a.account) if _named(signal, a)]
    if not accounts:
        return [Unmatched(rule, why("account_not_named"))]
    if rule.what is What.INVERSE and signal.order_type in (OrderType.LIMIT, OrderType.STOP):
        return [Unmatched(rule, why("inverse_pending", type=signal.order_type))]
    asked = _inverted(signal) if rule.what is What.INVERSE else signal
    answers: list[Matched | Unmatched] = []
    for account in accounts:
        legs = _legs(asked, rule, account)
        if isinstance(legs, Reason):
            return [Unmatched(rule, legs)]
        answers.append(Matched(rule, account, legs))
    return answers


def _why_not(signal: Signal, rule: Rule) -> Reason | None:
    if rule.mode is Mode.OFF:
        return why("rule_off")
    if not _listed(signal, rule.when.symbols):
        return why("symbol_not_listed", symbol=signal.symbol)
    actions = rule.when.actions
    if signal.action.value not in actions and (signal.action is Action.HALT or ANY not in actions):
        return why("action_not_listed", action=signal.action)
    if rule.when.strategies and signal.strategy not in rule.when.strategies:
        return why("strategy_not_listed", strategy=signal.strategy or "(none)")
    if signal.action in (Action.MODIFY, Action.HALT):
        return why("action_not_carried_out", action=signal.action)
    return None


def _listed(signal: Signal, listed: Sequence[str]) -> bool:
    wanted = {signal.symbol.casefold(), signal.bare_symbol.casefold()}
    return any(s == ANY or s.casefold() in wanted for s in listed)


def _named(signal: Signal, account: RuleAccount) -> bool:
    if not signal.accounts:
        return True
    names = {n.casefold() for n in signal.accounts}
    return account.connection.casefold() in names or account.label.casefold() in names


def _inverted(signal: Signal) -> Signal:
    """Buy for sell, long for short. Levels stay as stated: on the wrong side they deny the open."""
    swapped = {Action.BUY: Action.SELL, Action.SELL: Action.BUY}
    return replace(
        signal,
        action=swapped.get(signal.action, signal.action),
        quantity=_negated(signal.quantity) if signal.action is Action.TARGET else signal.quantity,
        close_side=signal.close_side.opposite if signal.close_side else None,
        before=_swapped(signal.before),
        side_after=_swapped(signal.side_after),
        position_before=_negated(signal.position_before),
        position_after=_negated(signal.position_after),
        require=_INVERTED.get(signal.require, signal.require) if signal.require else None,
        cancel=_other_side(signal.cancel),
    )


def _other_side(cancel: CancelFilter | None) -> CancelFilter | None:
    if cancel is None or cancel.side is None:
        return cancel
    return replace(cancel, side=cancel.side.opposite)


def _swapped(stated: StatedPosition | None) -> StatedPosition | None:
    swap = {
        StatedPosition.LONG: StatedPosition.SHORT,
        StatedPosition.SHORT: StatedPosition.LONG,
    }
    return swap.get(stated, stated) if stated is not None else None


def _negated(number: Decimal | None) -> Decimal | None:
    return None if number is None else -number


def _legs(signal: Signal, rule: Rule, account: RuleAccount) -> tuple[Leg, ...] | Reason:
    """The legs one signal asks for on one account, in their order: cancel, close, open."""
    symbol = _broker_symbol(signal, rule)
    if signal.cancel is not None and signal.cancel.of is not None:
        return why("reference_not_carried_out", of=signal.cancel.of)
    if symbol is None and signal.action not in (Action.CLOSE, Action.CANCEL):
        return why("needs_exact_symbol", action=signal.action)
    wanted = _wanted(signal, rule, account)
    if isinstance(wanted, Reason):
        return wanted
    legs: list[Leg] = []
    if signal.cancel_first and not any(isinstance(i, Cancel) for i in wanted):
        legs.append(Leg(CANCEL_LEG, symbol, _cancel(signal)))
    opens = any(isinstance(i, Place | Target) for i in wanted)
    closes = any(isinstance(i, Close) for i in wanted)
    if signal.close_first and opens and not closes:
        legs.append(Leg(CLOSE_LEG, symbol, Close(None, CloseAmount(), rule.own_only)))
    legs += [Leg(_leg_number(i), symbol, i) for i in wanted]
    return tuple(legs)


def _leg_number(intent: Intent) -> int:
    match intent:
        case Cancel():
            return CANCEL_LEG
        case Close():
            return CLOSE_LEG
        case Place() | Target():
            return OPEN_LEG


def _broker_symbol(signal: Signal, rule: Rule) -> str | None:
    if signal.symbol == ANY_SYMBOL:
        return None
    # one writing, for the lane compares names to tell what must wait for what
    return mapped_symbol(signal.symbol, rule.symbols).upper()


def _wanted(signal: Signal, rule: Rule, account: RuleAccount) -> tuple[Intent, ...] | Reason:
    if rule.what is What.CANCEL or signal.action is Action.CANCEL:
        return (_cancel(signal),)
    if rule.what is What.TARGET:
        return _stated_target(signal, rule, account)
    if signal.action in _ENTRIES:
        return _entry(signal, rule, account, _ENTRIES[signal.action])
    if signal.action is Action.CLOSE:
        return _only_sides(rule, _close(signal, rule, account, signal.close_side))
    if signal.action is Action.REVERSE:
        return _reverse(signal, rule, account)
    if signal.action is Action.TARGET:
        return _stated_target(signal, rule, account)
    return why("action_not_carried_out", action=signal.action)


def _cancel(signal: Signal) -> Cancel:
    wanted = signal.cancel
    return Cancel(wanted.order_type, wanted.side) if wanted else Cancel(None, None)


def _entry(
    signal: Signal, rule: Rule, account: RuleAccount, side: Side
) -> tuple[Intent, ...] | Reason:
    if not _may_open(rule, side):
        return (Close(side.opens.opposite, CloseAmount(), rule.own_only),)
    if _states_reverse(signal, side):
        return (
            Close(side.opens.opposite, CloseAmount(), rule.own_only),
            _place(signal, rule, account, side, opposite=None, after_flat=side.opens.opposite),
        )
    return (_place(signal, rule, account, side, opposite=_opposite(signal, rule, side)),)


def _may_open(rule: Rule, side: Side) -> bool:
    only = {
        What.LONG_ONLY: (Side.BUY,),
        What.SHORT_ONLY: (Side.SELL,),
        What.CLOSE_ONLY: (),
    }
    return side in only.get(rule.what, (Side.BUY, Side.SELL))


def _states_reverse(signal: Signal, side: Side) -> bool:
    after, before = StatedPosition(side.opens.value), StatedPosition(side.opens.opposite.value)
    return signal.side_after is after and signal.before is before


def _opposite(signal: Signal, rule: Rule, side: Side) -> Opposite | None:
    """What to do about an opposite position; None when the alert states that there is none."""
    if rule.what in (What.LONG_ONLY, What.SHORT_ONLY):
        return None  # the rule looks after one side alone
    if signal.before in (StatedPosition.FLAT, StatedPosition(side.opens.value)):
        return None
    if signal.side_after is StatedPosition(side.opens.value):
        return Opposite.REVERSE
    return rule.opposite


def _place(
    signal: Signal,
    rule: Rule,
    account: RuleAccount,
    side: Side,
    *,
    opposite: Opposite | None,
    after_flat: PositionSide | None = None,
) -> Place:
    order_type, price, offset = _order(signal, rule)
    return Place(
        side=side,
        order_type=order_type,
        price=price,
        offset=offset,
        size=_size_plan(rule, account, _opening_quantity(signal), signal.unit),
        stop_loss=signal.stop_loss or rule.stop_loss,
        take_profit=signal.take_profit or rule.take_profit,
        opposite=None if opposite is Opposite.HEDGE else opposite,
        own_only=rule.own_only,
        guards=_guards(signal, rule),
        after_flat=after_flat,
        not_carried_out=_not_carried_out(signal),
    )


def _order(signal: Signal, rule: Rule) -> tuple[OrderType, Decimal | None, Level | None]:
    """The order's type, price and offset: the rule's form where it has one, else the alert's."""
    if rule.order is not None:
        form = rule.order
        if form.price is not None or form.offset is not None:
            return form.type, form.price, form.offset
        return form.type, signal.price, signal.offset
    return signal.order_type or OrderType.MARKET, signal.price, signal.offset


def _opening_quantity(signal: Signal) -> Decimal | None:
    """The quantity to open: of a flip, the executed size is old + new, and only the new is opened.

    With the position after stated, never more than that: an addition is smaller, a flip is larger.
    """
    if signal.quantity is None or signal.position_after is None:
        return signal.quantity
    return min(signal.quantity, abs(signal.position_after))


def _size_plan(
    rule: Rule, account: RuleAccount, quantity: Decimal | None, unit: Unit | None
) -> SizePlan:
    return SizePlan(
        mode=rule.size.mode,
        value=rule.size.value,
        quantity=quantity,
        unit=unit or rule.size.unit,
        multiplier=account.multiplier,
        cap=rule.size.cap,
        fallback_mode=rule.size.fallback_mode,
        fallback_value=rule.size.fallback_value,
    )


def _guards(signal: Signal, rule: Rule) -> Guards:
    age = rule.unless.max_age
    return Guards(
        max_age=min(age, signal.max_age) if signal.max_age is not None else age,
        spread=rule.unless.spread,
        open_positions=rule.unless.open_positions,
        require=signal.require or rule.unless.require,
        require_also=rule.unless.require if signal.require else None,
    )


def _not_carried_out(signal: Signal) -> str | None:
    asked = {
        "several take profits": bool(signal.targets),
        "a trailing stop": signal.trailing is not None,
        "break-even": signal.break_even is not None,
    }
    return next((what for what, present in asked.items() if present), None)


def _close(
    signal: Signal, rule: Rule, account: RuleAccount, side: PositionSide | None
) -> tuple[Intent, ...]:
    return (Close(side, _close_amount(signal, rule, account), rule.own_only),)


def _close_amount(signal: Signal, rule: Rule, account: RuleAccount) -> CloseAmount:
    """As the alert says; a rule of another size closes the share that the alert closes."""
    if signal.quantity is None:
        return CloseAmount()
    if signal.unit is Unit.PERCENT_POSITION:
        return CloseAmount(share=EXACT.divide(signal.quantity, _HUNDRED))
    if rule.size.mode == "as_alert":
        unit = signal.unit or rule.size.unit
        return CloseAmount(quantity=signal.quantity, unit=unit, multiplier=account.multiplier)
    before = signal.position_before
    if before is None and signal.position_after is not None:
        before = abs(signal.position_after) + signal.quantity
    if not before:
        return CloseAmount(note="The alert's share of the position is not known, so all is closed.")
    return CloseAmount(share=min(Decimal(1), EXACT.divide(signal.quantity, abs(before))))


def _only_sides(rule: Rule, intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """A rule that looks after one side closes only that side."""
    side = _ONLY.get(rule.what)
    if side is None:
        return intents
    return tuple(replace(i, side=i.side or side) if isinstance(i, Close) else i for i in intents)


def _reverse(signal: Signal, rule: Rule, account: RuleAccount) -> tuple[Intent, ...] | Reason:
    """A reverse names the side where it ends: the message's side is stored as `side_after`."""
    ends = signal.side_after
    if ends not in (StatedPosition.LONG, StatedPosition.SHORT):
        return why("reverse_side_missing")
    side = PositionSide(ends.value).opened_by
    close = Close(side.opens.opposite, CloseAmount(), rule.own_only)
    if not _may_open(rule, side):
        return (close,)
    return (
        close,
        _place(signal, rule, account, side, opposite=None, after_flat=side.opens.opposite),
    )


def _stated_target(signal: Signal, rule: Rule, account: RuleAccount) -> tuple[Intent, ...] | Reason:
    if signal.action is Action.TARGET:
        stated = signal.quantity
    elif signal.position_after is not None:
        stated = signal.position_after
    elif signal.side_after is StatedPosition.FLAT:
        stated = Decimal(0)
    else:
        stated = None
    if stated is None:
        return why("no_stated_position")
    side = _ONLY.get(rule.what)
    if side is not None and (stated if side is PositionSide.LONG else -stated) <= 0:
        return (Close(side, CloseAmount(), rule.own_only),)  # flat, to a rule of one side
    return (_target(stated, signal, rule, account),)


def _target(stated: Decimal, signal: Signal, rule: Rule, account: RuleAccount) -> Target:
    return Target(
        sign=(stated > 0) - (stated < 0),
        size=_size_plan(rule, account, abs(stated), signal.unit),
        own_only=rule.own_only,
        guards=_guards(signal, rule),
        stop_loss=signal.stop_loss or rule.stop_loss,
        take_profit=signal.take_profit or rule.take_profit,
        may_open=rule.what is not What.CLOSE_ONLY,
    )
