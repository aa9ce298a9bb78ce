"""The parts of an order in generic JSON: symbol, size, type and price, stop and targets."""

from dataclasses import replace

from bridge.dialects import fields
from bridge.dialects.amounts import Amount, read_amount
from bridge.dialects.generic_fields import Fields, agreed
from bridge.dialects.generic_keys import MAX_TARGETS, SIZES
from bridge.dialects.mending import DESCRIPTOR, without_descriptors
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.domain.signals import Level, LevelKind, Signal, Target
from bridge.domain.values import Action, OrderType, Unit
from bridge.errors import Refused

_UNITS = {
    "lots": Unit.LOTS,
    "base": Unit.UNITS,
    "cash": Unit.CASH,
    "equity": Unit.PERCENT_EQUITY,
    "risk": Unit.RISK_PERCENT,
}
_TYPES = {
    "market": OrderType.MARKET,
    "mkt": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "lmt": OrderType.LIMIT,
    "stop": OrderType.STOP,
    "stp": OrderType.STOP,
}


def symbol_of(found: Fields) -> str:
    """The one symbol; two writings agree when they differ by an exchange's prefix alone."""
    values = found.all("symbol", lambda v, f: fields.symbol(plain_symbol(v, found.notes), f))
    if not values:
        raise Refused(
            "symbol_missing",
            f"{found.at}symbol",
            "No symbol is given. Add 'symbol', for example {{ticker}}.",
        )
    longest = max((symbol for _, symbol in values), key=len)
    exchange, _, bare = longest.partition(":")
    same = {longest, bare} if exchange.isalnum() else {longest}
    for path, symbol in values:
        if symbol not in same:
            raise Refused(
                "two_values", path, f"'{path}' is {symbol}, and another key says {longest}."
            )
    return longest


def plain_symbol(value: Json, notes: Notes) -> Json:
    """A symbol, or the one inside the chart's description of it."""
    if not isinstance(value, str) or not value.startswith("={"):
        return value
    text, changed = without_descriptors(value)
    if changed:
        notes.repaired(DESCRIPTOR)
    return text


def amount_of(found: Fields, *, closing: bool) -> Amount | None:
    """The one size that the message gives."""
    amounts: list[tuple[str, Amount]] = []
    for name in SIZES:
        unit = _UNITS.get(name)
        if unit is None:
            amounts += found.all(name, lambda v, f: read_amount(v, f, closing))
        else:
            read = found.all(name, lambda v, f: fields.above_zero(v, f, "quantity_unreadable"))
            amounts += [(path, Amount(number, unit)) for path, number in read]
    return agreed(amounts)


def sized(signal: Signal, found: Fields) -> Signal:
    """The signal with its quantity, where the message gives one."""
    amount = amount_of(found, closing=signal.action is Action.CLOSE)
    if amount is None:
        return signal
    if amount.unit is Unit.PERCENT_POSITION and amount.quantity > 100:
        raise Refused(
            "quantity_unreadable",
            found.path("quantity", "quantity"),
            "More than 100 percent of a position.",
        )
    return replace(signal, quantity=amount.quantity, unit=amount.unit)


def order_type(value: Json, field: str) -> OrderType:
    """An order type that TradeLocker has; any other is refused, never replaced."""
    text = fields.used_text(value, field)
    found = _TYPES.get(text.strip().lower())
    if found is None:
        raise Refused(
            "order_type_unsupported",
            field,
            f"'{field}' is {fields.shown(text)}. Orders are market, limit or stop.",
        )
    return found


def with_price(signal: Signal, found: Fields, *, closing: bool = False) -> Signal:
    """The order's own price with a type that has one; any other price is the chart's."""
    typed = found.one("type", order_type)
    own = {OrderType.LIMIT: "limit_price", OrderType.STOP: "stop_price"}
    if closing:
        if typed in own:
            found.notes.passed_over(found.path("type", "type"), "closes go at market")
        return signal
    if typed is None or typed not in own:
        no_pending_price(found)
        return replace(signal, order_type=typed)
    other = "stop_price" if typed is OrderType.LIMIT else "limit_price"
    if found.has(other):
        raise Refused(
            "order_type_unsupported",
            found.path(other, other),
            "An order with a limit and a stop price cannot be placed at TradeLocker.",
        )
    prices = found.all(own[typed], fields.above_zero) + found.all("price", fields.above_zero)
    return replace(signal, order_type=typed, price=agreed(prices))


def no_pending_price(found: Fields) -> None:
    for name in ("limit_price", "stop_price"):
        if found.has(name):
            raise Refused(
                "order_type_missing",
                found.path(name, name),
                f"'{found.path(name, name)}' needs an order type: limit or stop.",
            )


def _level(value: Json, field: str) -> Level | None:
    """A price, or a percentage of the entry; 0 is none."""
    if isinstance(value, str) and fields.used_text(value, field).endswith("%"):
        return _percent(value[:-1], field)
    read = fields.number(value, field, "level_unreadable")
    return _kept(Level(LevelKind.PRICE, read), field)


def _percent(value: Json, field: str) -> Level | None:
    read = fields.number(value, field, "level_unreadable")
    return _kept(Level(LevelKind.PERCENT, read), field)


def _kept(level: Level, field: str) -> Level | None:
    if level.value < 0:
        raise Refused("not_positive", field, f"'{field}' is {level.value}; a level is above zero.")
    return level if level.value else None


def with_levels(signal: Signal, found: Fields) -> Signal:
    stops = found.all("stop", _level) + found.all("stop_percent", _percent)
    single = agreed(found.all("target", _level) + found.all("target_percent", _percent))
    numbered = _numbered(found)
    if single is not None and numbered and numbered != [single]:
        raise Refused(
            "two_values",
            found.path("target", "take_profit"),
            "One target and numbered targets are given. Keep one of the two.",
        )
    several = len(numbered) > 1
    return replace(
        signal,
        stop_loss=agreed(stops),
        take_profit=None if several else single or (numbered[0] if numbered else None),
        targets=tuple(Target(level, None) for level in numbered) if several else (),
    )


def _numbered(found: Fields) -> list[Level]:
    if found.has(f"target_{MAX_TARGETS + 1}"):
        raise Refused(
            "level_unreadable", found.path("target_9", ""), f"At most {MAX_TARGETS} targets go."
        )
    read = (found.one(f"target_{n}", _level) for n in range(1, MAX_TARGETS + 1))
    return [level for level in read if level is not None]
