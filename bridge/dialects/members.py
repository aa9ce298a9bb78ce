"""The members of one vendor's object: each is read by name, and what nobody read is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from bridge.dialects import fields, generic_parts, generic_text
from bridge.dialects.generic_fields import Found
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json, OddNumber
from bridge.domain.identity import is_secret_key
from bridge.domain.signals import Level, LevelKind, Signal
from bridge.domain.values import Action
from bridge.errors import Refused

T = TypeVar("T")

MAX_SIGNALS = 20
ENTERING = (Action.BUY, Action.SELL, Action.REVERSE, Action.TARGET)
_UNKNOWN = "this key is not known, so it is not applied"
_SECRETS = ("secret", "token", "passphrase", "password")
_OFF = frozenset(("", "0", "false", "none", "null", "no"))


@dataclass
class Members:
    """An object, the way to it, and which of its keys were asked for."""

    value: Mapping[str, Json]
    at: str
    notes: Notes
    asked: set[str] = field(default_factory=set)

    def has(self, key: str) -> bool:
        return key in self.value

    def path(self, key: str) -> str:
        return f"{self.at}{key[:60]}"

    def get(self, key: str, read: Callable[[Json, str], T]) -> T | None:
        """A member as `read` makes it, or None where the key is missing."""
        self.asked.add(key)
        return read(self.value[key], self.path(key)) if key in self.value else None

    def need(self, key: str, read: Callable[[Json, str], T], code: str, message: str) -> T:
        """A member that must be there."""
        found = self.get(key, read)
        if found is None:
            raise Refused(code, self.path(key), message)
        return found

    def symbol(self, key: str) -> str:
        """The symbol of the object, which must be there."""
        return self.need(
            key,
            lambda v, f: fields.symbol(generic_parts.plain_symbol(v, self.notes), f),
            "symbol_missing",
            f"No symbol is given. Add '{key}', for example {{{{ticker}}}}.",
        )

    def flag(self, key: str) -> bool:
        return self.get(key, fields.flag) or False

    def inside(self, key: str) -> "Members | None":
        """The object that a key holds, or None where the key is missing."""
        value = self.get(key, lambda v, _: v)
        if key not in self.value:
            return None
        if not isinstance(value, dict):
            raise Refused(
                "object_missing",
                self.path(key),
                f"'{self.path(key)}' is {fields.shown(value)}, where an object belongs.",
            )
        return Members(value, f"{self.path(key)}.", self.notes)

    def reference(self, key: str) -> Decimal | None:
        """The chart's price of a key, where it is one."""
        return self.get(key, lambda v, f: fields.reference(v, f, self.notes))

    def information(self, key: str) -> str | None:
        """A text that shapes nothing: kept where readable, reported where not."""
        self.asked.add(key)
        found = [Found(self.path(key), key, self.value[key])] if key in self.value else []
        return generic_text.first_text(found, self.notes)

    def keep_secret(self, key: str) -> None:
        """Leave the text of a key to the hook, which may ask for it."""
        value = self.get(key, lambda v, _: v)
        if isinstance(value, str) and value:
            self.notes.keep_secret(value)

    def pass_over(self, keys: Sequence[str], reason: str) -> None:
        """Report each of these keys that is there and switched on."""
        for key in keys:
            self.asked.add(key)
            if not is_off(self.value.get(key)):
                self.notes.passed_over(self.path(key), reason)

    def refuse(self, keys: Sequence[str], reason: str) -> None:
        """Refuse each of these keys that is there and switched on."""
        for key in keys:
            self.asked.add(key)
            if not is_off(self.value.get(key)):
                raise Refused("unsupported_field", self.path(key), f"'{self.path(key)}' {reason}")

    def rest(self) -> list[Found]:
        """The members that nobody asked for; secrets are the hook's."""
        for key in _SECRETS:
            self.keep_secret(key)
        return [Found(self.path(k), k, v) for k, v in self.value.items() if not self._read(k)]

    def _read(self, key: str) -> bool:
        return key in self.asked or is_secret_key(key)

    def finish(self, signal: Signal, prose: Sequence[str] = ()) -> Signal:
        """The signal, after every unread key is told; an opening that one may change is refused."""
        for member in self.rest():
            if signal.action in ENTERING:
                generic_text.check_harmless(member)
            self.notes.passed_over(member.path, _UNKNOWN)
        if signal.action in (Action.BUY, Action.SELL):
            told = [Found(self.path(k), k, self.value[k]) for k in prose if k in self.value]
            generic_text.check_prose(signal, [*self.rest(), *told])
        return signal

    def nothing_else(self) -> None:
        """Refuse every unread key: inside a stop or a target none is passed over."""
        for member in self.rest():
            raise Refused(
                "unknown_field",
                member.path,
                f"'{member.path}' is no key that is known here. Correct it or remove it.",
            )

    def exactly_one(self, kinds: Mapping[str, LevelKind], field: str) -> Level | None:
        """The one level among several keys, or None without any of them."""
        given = [k for k in kinds if self.has(k)]
        if len(given) > 1:
            raise Refused(
                "two_values",
                self.path(given[1]),
                f"'{field}' has {' and '.join(given)}. Keep one of them.",
            )
        levels = [self.get(k, lambda v, f, k=k: level(v, f, kinds[k])) for k in given]  # type: ignore[misc]
        return levels[0] if levels else None


def is_off(value: Json) -> bool:
    """Whether a member says nothing: missing, null, empty, 0 or false."""
    if isinstance(value, Decimal):
        return value == 0
    if isinstance(value, str):
        text = value.strip().lower()
        return text in _OFF or text.strip("0.") == ""
    if isinstance(value, OddNumber):
        return False
    return not value


def level(value: Json, field: str, kind: LevelKind) -> Level:
    """A stop or target above zero, of a kind that its key names."""
    return Level(kind, fields.above_zero(value, field, "level_unreadable"))


def objects(message: Message, notes: Notes) -> list[Members]:
    """The object of a message, or the objects of its list."""
    value = message.value
    if isinstance(value, dict):
        return [Members(value, "", notes)]
    items = value or []
    if not 1 <= len(items) <= MAX_SIGNALS:
        raise Refused(
            "list_unreadable", None, f"The list has {len(items)} signals; 1 to {MAX_SIGNALS} go."
        )
    return [_object(item, i, notes) for i, item in enumerate(items)]


def _object(item: Json, i: int, notes: Notes) -> Members:
    if not isinstance(item, dict):
        raise Refused("list_unreadable", f"[{i}]", f"[{i}] is {fields.shown(item)}, no object.")
    return Members(item, f"[{i}].", notes)
