"""One line of parts between commas, `licence,word,word,key=value …`, as two vendors write it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bridge.dialects import fields, placeholders
from bridge.dialects.notes import Notes
from bridge.domain.signals import Level, LevelKind
from bridge.errors import Refused

T = TypeVar("T")

_LICENCE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}", re.ASCII)
_MAX_PARTS = 64
_UNIT_KEYS = ("pips", "price", "pct")


@dataclass
class CommaLine:
    """The words of a line and its parameters, each of which is asked for once."""

    words: list[str]
    values: Mapping[str, str]
    notes: Notes
    asked: set[str] = field(default_factory=set)

    def has(self, key: str) -> bool:
        return key in self.values

    def get(self, key: str, read: Callable[[str, str], T]) -> T | None:
        self.asked.add(key)
        return read(self.values[key], key) if key in self.values else None

    def level(self, key: str, kind: LevelKind) -> Level | None:
        """A level above zero, of a kind that its key names."""
        value = self.get(key, lambda v, f: fields.above_zero(v, f, "level_unreadable"))
        return None if value is None else Level(kind, value)

    def text(self, key: str) -> str | None:
        """A text that shapes nothing."""
        value = self.get(key, lambda v, _: v[: fields.MAX_INFORMATION])
        return value or None

    def one_of(self, *keys: str) -> str | None:
        """The one of several parameters that is given; two of them are refused."""
        given = [k for k in keys if k in self.values]
        if len(given) > 1:
            raise Refused(
                "two_values", given[1], f"{' and '.join(given)} are given. Keep one of them."
            )
        return given[0] if given else None

    def unit_of(self, key: str) -> None:
        """Refuse a bare level: what it counts is a setting at the vendor, not in the message."""
        if key in self.values:
            raise Refused(
                "setting_missing",
                key,
                f"What '{key}' counts is a setting at the sender and not in the message. Write "
                f"{', '.join(f'{key}_{u}' for u in _UNIT_KEYS[:-1])} or {key}_{_UNIT_KEYS[-1]}.",
            )

    def refuse(self, keys: Mapping[str, str]) -> None:
        """Refuse each of these parameters, with its reason."""
        for key, reason in keys.items():
            if key in self.values:
                raise Refused("unsupported_field", key, f"'{key}' {reason}")

    def finish(self, command: str) -> None:
        """Refuse a parameter that the command has no use for."""
        for key in self.values:
            if key not in self.asked:
                raise Refused(
                    "unknown_field", key, f"'{key}' is no parameter of {command}. Remove it."
                )


def read_line(text: str, words: int, notes: Notes) -> CommaLine:
    """The line's words after the licence, and its parameters; one given twice is refused."""
    if "\n" in text:
        raise Refused(
            "two_instructions", None, "The text holds several lines. Send one alert for each."
        )
    parts = [p.strip() for p in text.split(",")]
    parts = [p for i, p in enumerate(parts) if p or i <= words]
    if not _LICENCE.fullmatch(parts[0]):
        raise Refused("not_understood", None, "The line begins with a licence and a comma.")
    line = CommaLine(parts[1 : words + 1], _values(parts[words + 1 :]), notes)
    for word in line.words:
        if left := placeholders.first_in(word):
            raise placeholders.unfilled(None, left)
    secret = line.get("secret", lambda v, _: v)
    if secret:
        notes.keep_secret(secret)
    return line


def _values(parts: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    if len(parts) > _MAX_PARTS:
        raise Refused("too_many_fields", None, f"The line has more than {_MAX_PARTS} parameters.")
    for part in parts:
        key, mark, value = part.partition("=")
        key = key.strip().lower()
        if not mark or not _KEY.fullmatch(key):
            raise Refused("not_understood", None, f"{fields.shown(part)} is no parameter=value.")
        if key in values:
            raise Refused("duplicate_key", key, f"'{key}' stands twice. Keep one of them.")
        values[key] = value.strip()
    return values
