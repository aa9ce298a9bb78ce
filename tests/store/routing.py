"""Users, hooks, connections and rules for the tests of the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

from bridge.domain.rules import Mode, Rule, Size, What, When
from bridge.store import Session, connections, hooks, people
from bridge.store.db import Database

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database that is closed at the end."""
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def alice(db: Session) -> people.User:
    return people.create_user(db, "alice@example.com", "a hash", NOON)


def bob(db: Session) -> people.User:
    return people.create_user(db, "bob@example.com", "a hash", NOON)


def connection(db: Session, user: int, name: str = "demo") -> connections.ConnectionFacts:
    form = connections.ConnectionForm(name, "demo", "PROP", f"{name}@example.com")
    return connections.create(db, user, form, lambda place: f"sealed for {place}", NOON)


def hook(db: Session, user: int, name: str = "main") -> hooks.Hook:
    return hooks.create(db, user, hooks.HookForm(name), NOON)[0]


def rule(name: str = "follow", **values: object) -> Rule:
    fresh: dict[str, object] = {
        "id": 0,
        "public_id": "",
        "name": name,
        "position": 0,
        "mode": Mode.LIVE,
        "when": When(),
        "what": What.FOLLOW,
        "size": Size("lots", Decimal("0.10")),
        "accounts": (),
    }
    return Rule(**{**fresh, **values})  # type: ignore[arg-type]
