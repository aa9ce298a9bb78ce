"""The one-line form of our own dialect, written over as its JSON."""

import re

from bridge.dialects import fields, levels
from bridge.dialects.strict import Json
from bridge.domain.signals import LevelKind
from bridge.errors import Refused

FIRST_WORD = "bridge"
VERSION = "1"
_PAIR = re.compile(r'([A-Za-z_.]+)=("[^"]*"|\S*)')


def from_line(line: str) -> dict[str, Json]:
    """The JSON form of the one-line text."""
    words = line.split(None, 3)
    if len(words) < 3 or words[0].lower() != FIRST_WORD or "=" in words[1] + words[2]:
        raise Refused("not_understood", None, "The line reads 'bridge ACTION SYMBOL key=value …'.")
    value: dict[str, Json] = {"bridge": VERSION, "action": words[1], "symbol": words[2]}
    for key, text in _pairs(words[3] if len(words) == 4 else ""):
        _put(value, key, text)
    return value


def _pairs(rest: str) -> list[tuple[str, str]]:
    pairs, at = [], 0
    while at < len(rest):
        if rest[at].isspace():
            at += 1
            continue
        found = _PAIR.match(rest, at)
        if found is None or not rest[found.end() : found.end() + 1].strip() == "":
            raise Refused(
                "not_understood",
                None,
                f"{fields.shown(rest[at:].split()[0])} is no key=value. A value with blanks "
                'stands in "…".',
            )
        pairs.append((found[1], found[2].removeprefix('"').removesuffix('"')))
        at = found.end()
    return pairs


def _put(value: dict[str, Json], key: str, text: str) -> None:
    """Set `key` or, for `trailing.after`, the inner key of an object."""
    outer, _, inner = key.partition(".")
    if not inner:
        _set(value, key, _line_value(key, text), key)
        return
    if outer not in ("position", "trailing", "break_even"):
        raise Refused(
            "unknown_field",
            key,
            f"'{key[:60]}' is no key of this dialect. Correct it or remove it.",
        )
    within = value.setdefault(outer, {})
    if not isinstance(within, dict):
        raise Refused("level_unreadable", outer, f"'{outer}' is {fields.shown(within)}.")
    _set(within, inner, _line_value(key, text), key)


def _set(value: dict[str, Json], key: str, read: Json, path: str) -> None:
    present = value.get(key)
    if isinstance(present, dict) and isinstance(read, dict) and not present.keys() & read.keys():
        present.update(read)
    elif key in value:
        raise Refused("duplicate_key", path, f"The key '{path}' stands twice. Keep one of them.")
    else:
        value[key] = read


def _line_value(key: str, text: str) -> Json:
    if key in ("stop_loss", "take_profit") and text.lower() in ("none", "null"):
        return None
    if key in ("stop_loss", "take_profit", "trailing.after", "break_even.after"):
        return levels.from_text(text, LevelKind.PRICE)
    if key in ("offset", "trailing", "break_even.plus"):
        return levels.from_text(text, LevelKind.DISTANCE)
    if key == "account" and "," in text:
        return [*text.split(",")]
    if key in ("orders", "targets", "bridge", "action", "symbol", "position", "break_even"):
        raise Refused("unknown_field", key, f"'{key}' cannot be written in one line; send JSON.")
    return text
