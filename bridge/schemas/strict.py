"""JSON text → value, with nothing doubtful let through: for the import file and the API."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from bridge.domain.values import NUMBER
from bridge.errors import Refused

MAX_DEPTH = 12
_LONGEST_SHOWN = 40


def load_json(raw: bytes) -> Any:
    """The value of a JSON text, numbers as Decimal.

    Raises Refused for bad UTF-8, NaN, a repeated key, a number that is not plain, deep nesting, and
    characters that the database cannot keep.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise Refused("not_utf8", None, "The body is not UTF-8 text.") from exc
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno}, column {exc.colno}"
        raise Refused("json_broken", None, f"The JSON breaks at {where}: {exc.msg}.") from exc
    except RecursionError as exc:
        raise _too_deep() from exc
    for piece in _texts(value, 0):
        if any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in piece):
            raise Refused("control_character", None, "The JSON holds a character that is no text.")
    return value


def _number(text: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        shown = text[:_LONGEST_SHOWN]
        raise Refused(
            "number_unreadable",
            None,
            f"{shown} is not taken as a number: at most 12 digits before and 20 after the point, "
            "no exponent.",
        )
    return Decimal(text)


def _constant(text: str) -> NoReturn:
    raise Refused("number_not_finite", None, f"The JSON holds {text}, which is no number.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in members if keys.count(key) > 1)[:_LONGEST_SHOWN]
        raise Refused("duplicate_key", twice, f"The key '{twice}' stands twice in one object.")
    return members


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_constant
)


def _texts(value: Any, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from _texts(member, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, depth + 1)


def _too_deep() -> Refused:
    return Refused("too_deep", None, f"The JSON is nested deeper than {MAX_DEPTH} levels.")
