"""Bytes → text → JSON value, and nothing that only looks like one.

Strict UTF-8, no repeated key, no NaN, depth and size bounded, numbers exact. What is not taken is
refused by name. Time is linear in the length of the body, and the nesting is counted before
anything recursive sees it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, TypeAlias

from bridge.errors import Refused

MAX_BYTES = 65_536
MAX_DEPTH = 8
MAX_MEMBERS = 256
MAX_TEXT = 4_096
MAX_NUMBER = 40

_BOM = "\ufeff"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)


@dataclass(frozen=True)
class OddNumber:
    """A JSON number that is none of our plain ones (`1e-05`): good for information only."""

    text: str

    def __str__(self) -> str:
        return self.text


Json: TypeAlias = "bool | str | Decimal | OddNumber | list[Json] | dict[str, Json] | None"


class NotJson(Refused):
    """The text does not parse as JSON; `position` is where it breaks."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__("json_broken", None, message)
        self.position = position


def read_text(raw: bytes) -> tuple[str, bool]:
    """The body as text without its byte order mark, and whether it had one."""
    if len(raw) > MAX_BYTES:
        raise Refused("too_large", None, f"The body has {len(raw)} bytes; {MAX_BYTES} are taken.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Refused(
            "not_utf8", None, f"The body is not UTF-8: byte {exc.start} cannot be read. Send UTF-8."
        ) from exc
    had_bom = text.startswith(_BOM)
    text = text.removeprefix(_BOM)
    if not text.strip():
        raise Refused("empty_body", None, "The body is empty. Write the alert's message.")
    if found := _CONTROL.search(text):
        raise Refused(
            "control_character",
            None,
            f"The body holds the control character U+{ord(found[0]):04X}. Remove it.",
        )
    return text, had_bom


def read_json(text: str) -> Json:
    """The JSON value of a text, numbers as `Decimal`; everything doubtful is refused."""
    check_depth(text)
    try:
        value: Json = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        raise NotJson(
            f"The JSON breaks at line {exc.lineno}, column {exc.colno}: {_reason(exc)}.", exc.pos
        ) from exc
    _check_content(value)
    return value


def check_depth(text: str) -> None:
    """Refuse nesting that is too deep, without following it."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return  # so few cannot be nested too deep
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
        if depth > MAX_DEPTH:
            raise Refused(
                "too_deep", None, f"The JSON is nested deeper than {MAX_DEPTH} levels. Flatten it."
            )


def _reason(exc: json.JSONDecodeError) -> str:
    reasons = {
        "Expecting ',' delimiter": "a comma is missing, or a quote stands inside a value",
        "Expecting ':' delimiter": "a colon is missing",
        "Expecting value": "a value is missing or has no quotes",
        "Extra data": "something follows the JSON",
        "Invalid control character at": "a line break or tab stands inside a text",
        "Unterminated string starting at": "a text is not closed",
    }
    return reasons.get(exc.msg, "this is not JSON")


def _number(text: str) -> Decimal | OddNumber:
    if len(text) > MAX_NUMBER:
        raise Refused(
            "number_unreadable",
            None,
            f"The JSON holds a number of {len(text)} characters; {MAX_NUMBER} are taken.",
        )
    return Decimal(text) if _PLAIN_NUMBER.fullmatch(text) else OddNumber(text)


def _constant(text: str) -> NoReturn:
    raise Refused(
        "number_not_finite",
        None,
        f"The JSON holds {text}, which is no number. A plot without a value sends it: "
        "send the alert only when the value exists.",
    )


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        keys = [k for k, _ in pairs]
        twice = next(k for k in members if keys.count(k) > 1)
        raise Refused(
            "duplicate_key",
            twice[:64],
            f"The key '{twice[:64]}' stands twice in one object. Keep one of them.",
        )
    return members


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_constant
)


def _check_content(value: Json) -> None:
    for count, text in enumerate(_texts(value), 1):
        _check_text(text)
        if count > MAX_MEMBERS:
            raise Refused("too_many_fields", None, f"The JSON has more than {MAX_MEMBERS} members.")


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise Refused(
            "text_too_long",
            None,
            f"The JSON holds a text of {len(text)} characters; {MAX_TEXT} are taken.",
        )
    for character in text if not text.isprintable() else "":
        if character == "\x00" or "\ud800" <= character <= "\udfff":
            raise Refused(
                "control_character",
                None,
                f"The JSON holds the character U+{ord(character):04X}. Remove it.",
            )


def _texts(value: Json) -> Iterator[str]:
    """Every key and every scalar as text, one per member; the depth is bounded already."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from _texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
            yield ""
    elif isinstance(value, str):
        yield value
