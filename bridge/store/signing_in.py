"""What signing in needs of the database: Flask-Security's datastore, and password hashes."""

import threading
from functools import cache
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from flask_security import UserDatastore
from sqlalchemy.orm import Session, selectinload

from bridge.errors import Refused
from bridge.store.db import Database
from bridge.store.tables.people import RoleRow, UserRow

LONGEST_PASSWORD = 4096
"""In bytes. Nothing is ever cut off: a longer password is refused as it is."""
SHORTEST_PASSWORD = 12

_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4, type=Type.ID)
# each hash takes 64 MiB while it runs, so only a few run at once
_AT_ONCE = threading.BoundedSemaphore(4)
_LOOKED_UP_BY = frozenset({"id", "fs_uniquifier", "email"})


class People(UserDatastore):
    """Flask-Security's view of the users. It reads only; each read ends with itself."""

    def __init__(self, database: Database) -> None:
        super().__init__(UserRow, RoleRow)
        self._database = database
        _nobodys()  # made before anybody asks, or the first to ask would wait for it

    def find_user(self, case_insensitive: bool = False, **wanted: Any) -> UserRow | None:
        """The user with this unique value, detached, roles included; or None."""
        ((name, value),) = wanted.items()
        if name not in _LOOKED_UP_BY:
            raise ValueError(f"users are not looked up by {name}")
        statement = sa.select(UserRow).where(getattr(UserRow, name) == value)
        with self._database.reading() as db:
            return db.scalars(statement.options(selectinload(UserRow.roles))).one_or_none()

    def find_role(self, role: str) -> RoleRow | None:
        """The role of this name, or None."""
        with self._database.reading() as db:
            return db.scalars(sa.select(RoleRow).where(RoleRow.name == role)).one_or_none()

    def commit(self) -> None:
        """Nothing is ever left to commit: changes go through their own transactions."""


def hash_password(password: str) -> str:
    """The argon2id hash of a new password. Raises Refused when it is too short or too long."""
    raw = check_length(password)
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(
            "password_short", "password", f"A password has at least {SHORTEST_PASSWORD} characters."
        )
    return _hashed(raw)


def check_length(password: str) -> bytes:
    """The bytes of a password. Raises Refused when they are more than we take, or no text."""
    try:
        raw = password.encode()
    except UnicodeEncodeError as exc:
        raise Refused("password_text", "password", "A password is plain text.") from exc
    if len(raw) > LONGEST_PASSWORD:
        raise Refused(
            "password_long", "password", f"A password has at most {LONGEST_PASSWORD} bytes."
        )
    return raw


def is_password(password: str, stored: str | None) -> bool:
    """Whether a password fits a hash. With no hash to compare it takes as long and says no."""
    raw = check_length(password)
    with _AT_ONCE:
        try:
            _HASHER.verify(stored or _nobodys(), raw)
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def rehash(db: Session, user: int, password: str) -> None:
    """Store the hash of a password that was just proved right, with today's parameters."""
    renewed = _hashed(check_length(password))
    db.execute(sa.update(UserRow).where(UserRow.id == user).values(password=renewed))


def _hashed(raw: bytes) -> str:
    with _AT_ONCE:
        return _HASHER.hash(raw)


@cache
def _nobodys() -> str:
    """A hash that no password fits, so that an unknown address takes as long as a known one."""
    return _HASHER.hash(b"\xff nobody signs in with bytes that are not text \xff")
