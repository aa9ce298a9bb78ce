"""What is wrong with an input, every fault at once: a code, the path of its field, a sentence."""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from bridge.errors import Fault, Invalid

_SCHEMA = "_schema"


class Told(str):
    """A sentence with its stable code, as marshmallow carries it to the end."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> "Told":
        told = super().__new__(cls, text)
        told.code = code
        return told

    def format(self, *args: object, **figures: object) -> "Told":
        return Told(self.code, super().format(*args, **figures))


MISSING = Told("missing", "This is missing.")
NULL = Told("null", "This must not be null.")
UNKNOWN = Told("unknown_key", "This key is not known here.")
NO_OBJECT = Told("no_object", "This must be an object.")


class Strict(Schema):
    """A schema that refuses what it does not know, in our words."""

    error_messages = {"unknown": UNKNOWN, "type": NO_OBJECT}  # noqa: RUF012 - marshmallow's form

    class Meta:
        unknown = RAISE


def loaded(schema: Schema, data: Any) -> Any:
    """What a schema makes of data. Raises Invalid with every fault, paths as `rules[2].size`."""
    try:
        return schema.load(data)
    except ValidationError as exc:
        raise invalid(exc) from exc


def invalid(error: ValidationError) -> Invalid:
    """Marshmallow's nested messages as our flat list."""
    return Invalid(list(_faults(error.messages, "")))


def _faults(messages: Any, path: str) -> Iterator[Fault]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _faults(inner, _under(path, key))
    elif isinstance(messages, str):
        yield Fault(getattr(messages, "code", "invalid"), path or None, str.__str__(messages))
    else:
        for message in messages:
            yield from _faults(message, path)


def _under(path: str, key: object) -> str:
    if key == _SCHEMA:
        return path
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)
