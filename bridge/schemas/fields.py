"""The fields of our inputs: exact decimals, texts, choices, levels; nothing is converted."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from marshmallow import ValidationError, fields

from bridge.domain.signals import Level, LevelKind
from bridge.domain.values import Secret, decimal_from, plain
from bridge.schemas.faults import MISSING, NO_OBJECT, NULL, Told

NUMBER_TEXT = r"^-?[0-9]{1,12}(\.[0-9]{1,20})?$"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHOWN = 40

Messages: TypeAlias = "dict[str, str | list[Any] | dict[Any, Any]]"
NO_LIST = Told("no_list", "This must be a list.")


def shown(value: object) -> str:
    """A wrong value, cut, as a sentence shows it."""
    text = plain(value) if isinstance(value, Decimal) else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


class Said:
    """Our words for what every field may lack."""

    default_error_messages: Messages = {"required": MISSING, "null": NULL}  # noqa: RUF012

    def openapi(self) -> dict[str, Any]:
        """What the API's description says of this field."""
        return {}


class Number(Said, fields.Field[Decimal]):
    """An exact decimal, as text or as a JSON number; always text in answers."""

    def __init__(
        self,
        *,
        above: Decimal | None = None,
        at_most: Decimal | None = None,
        places: int = 20,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.above = above
        self.at_most = at_most
        self.places = places

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else plain(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Decimal:
        number = read_number(value)
        if self.above is not None and number <= self.above:
            raise ValidationError(Told("too_small", f"This must be over {plain(self.above)}."))
        if self.at_most is not None and number > self.at_most:
            raise ValidationError(Told("too_large", f"This must be at most {plain(self.at_most)}."))
        _, _, decimals = plain(number).partition(".")
        if len(decimals) > self.places:
            raise ValidationError(
                Told("too_fine", f"This has more than {self.places} decimal places.")
            )
        return number

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "decimal", "pattern": NUMBER_TEXT}


def read_number(value: Any) -> Decimal:
    """A decimal from text or number. Raises ValidationError for anything else."""
    text = plain(value) if isinstance(value, Decimal) else value
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    number = decimal_from(text) if isinstance(text, str) else None
    if number is None:
        raise ValidationError(
            Told("number_unreadable", f"'{shown(value)}' is not a plain decimal number.")
        )
    return number


SHORTEST_WINDOW = 30


class Whole(Said, fields.Field[int]):
    """A whole number within bounds."""

    def __init__(self, *, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least = least
        self.most = most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        number = read_number(value)
        if number != int(number) or not self.least <= number <= self.most:
            raise ValidationError(
                Told("out_of_range", f"This must be a whole number, {self.least} to {self.most}.")
            )
        return int(number)

    def openapi(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Window(Whole):
    """For how many seconds a body is remembered: over all tries of a sender, or not at all."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        seconds = super()._deserialize(value, attr, data, **kwargs)
        if 0 < seconds < SHORTEST_WINDOW:
            raise ValidationError(
                Told(
                    "out_of_range",
                    f"This must be 0, or {SHORTEST_WINDOW} to {self.most} seconds: "
                    "a sender's tries of one alert take up to 27.",
                )
            )
        return seconds


class Text(Said, fields.Field[str]):
    """A text on one line; space around it does not count."""

    def __init__(self, *, most: int, pattern: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most
        self.pattern = pattern

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        return read_text(value, self.most, self.pattern)

    def openapi(self) -> dict[str, Any]:
        said: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": self.most}
        return said


def read_text(value: Any, most: int, pattern: str | None = None) -> str:
    """One line of text, trimmed. Raises ValidationError for anything else."""
    if not isinstance(value, str):
        raise ValidationError(Told("no_text", "This must be a text."))
    text = value.strip()
    if not text or len(text) > most or _CONTROL.search(text):
        raise ValidationError(Told("bad_text", f"This must be one line of 1 to {most} characters."))
    if pattern is not None and not re.fullmatch(pattern, text, re.ASCII):
        raise ValidationError(Told("bad_text", f"'{shown(text)}' is not in the right form."))
    return text


class Password(Said, fields.Field[Secret]):
    """A secret, taken as it is and never given back."""

    def __init__(self, *, least: int = 1, most: int = 4096, **kwargs: Any) -> None:
        super().__init__(load_only=True, **kwargs)
        self.least = least
        self.most = most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Secret:
        if not isinstance(value, str) or not self.least <= len(value) <= self.most:
            raise ValidationError(
                Told(
                    "bad_secret", f"This must be a text of {self.least} to {self.most} characters."
                )
            )
        return Secret(value)

    def openapi(self) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "password",
            "minLength": self.least,
            "maxLength": self.most,
        }


class Choice(Said, fields.Field[str]):
    """One of some words; `later` are words of the language that are not carried out yet."""

    def __init__(self, words: Iterable[str], *, later: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = tuple(words)
        self.later = tuple(later)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        known = ", ".join(self.words)
        if value in self.later:
            raise ValidationError(
                Told("not_carried_out", f"'{value}' is not carried out yet; use one of {known}.")
            )
        if value not in self.words:
            raise ValidationError(Told("not_a_choice", f"'{shown(value)}' is not one of {known}."))
        return str(value)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}


class Flag(Said, fields.Field[bool]):
    """true or false, as JSON says it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(Told("no_flag", "This must be true or false."))
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Later(Said, fields.Field[None]):
    """A key of the language that is not carried out yet: refused, never ignored."""

    def __init__(self, what: str, **kwargs: Any) -> None:
        super().__init__(load_only=True, allow_none=True, **kwargs)
        self.what = what

    def deserialize(self, value: Any, attr: Any = None, data: Any = None, **kwargs: Any) -> Any:
        present = isinstance(data, Mapping) and attr in data
        if present:
            raise ValidationError(
                Told("not_carried_out", f"{self.what} is not carried out yet; leave it out.")
            )
        return super().deserialize(value, attr, data, **kwargs)

    def openapi(self) -> dict[str, Any]:
        return {"description": "Refused: not carried out yet."}


class Nested(Said, fields.Nested):
    """An object within an object."""

    default_error_messages: Messages = {"type": NO_OBJECT}  # noqa: RUF012


class Many(Said, fields.List[Any]):
    """A list, with bounds."""

    default_error_messages: Messages = {"invalid": NO_LIST}  # noqa: RUF012

    def __init__(self, inner: Any, *, least: int = 0, most: int = 100, **kwargs: Any) -> None:
        super().__init__(inner, **kwargs)
        self.least = least
        self.most = most

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not self.least <= len(value) <= self.most:
            raise ValidationError(
                Told("list_length", f"This must have {self.least} to {self.most} entries.")
            )
        return super()._deserialize(value, *args, **kwargs)

    def openapi(self) -> dict[str, Any]:
        return {"minItems": self.least, "maxItems": self.most}


class LevelOf(Said, fields.Field[Level]):
    """Exactly one of some kinds with its number: `{"pips": "20"}`."""

    def __init__(self, kinds: Iterable[LevelKind], *, signed: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kinds = {kind.value: kind for kind in kinds}
        self.signed = signed

    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **kwargs: Any
    ) -> dict[str, str] | None:
        return None if value is None else {value.kind.value: plain(value.value)}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Level:
        if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in self.kinds:
            known = ", ".join(self.kinds)
            raise ValidationError(Told("level_unreadable", f"This needs exactly one of {known}."))
        kind, amount = next(iter(value.items()))
        try:
            number = read_number(amount)
        except ValidationError as exc:
            raise ValidationError({kind: exc.messages}) from exc
        if number == 0 or (number < 0 and not self.signed):
            raise ValidationError({kind: [Told("too_small", "This must be over 0.")]})
        return Level(self.kinds[kind], number)

    def openapi(self) -> dict[str, Any]:
        number = {"type": "string", "format": "decimal", "pattern": NUMBER_TEXT}
        return {
            "type": "object",
            "properties": {kind: number for kind in self.kinds},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }


class Address(Said, fields.Field[str]):
    """An IP address."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return str(ipaddress.ip_address(value if isinstance(value, str) else ""))
        except ValueError as exc:
            raise ValidationError(
                Told("bad_address", f"'{shown(value)}' is not an IP address.")
            ) from exc

    def openapi(self) -> dict[str, Any]:
        return {"type": "string"}
