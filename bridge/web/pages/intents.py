"""Signals and intents in plain words, from the JSON they are stored as."""

from collections.abc import Iterator, Mapping
from typing import Any

_LEVELS = {
    "price": "at {value}",
    "distance": "{value} away in price",
    "points": "{value} points away",
    "pips": "{value} pips away",
    "percent": "{value} % away",
    "r": "{value} R away",
}


def sentence(intent: Mapping[str, Any], instrument: str | None) -> str:
    """What an intent asks of the broker."""
    what = {"Place": _place, "Close": _close, "Target": _target, "Cancel": _cancel}
    return what[intent["is"]](intent, instrument or "every instrument")


def stated(signal: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a signal states, field by field; what it leaves out is left out."""
    return [
        (name.replace("_", " "), _value(value))
        for name, value in signal.items()
        if name != "is" and value not in (None, False, [], {})
    ]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _level(value) if value.get("is") == "Level" else _fields(value)
    if isinstance(value, list):
        return "; ".join(_value(v) for v in value)
    return "yes" if value is True else str(value)


def _fields(value: Mapping[str, Any]) -> str:
    parts = (
        f"{name.replace('_', ' ')} {_value(inner)}"
        for name, inner in value.items()
        if name != "is" and inner is not None
    )
    return ", ".join(parts)


def _level(level: Mapping[str, Any]) -> str:
    return _LEVELS[level["kind"]].format(value=level["value"])


def _place(intent: Mapping[str, Any], instrument: str) -> str:
    order = f"{intent['side'].capitalize()} {instrument} by {intent['order_type']} order"
    price = f" at {intent['price']}" if intent["price"] is not None else ""
    return "; ".join([order + price, *_protection(intent)]) + "."


def _protection(intent: Mapping[str, Any]) -> Iterator[str]:
    for name, word in (("stop_loss", "stop loss"), ("take_profit", "take profit")):
        level = intent.get(name)
        if level is not None:
            yield f"{word} {_level(level)}"


def _close(intent: Mapping[str, Any], instrument: str) -> str:
    amount = intent["amount"]
    whole = amount["quantity"] is None and amount["share"] is None
    part = "everything open" if whole else "part of what is open"
    side = f" on the {intent['side']} side" if intent["side"] is not None else ""
    return f"Close {part} in {instrument}{side}."


def _target(intent: Mapping[str, Any], instrument: str) -> str:
    if intent["sign"] == 0:
        return f"Bring the position in {instrument} to flat."
    side = "long" if intent["sign"] > 0 else "short"
    return f"Bring the position in {instrument} to the stated {side} size."


def _cancel(intent: Mapping[str, Any], instrument: str) -> str:
    side = f"{intent['side']} " if intent["side"] is not None else ""
    kind = f"{intent['order_type']} " if intent["order_type"] is not None else ""
    return f"Cancel the resting {side}{kind}orders in {instrument}."
