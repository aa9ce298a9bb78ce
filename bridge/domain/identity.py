"""What makes two alerts the same: an explicit id, else the canonical body."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from bridge.domain.values import plain

_SEPARATORS = re.compile(r"[\s_.\-]+")
_SECRET_WORDS = ("secret", "token", "passphrase", "password", "passwd", "pwd")
_SECRET_NAMES = frozenset(
    (
        *("pin", "key", "pass", "apikey", "authkey", "secretkey", "accesskey", "privatekey"),
        *("licence", "license", "licenceid", "licenseid", "licencekey", "licensekey"),
        *("auth", "authorization"),
    )
)


def is_secret_key(key: str) -> bool:
    """Whether a key's value is a secret: never stored in clear, no part of an alert's identity."""
    name = _SEPARATORS.sub("", key).casefold()
    return name in _SECRET_NAMES or name.endswith(_SECRET_WORDS)


def canonical_json(value: object) -> bytes:
    """One writing for every spelling of a JSON value: keys sorted, decimals plain, no secrets."""
    return json.dumps(
        _canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True
    ).encode("ascii")


def _canonical(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(k): _canonical(v) for k, v in value.items() if not is_secret_key(str(k))}
    if isinstance(value, Decimal):
        return {"#": plain(value)}  # a number is not the text of the same digits
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Sequence):
        return [_canonical(v) for v in value]
    return {"#": str(value)}


def canonical_text(text: str) -> bytes:
    """One writing for every spelling of a text: trimmed, one kind of line ending."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip().encode("utf-8", "surrogatepass")


def body_key(canonical: bytes) -> str:
    """The key of an alert that names no id of its own."""
    return "body:" + hashlib.sha256(canonical).hexdigest()


def id_key(id: str) -> str:
    """The key of an alert that names its id."""
    return "id:" + id
