"""How the broker says no: the four kinds of no, and its sentences, spaces included."""

from decimal import Decimal

OUT_OF_SESSION = "Order cannot be created since trading out of session is forbidden."
CLOSING_ONLY = "Order cannot be created. Only positions closing is allowed"
TYPE_NOT_ALLOWED = "Order cannot be created since order type is not allowed for current session."
TRADING_DISABLED = "trading is disabled for this instrument"
QTY_NOT_POSITIVE = "{qty=[must be greater than 0]}"
STOP_LOSS_NOT_VALID = "SL price is not valid for the order. "
TAKE_PROFIT_NOT_VALID = "TP price is not valid for the order. "
TAG_TOO_LONG = "{strategyId=[size must be between 0 and 32]}"
ACCOUNT_NOT_FOUND = "Account not found!"
INSTRUMENT_NOT_FOUND = "Instrument not found"
ROUTE_NOT_FOUND = "Route not found for the instrument"
ROUTE_NOT_FOR_TRADING = "Route is not allowed for trading"
ROUTE_DEAD = "No market data on this route"
POSITION_GONE = "Position is already closed"
ORDER_FINAL = "Order is already in a final state"
QTY_OFF_STEP = "Order quantity is not a multiple of the lot step"
QTY_BELOW_MIN = "Order quantity is below the minimum"
QTY_ABOVE_MAX = "Order quantity is above the maximum"
QTY_ABOVE_POSITION = "Quantity is greater than the position quantity"
MARKET_NEEDS_IOC = "{validity=[must be IOC for a market order]}"
RESTING_NEEDS_GTC = "{validity=[must be GTC for a limit or stop order]}"
TOO_MANY_BARS = "Too many bars requested"
HEADER_MISSING = "Header missing: 'accNum'"


def must_not_be_null(name: str) -> str:
    return f"{{{name}=[must not be null]}}"


def must_be_one_of(name: str, *choices: str) -> str:
    return f"{{{name}=[must be one of {', '.join(choices)}]}}"


def must_be_positive(name: str) -> str:
    return f"{{{name}=[must be greater than 0]}}"


def not_enough_margin(order_id: int, side: str, qty: Decimal, price: Decimal) -> str:
    words = f"Not enough margin to create Order #{order_id} {side.capitalize()}"
    return f"{words}   {qty:f}  Price {price:.2f} "


class No(Exception):
    """The broker does not do what was asked."""


class Refusal(No):
    """The trading core refuses: 200 with `s` error."""


class Malformed(No):
    """The request cannot be read: 400."""


class NotFound(No):
    """No such path, or an id that was never given out: 404."""


class Unauthorized(No):
    """No good token or login: 401."""
