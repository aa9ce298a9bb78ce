"""The fields of one generic JSON object, gathered under the names that generic JSON knows."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bridge.dialects import fields, generic_keys
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.domain.identity import is_secret_key
from bridge.errors import Refused

T = TypeVar("T")

KEY_STRIPPED = "value_repeating_its_key_stripped"
_SECRETS = ("secret", "token", "passphrase", "password")
_REPEATS = re.compile(r"\s*([A-Za-z_]{1,40})\s*=\s*(.*)", re.DOTALL)
_CURRENCY = re.compile(r"[A-Za-z]{2,10}")


@dataclass(frozen=True)
class Found:
    """One member: the way to it, its key and its value."""

    path: str
    key: str
    value: Json


@dataclass
class Fields:
    """What one object says, by field; `at` leads to the object."""

    at: str
    notes: Notes
    known: dict[str, list[Found]] = field(default_factory=dict)
    unknown: list[Found] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return bool(self.known.get(name))

    def path(self, name: str, default: str) -> str:
        """Where a field stands, for a refusal."""
        found = self.known.get(name)
        return found[0].path if found else self.at + default

    def all(self, name: str, read: Callable[[Json, str], T]) -> list[tuple[str, T]]:
        return [(f.path, read(self._unrepeated(f), f.path)) for f in self.known.get(name, ())]

    def one(self, name: str, read: Callable[[Json, str], T]) -> T | None:
        """The value of a field; synonyms that disagree are refused."""
        return agreed(self.all(name, read))

    def _unrepeated(self, found: Found) -> Json:
        """A value that repeats its own key (`stop_loss=100`) without it."""
        text = found.value
        repeats = _REPEATS.fullmatch(text) if isinstance(text, str) and "=" in text else None
        if repeats is None:
            return text
        if generic_keys.norm(repeats[1]) == generic_keys.norm(found.key):
            self.notes.repaired(KEY_STRIPPED)
            return repeats[2]
        if generic_keys.knows(repeats[1]):
            raise Refused(
                "two_values",
                found.path,
                f"'{found.path}' is {fields.shown(text)}, which names another key.",
            )
        return text


def agreed(values: "list[tuple[str, T]]") -> T | None:
    """The one value that several synonyms give, or None without any."""
    if not values:
        return None
    first_path, first = values[0]
    for path, value in values[1:]:
        if value != first:
            raise Refused(
                "two_values", path, f"'{first_path}' and '{path}' do not agree. Keep one of them."
            )
    return first


def gather(value: Mapping[str, Json], at: str, notes: Notes) -> Fields:
    """The object's members, and those of the objects that are looked into, by field."""
    gathered = Fields(at, notes)
    for found, top in _members(value, at, top=True):
        name = _name_of(found, top=top)
        if is_secret_key(found.key):
            _keep_secret(found, notes)
        elif name is None:
            gathered.unknown.append(found)
        else:
            gathered.known.setdefault(name, []).append(found)
    _sort_out_bar(gathered)
    return gathered


def _members(value: Mapping[str, Json], at: str, *, top: bool) -> Iterator[tuple[Found, bool]]:
    for key, member in value.items():
        path = f"{at}{key[:60]}"
        if isinstance(member, dict) and generic_keys.norm(key) in generic_keys.LOOKED_INTO:
            yield from _members(member, f"{path}.", top=False)
        else:
            yield Found(path, key, member), top


def _name_of(found: Found, *, top: bool) -> str | None:
    name = generic_keys.field_of(found.key)
    if name == "id" and not top:
        return "text"  # an order's id repeats
    if name in ("base", "cash") and isinstance(found.value, str):
        return None if _CURRENCY.fullmatch(found.value) else name  # the currency's name
    return name


def _keep_secret(found: Found, notes: Notes) -> None:
    if generic_keys.norm(found.key) in _SECRETS and isinstance(found.value, str) and found.value:
        notes.keep_secret(found.value)


def _sort_out_bar(gathered: Fields) -> None:
    """Beside the bar's high and low, the volume is the bar's and no size."""
    keys = {generic_keys.norm(f.key) for f in gathered.known.get("bar", ())}
    if {"high", "low"} <= keys:
        for found in gathered.known.pop("volume", ()):
            gathered.notes.passed_over(found.path, "it is the volume of the bar")
    if gathered.has("order_form"):  # there the id is the order's
        gathered.known.setdefault("text", []).extend(gathered.known.pop("id", ()))
