"""Signatures of alerts, by scheme, over the raw bytes and before anything is parsed.

Each function is pure. Headers come with their names in lower case. Every listed signature is
compared with every live secret's, each in constant time; what is missing or unreadable fails.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.domain.values import Secret, epoch_micros
from bridge.intake import Signed, Unsigned
from bridge.schemas.signatures import standard_webhooks_key

TOLERANCE = timedelta(seconds=300)
"""How far a request's time may lie from ours, both ways."""

Headers = Mapping[str, str]

_BRANDS = ("webhook", "svix")
_TIME = re.compile(r"[0-9]{1,12}")
_ID = re.compile(r"[!-\-/-~]{1,100}")  # printable, no space, no "."
_GUID = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True)
class Claim:
    """What a request says of itself: the text that was signed, the signatures, its time and id."""

    text: bytes
    listed: tuple[str, ...]
    time: int | None = None
    id: str | None = None


@dataclass(frozen=True)
class Scheme:
    """How a scheme is read, its secret made a key, and a digest written.

    `read` gives None where a part is missing or unreadable.
    """

    read: Callable[[bytes, Headers], Claim | None]
    key: Callable[[Secret], bytes | None]
    written: Callable[[bytes], str]


def check(
    scheme: str, raw: bytes, headers: Headers, now: datetime, secrets: Sequence[Secret]
) -> Signed | Unsigned:
    """Whether a request carries a signature that one of the secrets made, lately enough."""
    if scheme not in SCHEMES:
        return Unsigned("signature_scheme")
    rules = SCHEMES[scheme]
    claim = rules.read(raw, headers)
    if claim is None:
        return Unsigned("signature_unreadable")
    if not _fits(rules, claim, secrets):
        return Unsigned("signature_wrong")
    if claim.time is not None and not _is_near(claim.time, now):
        return Unsigned("signature_time")
    return Signed(claim.id)


def _fits(rules: Scheme, claim: Claim, secrets: Sequence[Secret]) -> bool:
    keys = [key for secret in secrets if (key := rules.key(secret)) is not None]
    wanted = [rules.written(hmac.digest(key, claim.text, hashlib.sha256)) for key in keys]
    # a list, so that which of them fits does not show in the time it takes
    found = [
        hmac.compare_digest(w.encode(), text.encode("utf-8", "replace"))
        for w in wanted
        for text in claim.listed
    ]
    return any(found)


def _is_near(seconds: int, now: datetime) -> bool:
    apart = abs(epoch_micros(now) - seconds * 1_000_000)
    return apart <= TOLERANCE // timedelta(microseconds=1)


def _standard_webhooks(raw: bytes, headers: Headers) -> Claim | None:
    for brand in _BRANDS:
        names = (f"{brand}-id", f"{brand}-timestamp", f"{brand}-signature")
        if all(name in headers for name in names):
            return _standard_claim(raw, *(headers[name] for name in names))
    return None


def _standard_claim(raw: bytes, id: str, time: str, signatures: str) -> Claim | None:
    listed = _after("v1,", signatures.split(" "))
    if not _ID.fullmatch(id) or not _TIME.fullmatch(time) or not listed:
        return None
    return Claim(f"{id}.{time}.".encode() + raw, listed, int(time), id)


def _github(raw: bytes, headers: Headers) -> Claim | None:
    listed = _after("sha256=", [headers.get("x-hub-signature-256", "")])
    guid = headers.get("x-github-delivery")
    if not listed or (guid is not None and not _GUID.fullmatch(guid)):
        return None
    return Claim(raw, listed, id=guid)


def _slack(raw: bytes, headers: Headers) -> Claim | None:
    listed = _after("v0=", [headers.get("x-slack-signature", "")])
    time = headers.get("x-slack-request-timestamp", "")
    if not listed or not _TIME.fullmatch(time):
        return None
    return Claim(f"v0:{time}:".encode() + raw, listed, int(time))


def _stripe(raw: bytes, headers: Headers) -> Claim | None:
    parts = [part.strip() for part in headers.get("stripe-signature", "").split(",")]
    times, listed = _after("t=", parts), _after("v1=", parts)
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not listed:
        return None
    return Claim(f"{times[0]}.".encode() + raw, listed, int(times[0]))


def _after(mark: str, texts: Sequence[str]) -> tuple[str, ...]:
    """What follows the mark in those texts that begin with it."""
    rests = (text.removeprefix(mark) for text in texts if text.startswith(mark))
    return tuple(rest for rest in rests if rest)


def _as_text(secret: Secret) -> bytes:
    return secret.value.encode("utf-8")


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


SCHEMES: Mapping[str, Scheme] = {
    "standard_webhooks": Scheme(_standard_webhooks, standard_webhooks_key, _base64),
    "github": Scheme(_github, _as_text, bytes.hex),
    "slack": Scheme(_slack, _as_text, bytes.hex),
    "stripe": Scheme(_stripe, _as_text, bytes.hex),
}
