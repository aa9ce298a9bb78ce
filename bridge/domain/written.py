"""Our frozen values as JSON and back: decimals as text, times to the millisecond, kinds by name."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bridge.domain.values import Secret, plain, rfc3339, utc_from

T = TypeVar("T")
_KIND = "is"


def write(value: Any) -> Any:
    """A value as what `json.dumps` takes. A dataclass says its kind; a Secret is never written."""
    if isinstance(value, Secret):
        return "***"
    if is_dataclass(value) and not isinstance(value, type):
        written = {f.name: write(getattr(value, f.name)) for f in fields(value)}
        return {_KIND: type(value).__name__, **written}
    if isinstance(value, Enum):
        return value.value
    for kind, writer in _WRITERS.items():
        if isinstance(value, kind):
            return writer(value)
    return value


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(k): write(v) for k, v in value.items()}


_WRITERS: dict[Any, Any] = {
    Decimal: plain,
    datetime: rfc3339,
    timedelta: lambda length: plain(Decimal(length // timedelta(microseconds=1)).scaleb(-6)),
    Mapping: _mapping,
    (list, tuple, set, frozenset): lambda many: [write(v) for v in many],
}


def read(kind: type[T], data: Any) -> T:
    """The value of `kind` that `write` turned into `data`."""
    return _read(kind, data)  # type: ignore[no-any-return]


def _read(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_union(get_args(kind), data)
    if origin in (tuple, list):
        return origin(_read(get_args(kind)[0], item) for item in data)
    if origin is not None or kind is Any:
        return data
    if is_dataclass(kind):
        return _read_dataclass(kind, data)
    return _read_plain(kind, data)


def _read_union(kinds: tuple[Any, ...], data: Any) -> Any:
    if data is None:
        return None
    for kind in kinds:
        named = isinstance(data, Mapping) and data.get(_KIND) == getattr(kind, "__name__", None)
        if named or (kind is not type(None) and not is_dataclass(kind)):
            return _read(kind, data)
    raise ValueError(f"no kind of {kinds} fits what was written")


def _read_dataclass(kind: Any, data: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    return kind(**{n: _read(hints[n], data[n]) for n in hints if n in data})


def _read_plain(kind: Any, data: Any) -> Any:
    if kind is Decimal:
        return Decimal(data)
    if kind is datetime:
        when = utc_from(data)
        if when is None:
            raise ValueError(f"{data} is not a time with a zone")
        return when
    if kind is timedelta:
        return timedelta(microseconds=int(Decimal(data).scaleb(6)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    return data


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


def shown(when: datetime | None) -> str | None:
    """A time as JSON answers show it, or None."""
    return None if when is None else rfc3339(when)
