"""Reading a JSON body: numbers come as numbers or as plain text, null is the same as absent."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from bridge.paper.refusals import Malformed

_PLAIN = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_LARGEST_EXPONENT = 30

Body = Mapping[str, Any]


def _no_constant(text: str) -> NoReturn:
    raise Malformed(f"{text} is no number")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def read_json(raw: bytes) -> Any:
    """Any JSON, its fractions as Decimal."""
    try:
        return _DECODER.decode(raw.decode())
    except (ValueError, RecursionError):
        raise Malformed("Malformed JSON") from None


def read_body(raw: bytes) -> dict[str, Any]:
    """The JSON object of a request; nothing at all counts as an empty one."""
    if not raw.strip():
        return {}
    body = read_json(raw)
    if not isinstance(body, dict):
        raise Malformed("A JSON object is wanted")
    return body


def number(body: Body, name: str) -> Decimal | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return Decimal(value)
    if isinstance(value, Decimal) and abs(value.adjusted()) < _LARGEST_EXPONENT:
        return value
    raise Malformed(f"{name} must be a number")


def whole(body: Body, name: str) -> int | None:
    value = number(body, name)
    if value is not None and value != value.to_integral_value():
        raise Malformed(f"{name} must be an integer")
    return None if value is None else int(value)


def text(body: Body, name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Malformed(f"{name} must be a string")


def query_number(query: Mapping[str, str], name: str) -> int | None:
    """An integer of the query, or None without it."""
    return whole(query, name) if query.get(name) else None
