"""The secrets that a hook's alerts are signed with: sealed for the hook's row, and opened there.

One secret is the newest; the one before it stays live for 24 hours after the change, like a token.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.values import Secret, epoch_micros, from_micros
from bridge.errors import CannotOpen, NotFound
from bridge.sealing import DataKey, Keys, open_data_key, open_sealed, seal
from bridge.store import Session, hooks, people
from bridge.store.hooks import Hook, Signature


@dataclass(frozen=True)
class _Kept:
    """A secret and until when it is live (None: until it is changed)."""

    secret: Secret
    until: datetime | None


def changed(data_key: DataKey, hook: Hook, scheme: str, secret: Secret, now: datetime) -> Signature:
    """What the hook asks for with this secret as its newest; the same if it is that already.

    The secret before stays live beside it, unless it is of another scheme or does not open.
    """
    kept = _opened(data_key, hook, scheme)
    if kept and kept[0].secret == secret and hook.signature is not None:
        return hook.signature
    before = [_Kept(k.secret, now + hooks.OVERLAP) for k in kept[:1]]
    return Signature(scheme, _sealed(data_key, hook, [_Kept(secret, None), *before]))


def live_secrets(db: Session, keys: Keys, hook: Hook, now: datetime) -> tuple[Secret, ...]:
    """The secrets that count now, newest first. Raises CannotOpen."""
    try:
        wrapped = people.wrapped_data_key(db, hook.user)
    except NotFound as exc:
        raise CannotOpen("the user has no data key") from exc
    kept = _read(open_data_key(keys, wrapped, hook.user), hook)
    return tuple(k.secret for k in kept if k.until is None or k.until > now)


def _opened(data_key: DataKey, hook: Hook, scheme: str) -> list[_Kept]:
    if hook.signature is None or hook.signature.scheme != scheme:
        return []
    try:
        return list(_read(data_key, hook))
    except CannotOpen:
        return []  # a new secret is how an owner mends that


def _read(data_key: DataKey, hook: Hook) -> Iterator[_Kept]:
    if hook.signature is None:
        return
    text = open_sealed(
        data_key,
        hook.signature.secrets_sealed,
        user=hook.user,
        object=hook.object,
        field=hooks.SECRETS_FIELD,
    )
    for each in json.loads(text):
        until = None if each["until"] is None else from_micros(each["until"])
        yield _Kept(Secret(each["secret"]), until)


def _sealed(data_key: DataKey, hook: Hook, kept: list[_Kept]) -> str:
    text = json.dumps(
        [
            {
                "secret": k.secret.value,
                "until": None if k.until is None else epoch_micros(k.until),
            }
            for k in kept
        ]
    )
    return seal(data_key, text, user=hook.user, object=hook.object, field=hooks.SECRETS_FIELD)
