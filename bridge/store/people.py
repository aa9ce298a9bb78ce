"""Users, their API tokens (hashed) and their wrapped data keys."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bridge.errors import NotFound, Refused
from bridge.store.tables.people import ApiTokenRow, DataKeyRow, UserRow


@dataclass(frozen=True)
class User:
    """Somebody who owns connections, hooks and rules."""

    id: int
    public_id: str
    email: str
    active: bool
    created_at: datetime


@dataclass(frozen=True)
class ApiToken:
    """A bearer token, without its text: that is told once, when it is made."""

    id: int
    public_id: str
    user: int
    name: str
    created_at: datetime
    revoked_at: datetime | None


def normal_email(text: str) -> str:
    """One writing for an address: trimmed, in lower case."""
    return text.strip().lower()


def create_user(db: Session, email: str, password_hash: str, now: datetime) -> User:
    """A new user; the password comes as its hash. Raises Refused when the address is taken."""
    values = {
        "public_id": secrets.token_hex(16),
        "email": normal_email(email),
        "password": password_hash,
        "active": True,
        "fs_uniquifier": secrets.token_hex(32),
        "created_at": now,
    }
    try:
        key = db.scalars(insert(UserRow).values(**values).returning(UserRow.id)).one()
    except IntegrityError as exc:
        raise Refused("email_taken", "email", "A user with this address exists already.") from exc
    return user_by_key(db, key)


def by_email(db: Session, email: str) -> User | None:
    """The user of an address, or None."""
    row = db.execute(_users().where(UserRow.email == normal_email(email))).one_or_none()
    return None if row is None else _user(row)


def user_by_key(db: Session, key: int) -> User:
    """A user by the row's own number. Raises NotFound."""
    row = db.execute(_users().where(UserRow.id == key)).one_or_none()
    if row is None:
        raise NotFound("there is no such user")
    return _user(row)


def list_users(db: Session) -> list[User]:
    """Everybody, oldest first."""
    return [_user(row) for row in db.execute(_users().order_by(UserRow.id))]


def hash_of(token: str) -> str:
    """How an API token is kept and looked up: SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create_token(db: Session, user: int, name: str, now: datetime) -> tuple[ApiToken, str]:
    """A new bearer token, and its text, which is told once."""
    token = secrets.token_urlsafe(32)
    values = {
        "public_id": secrets.token_hex(16),
        "user": user,
        "token_hash": hash_of(token),
        "name": name,
        "created_at": now,
    }
    key = db.scalars(insert(ApiTokenRow).values(**values).returning(ApiTokenRow.id)).one()
    return _token(db.execute(_tokens().where(ApiTokenRow.id == key)).one()), token


def by_token_hash(db: Session, token_hash: str) -> tuple[User, ApiToken] | None:
    """The active user of a token that was not revoked, with the token, or None."""
    row = db.execute(
        _tokens().where(ApiTokenRow.token_hash == token_hash, ApiTokenRow.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    user = user_by_key(db, row.user)
    return (user, _token(row)) if user.active else None


def tokens_of(db: Session, user: int) -> list[ApiToken]:
    """A user's tokens that still work, newest first."""
    query = _tokens().where(ApiTokenRow.user == user, ApiTokenRow.revoked_at.is_(None))
    return [_token(row) for row in db.execute(query.order_by(ApiTokenRow.id.desc()))]


def ever_had_token(db: Session, user: int) -> bool:
    """Whether a token was ever made for a user, revoked ones too."""
    return db.scalar(select(ApiTokenRow.id).where(ApiTokenRow.user == user).limit(1)) is not None


def token_mine(db: Session, user: int, public_id: str) -> ApiToken:
    """A user's own token that still works. Raises NotFound, for another user's too."""
    row = db.execute(
        _tokens().where(
            ApiTokenRow.user == user,
            ApiTokenRow.public_id == public_id,
            ApiTokenRow.revoked_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        raise NotFound("there is no such token")
    return _token(row)


def revoke_token(db: Session, token: ApiToken, now: datetime) -> None:
    """End a token."""
    db.execute(
        update(ApiTokenRow)
        .where(ApiTokenRow.id == token.id, ApiTokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def wrapped_data_key(db: Session, user: int) -> str:
    """A user's wrapped data key. Raises NotFound when the user has none."""
    wrapped = db.scalar(select(DataKeyRow.wrapped).where(DataKeyRow.user == user))
    if wrapped is None:
        raise NotFound("this user has no data key")
    return wrapped


def wrapped_data_keys(db: Session) -> Sequence[tuple[int, str]]:
    """Every user's wrapped data key, each with its user."""
    return [
        (row.user, row.wrapped) for row in db.execute(select(DataKeyRow.user, DataKeyRow.wrapped))
    ]


def ensure_data_key(db: Session, user: int, make: Callable[[], str], now: datetime) -> str:
    """A user's wrapped data key, made if this is the first secret."""
    # the user's row is the lock: two first secrets at once must not make two keys
    db.execute(select(UserRow.id).where(UserRow.id == user).with_for_update()).one()
    wrapped = db.scalar(select(DataKeyRow.wrapped).where(DataKeyRow.user == user))
    if wrapped is None:
        wrapped = make()
        db.execute(insert(DataKeyRow).values(user=user, wrapped=wrapped, created_at=now))
    return wrapped


def sealed_rows_exist(db: Session) -> bool:
    """Whether anything here needs the encryption keys; a database without tables holds nothing."""
    if not sa.inspect(db.connection()).has_table(DataKeyRow.__tablename__):
        return False
    return db.scalar(select(DataKeyRow.user).limit(1)) is not None


def _users() -> sa.Select[*tuple[Any, ...]]:
    return select(UserRow.id, UserRow.public_id, UserRow.email, UserRow.active, UserRow.created_at)


def _user(row: Any) -> User:
    return User(row.id, row.public_id, row.email, row.active, row.created_at)


def _tokens() -> sa.Select[*tuple[Any, ...]]:
    return select(
        ApiTokenRow.id,
        ApiTokenRow.public_id,
        ApiTokenRow.user,
        ApiTokenRow.name,
        ApiTokenRow.created_at,
        ApiTokenRow.revoked_at,
    )


def _token(row: Any) -> ApiToken:
    return ApiToken(row.id, row.public_id, row.user, row.name, row.created_at, row.revoked_at)
