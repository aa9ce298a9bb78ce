"""How a hook's alerts must be signed, as people write it."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from bridge.domain.values import Secret
from bridge.schemas.faults import Strict, Told
from bridge.schemas.fields import Choice, Password

STANDARD_WEBHOOKS = "standard_webhooks"
SCHEMES = (STANDARD_WEBHOOKS, "github", "slack", "stripe")

_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


@dataclass(frozen=True)
class SignatureEntry:
    """A scheme and its secret; None: the secret that the hook has already."""

    scheme: str
    secret: Secret | None


class SignatureSchema(Strict):
    """How a hook's alerts must be signed. The secret is never given back."""

    scheme = Choice(SCHEMES, required=True)
    secret = Password(least=8, most=200)

    @validates_schema
    def secret_fits(self, data: dict[str, Any], **_: Any) -> None:
        if "secret" not in data:
            return
        secret: Secret = data["secret"]
        if not _is_plain(secret):
            raise _bad("This must be printable text without space at its ends.")
        if data["scheme"] == STANDARD_WEBHOOKS and standard_webhooks_key(secret) is None:
            raise _bad(f"This must be {_LEAST_BYTES} to {_MOST_BYTES} bytes in base64.")

    @post_load
    def value(self, data: dict[str, Any], **_: Any) -> SignatureEntry:
        return SignatureEntry(data["scheme"], data.get("secret"))


def standard_webhooks_key(secret: Secret) -> bytes | None:
    """The bytes of a `whsec_…` secret, with or without prefix and padding; None if it is none."""
    text = secret.value.removeprefix(_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _LEAST_BYTES <= len(key) <= _MOST_BYTES else None


def _is_plain(secret: Secret) -> bool:
    return secret.value.isprintable() and secret.value == secret.value.strip()


def _bad(sentence: str) -> ValidationError:
    return ValidationError({"secret": [Told("bad_secret", sentence)]})
