"""The broker's JSON, strictly: exact numbers, nothing guessed, or Unreadable."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from bridge.domain.values import decimal_from

_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_HARMLESS = re.compile(r"[A-Za-z0-9 .,:+_-]{1,24}", re.ASCII)
_FARTHEST = 25  # digits before or after the point that are worth writing out


class Unreadable(ValueError):
    """The bytes, or one value in them, are not what the wire page promises."""


def parse(body: bytes) -> object:
    """The JSON value of an answer. Numbers with a point or exponent are exact Decimals."""
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_doubles,
        )
    except RecursionError as exc:
        raise Unreadable("nested too deeply") from exc
    except Unreadable:
        raise
    except (
        ValueError,
        ArithmeticError,
    ) as exc:  # a number of no bounds, not UTF-8, not JSON, or an integer of thousands of digits
        raise Unreadable("not readable JSON") from exc


def _refuse_constant(name: str) -> object:
    raise Unreadable(f"{name} is no number")


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise Unreadable("a key stands twice")
    return table


def quoted(found: str) -> str:
    """A short plain word as found; anything else might be a secret and is not repeated."""
    return repr(found) if _HARMLESS.fullmatch(found) else "something else"


def table(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Unreadable("no object where one is due")
    return value


def rows(value: object) -> list[object]:
    if not isinstance(value, list):
        raise Unreadable("no list where one is due")
    return value


def number(value: object) -> Decimal | None:
    """The number of a cell, given as text or as a JSON number; None for null and for ""."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise Unreadable("no number where one is due")
    found = decimal_from(value if isinstance(value, str) else _written_out(value))
    if found is None:
        raise Unreadable(f"{quoted(str(value))} is not a plain number")
    return found


def _written_out(value: int | Decimal) -> str:
    if isinstance(value, Decimal) and not -_FARTHEST < value.adjusted() < _FARTHEST:
        return ""
    return str(value) if isinstance(value, int) else format(value, "f")


def needed_number(value: object) -> Decimal:
    found = number(value)
    if found is None:
        raise Unreadable("a number is missing")
    return found


def positive(value: object) -> Decimal:
    found = needed_number(value)
    if found <= 0:
        raise Unreadable(f"{found} should be above zero")
    return found


def text(value: object) -> str | None:
    """The text of a cell; None for null and for ""."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Unreadable("no text where one is due")
    return value


def needed_text(value: object) -> str:
    found = text(value)
    if found is None:
        raise Unreadable("a text is missing")
    return found


def identity(value: object) -> str | None:
    """An id as text: they exceed what a float holds. None for null, "" and 0."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    found = text(value)
    if found is None or found == "0":
        return None
    if _ID.fullmatch(found) is None:
        raise Unreadable(f"{quoted(found)} is not an id")
    return found


def needed_identity(value: object) -> str:
    found = identity(value)
    if found is None:
        raise Unreadable("an id is missing")
    return found
