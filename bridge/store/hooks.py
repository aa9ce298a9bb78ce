"""Hooks: found by the hash of a token, rotated with overlap."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bridge.errors import NotFound, Refused
from bridge.store.tables.routing import HookRow, HookTokenRow

OVERLAP = timedelta(hours=24)
"""How long a rotated token, or a changed signing secret, still works."""

TABLE = "hook"
SECRETS_FIELD = "signature_secrets"


@dataclass(frozen=True)
class Signature:
    """The scheme a hook's alerts must be signed by, and its secrets, sealed."""

    scheme: str
    secrets_sealed: str


@dataclass(frozen=True)
class Hook:
    """A user's secret inbound address.

    `window`: for how many seconds a body is remembered. `secret_hash`: SHA-256 of the secret that
    must stand in the body, if one must. `signature`: how its alerts must be signed, if they must.
    `overlapped`: found by a token that was rotated away.
    """

    id: int
    public_id: str
    user: int
    name: str
    dialect: str
    time: str
    window: int
    enabled: bool
    secret_hash: str | None
    allow_from: tuple[str, ...]
    signature: Signature | None
    created_at: datetime
    overlapped: bool = False

    @property
    def object(self) -> str:
        """The place its secrets are sealed for."""
        return f"{TABLE}:{self.public_id}"


@dataclass(frozen=True)
class HookForm:
    """What an owner says of a hook."""

    name: str
    dialect: str = "auto"
    time: str = "bar"
    window: int = 60
    enabled: bool = True
    secret_hash: str | None = None
    allow_from: tuple[str, ...] = ()


def hash_of(token: str) -> str:
    """How a token or body secret is kept and looked up: SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def by_token(db: Session, token_hash: str, now: datetime) -> Hook | None:
    """The hook of a token that is valid now, or None; a disabled hook is returned as such."""
    query = (
        _hooks(HookTokenRow.until)
        .join(HookTokenRow, HookTokenRow.hook == HookRow.id)
        .where(HookTokenRow.token_hash == token_hash)
        .where(or_(HookTokenRow.until.is_(None), HookTokenRow.until > now))
    )
    row = db.execute(query).one_or_none()
    return None if row is None else _hook(row, overlapped=row.until is not None)


def create(db: Session, user: int, form: HookForm, now: datetime) -> tuple[Hook, str]:
    """A new hook and its token, which is told once. Raises Refused when the name is taken."""
    values = {"public_id": secrets.token_hex(16), "user": user, "created_at": now, **_values(form)}
    try:
        key = db.scalars(insert(HookRow).values(**values).returning(HookRow.id)).one()
    except IntegrityError as exc:
        raise _taken(form.name) from exc
    token = _add_token(db, key, now)
    return mine(db, user, str(values["public_id"])), token


def change(db: Session, hook: Hook, form: HookForm) -> Hook:
    """The hook with a new form. Raises Refused when the name is taken."""
    try:
        db.execute(update(HookRow).where(HookRow.id == hook.id).values(**_values(form)))
    except IntegrityError as exc:
        raise _taken(form.name) from exc
    return mine(db, hook.user, hook.public_id)


def set_signature(db: Session, hook: Hook, signature: Signature | None) -> Hook:
    """The hook asking for another signature, or for none."""
    db.execute(
        update(HookRow)
        .where(HookRow.id == hook.id)
        .values(
            signature=signature.scheme if signature else None,
            signature_secrets=signature.secrets_sealed if signature else None,
        )
    )
    return mine(db, hook.user, hook.public_id)


def form_of(hook: Hook) -> HookForm:
    """What its owner has said of a hook."""
    return HookForm(
        hook.name,
        hook.dialect,
        hook.time,
        hook.window,
        hook.enabled,
        hook.secret_hash,
        hook.allow_from,
    )


def rotate(db: Session, hook: Hook, now: datetime) -> str:
    """A new token, told once; those before it work for another 24 hours, never longer."""
    db.execute(
        update(HookTokenRow)
        .where(HookTokenRow.hook == hook.id, HookTokenRow.until.is_(None))
        .values(until=now + OVERLAP)
    )
    return _add_token(db, hook.id, now)


def mine(db: Session, user: int, public_id: str) -> Hook:
    """A user's own hook. Raises NotFound, for another user's too."""
    query = _hooks().where(HookRow.user == user, HookRow.public_id == public_id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("there is no such hook")
    return _hook(row)


def by_name(db: Session, user: int, name: str) -> Hook | None:
    """A user's hook of exactly this name, or None."""
    row = db.execute(_hooks().where(HookRow.user == user, HookRow.name == name)).one_or_none()
    return None if row is None else _hook(row)


def by_key(db: Session, key: int) -> Hook:
    """A hook by its row's own number. Raises NotFound."""
    row = db.execute(_hooks().where(HookRow.id == key)).one_or_none()
    if row is None:
        raise NotFound("there is no such hook")
    return _hook(row)


def list_of(db: Session, user: int) -> list[Hook]:
    """A user's hooks, oldest first."""
    rows = db.execute(_hooks().where(HookRow.user == user).order_by(HookRow.id))
    return [_hook(row) for row in rows]


def _hooks(*more: Any) -> Select[*tuple[Any, ...]]:
    return select(*HookRow.__table__.columns, *more)


def _hook(row: Any, *, overlapped: bool = False) -> Hook:
    return Hook(
        id=row.id,
        public_id=row.public_id,
        user=row.user,
        name=row.name,
        dialect=row.dialect,
        time=row.time,
        window=row.window,
        enabled=row.enabled,
        secret_hash=row.secret_hash,
        allow_from=tuple(json.loads(row.allow_from)) if row.allow_from else (),
        signature=_signature(row),
        created_at=row.created_at,
        overlapped=overlapped,
    )


def _signature(row: Any) -> Signature | None:
    """A row that names a scheme and lacks secrets still asks for a signature: none will fit."""
    if row.signature is None:
        return None
    return Signature(row.signature, row.signature_secrets or "")


def _values(form: HookForm) -> dict[str, Any]:
    return {
        "name": form.name,
        "dialect": form.dialect,
        "time": form.time,
        "window": form.window,
        "enabled": form.enabled,
        "secret_hash": form.secret_hash,
        "allow_from": json.dumps(form.allow_from) if form.allow_from else None,
    }


def _add_token(db: Session, hook: int, now: datetime) -> str:
    token = secrets.token_urlsafe(24)
    db.execute(insert(HookTokenRow).values(token_hash=hash_of(token), hook=hook, created_at=now))
    return token


def _taken(name: str) -> Refused:
    return Refused("name_taken", "name", f"A hook named '{name}' exists already.")
