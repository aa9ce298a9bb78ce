"""Access and refresh tokens: JWTs signed with HS256."""

import base64
import hmac
import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["access_token", "refresh_token"]
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says: whose it is, its place in the order of issue, when it ends."""

    kind: str
    uid: str
    serial: int
    expires: int
    """Epoch seconds."""


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


_HEADER = _part(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")).encode())


class Mint:
    """Makes tokens and reads back its own."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._read: OrderedDict[str, Claims] = OrderedDict()

    def issue(
        self, kind: Kind, *, brand: str, user: str, uid: str, serial: int, at: int, seconds: int
    ) -> str:
        """A new token; `jti` makes two of one second differ, `at` is in epoch seconds."""
        claims: dict[str, Any] = {
            "iss": "tradelocker-api",
            "aud": "tradelocker-api-traders",
            "type": kind,
            "sub": f"{brand}#{user}",
            "uid": uid,
            "brand": brand,
            "iat": at,
            "exp": at + seconds,
            "jti": f"{serial}-{secrets.token_hex(8)}",
        }
        body = f"{_HEADER}.{_part(json.dumps(claims, separators=(',', ':')).encode())}"
        return f"{body}.{self._signature(body)}"

    def read(self, token: str) -> Claims | None:
        """The claims of a token with our signature, expired or not; else None."""
        known = self._read.get(token)
        if known is not None:
            return known
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode()):
            return None
        middle = body.partition(".")[2]
        said = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        serial = int(said["jti"].partition("-")[0])
        claims = Claims(said["type"], said["uid"], serial, said["exp"])
        self._read[token] = claims
        if len(self._read) > _KEPT:
            self._read.popitem(last=False)
        return claims

    def _signature(self, body: str) -> str:
        return _part(hmac.digest(self.key, body.encode(), "sha256"))
