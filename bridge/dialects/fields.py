"""Reading one field: a value, or a refusal that names the field and the text found."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bridge.dialects import placeholders
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json, OddNumber
from bridge.domain.values import NUMBER, decimal_from, from_millis, utc_from
from bridge.errors import Refused

MAX_SYMBOL = 64
MAX_ID = 100
MAX_INFORMATION = 200
_SYMBOL = re.compile(r"[A-Za-z0-9^@#.$][A-Za-z0-9 ._:/!&#+@^$=*()-]*", re.ASCII)
_EPOCH = re.compile(r"[0-9]{10}|[0-9]{13}", re.ASCII)
_NOTHING = frozenset(("null", "none", "nan", "na", "n/a", "undefined", "infinity", "-infinity"))
_NO_SYMBOL = _NOTHING - {"na"} | {"multiple-pairs", "none"}


def shown(value: Json) -> str:
    """A found value as a refusal may quote it: short, and never a list or object."""
    if isinstance(value, str):
        text = value if value.isprintable() and value.isascii() else ascii(value)[1:-1]
        return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    names = {None: "null", True: "true", False: "false"}
    return names[value] if value is None or isinstance(value, bool) else format(value)


def used_text(value: Json, field: str) -> str:
    """The text of a field that shapes the order: not empty, not null, no placeholder."""
    if isinstance(value, str):
        if name := placeholders.first_in(value):
            raise placeholders.unfilled(field, name)
        if not value.strip():
            raise Refused(
                "value_empty", field, f"'{field}' is empty. Fill it in or leave the key out."
            )
        return value
    if isinstance(value, Decimal | OddNumber):
        return format(value, "f") if isinstance(value, Decimal) else value.text
    if value is None:
        raise Refused("value_empty", field, f"'{field}' is null. Fill it in or leave the key out.")
    raise Refused("text_unreadable", field, f"'{field}' is {shown(value)}, where a text belongs.")


def word(value: Json, field: str, allowed: Iterable[str]) -> str:
    """One of our own words, in any case."""
    text, words = used_text(value, field), tuple(allowed)
    if text.lower() not in words:
        raise Refused(
            "word_unknown",
            field,
            f"'{field}' is {shown(text)}. Known are {', '.join(words)}.",
        )
    return text.lower()


def number(value: Json, field: str, code: str = "number_unreadable") -> Decimal:
    """A plain decimal, as number or as text; nothing else."""
    if isinstance(value, str):
        read = decimal_from(used_text(value, field))
    elif isinstance(value, Decimal) and NUMBER.fullmatch(format(value, "f")):
        read = value
    else:
        read = None
    if read is not None:
        return read
    if value is None:
        raise Refused("value_empty", field, f"'{field}' is null. Fill it in or leave the key out.")
    raise Refused(
        code,
        field,
        f"'{field}' is {shown(value)}, which is no plain number like 0.10: digits and at most one "
        "point, no sign but a leading minus, no commas, no exponent.",
    )


def above_zero(value: Json, field: str, code: str = "number_unreadable") -> Decimal:
    """A plain decimal above zero."""
    read = number(value, field, code)
    if read <= 0:
        raise Refused("not_positive", field, f"'{field}' is {shown(value)}; it must be above zero.")
    return read


def symbol(value: Json, field: str) -> str:
    """A symbol as written: printable ASCII, without placeholders."""
    if isinstance(value, list | dict):
        raise Refused(
            "symbol_unreadable", field, f"'{field}' is {shown(value)}. One symbol belongs here."
        )
    if not isinstance(value, str):
        raise Refused(
            "symbol_unreadable", field, f"'{field}' is {shown(value)}. Write the symbol as a text."
        )
    text = unicodedata.normalize("NFC", used_text(value, field))
    _only_ascii(text, field)
    if placeholders.is_template_word(text):
        raise placeholders.unfilled(field, text)
    if len(text) > MAX_SYMBOL or not _SYMBOL.fullmatch(text) or text.casefold() in _NO_SYMBOL:
        raise Refused(
            "symbol_unreadable", field, f"'{field}' is {shown(value)}, which is no symbol."
        )
    if text != text.strip():
        raise Refused(
            "symbol_unreadable", field, f"'{field}' is {shown(value)}: blanks surround the symbol."
        )
    return text


def _only_ascii(text: str, field: str) -> None:
    strange = [f"U+{ord(c):04X}" for c in text if not c.isascii()]
    if strange:
        raise Refused(
            "symbol_not_ascii",
            field,
            f"'{field}' holds {', '.join(strange[:5])}, which a symbol never has. "
            "Type the symbol with plain letters and digits.",
        )


def flag(value: Json, field: str) -> bool:
    """true or false, also as text in any case, 1 or 0."""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else None
    text = used_text(value, field).strip().lower() if text is None else text
    known = {"true": True, "false": False, "1": True, "0": False}
    if text not in known:
        raise Refused("flag_unreadable", field, f"'{field}' is {shown(value)}, not true or false.")
    return known[text]


def fired(value: Json, field: str) -> datetime:
    """When an alert fired: ISO 8601 with its zone, or whole seconds or milliseconds since 1970."""
    text = used_text(value, field)
    when = moment(text)
    if when is None:
        raise Refused(
            "time_unreadable",
            field,
            f"'{field}' is {shown(text)}. Send UTC like 2026-01-02T03:04:05Z ({{{{timenow}}}}), "
            "or seconds (10 digits) or milliseconds (13 digits) since 1970.",
        )
    return when


def moment(text: str) -> datetime | None:
    """An instant, when the text names one without doubt."""
    if _EPOCH.fullmatch(text):
        return from_millis(int(text) * (1000 if len(text) == 10 else 1))
    if not text.isascii() or "T" not in text.upper().replace(" ", "T"):
        return None
    when = utc_from(text)
    return when.astimezone(UTC) if when else None


def seconds(value: Json, field: str) -> timedelta:
    """A length of time above zero, at most a year."""
    read = above_zero(value, field)
    if read > 31_536_000:
        raise Refused("number_unreadable", field, f"'{field}' is more than a year of seconds.")
    return timedelta(milliseconds=int(read * 1000))


def identifier(value: Json, field: str) -> str:
    """An explicit id."""
    text = used_text(value, field)
    if len(text) > MAX_ID:
        raise Refused(
            "text_too_long",
            field,
            f"'{field}' has {len(text)} characters; an id has at most {MAX_ID}.",
        )
    return text


def names(value: Json, field: str) -> tuple[str, ...]:
    """A name, or a list of names."""
    items = value if isinstance(value, list) else [value]
    if not items:
        raise Refused("value_empty", field, f"'{field}' is an empty list.")
    return tuple(used_text(item, field) for item in items)


def reference(value: Json, field: str, notes: Notes) -> Decimal | None:
    """The chart's price: information, so an unreadable one is reported and left out."""
    if value is None:
        return None
    text = format(value, "f") if isinstance(value, Decimal) else value
    read = decimal_from(text) if isinstance(text, str) else None
    if read is None or read <= 0:
        notes.passed_over(field, "it is information and no plain price, so it is not kept")
        return None
    return read
