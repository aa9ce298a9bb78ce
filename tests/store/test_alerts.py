"""What makes two alerts the same is decided once, at the insert, however many come at once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bridge.domain.status import AlertStatus
from bridge.store import Session, alerts
from bridge.store.alerts import Memory, NewAlert, StoredAlert
from bridge.store.db import Database
from bridge.store.tables.work import AlertRow
from tests.factories import (
    NOON,
    make_hook,
    make_user,
)

WINDOW = timedelta(seconds=60)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def hooks(database: Database) -> list[tuple[int, int]]:
    """Two hooks of one user: (user, hook)."""
    with database.transaction() as db:
        user = make_user(db)
        return [(user.id, make_hook(db, user).id) for _ in range(2)]


def new(user: int, hook: int, digest: str = "body:1") -> NewAlert:
    return NewAlert(
        user=user,
        hook=hook,
        received_at=NOON,
        source_time=None,
        status=AlertStatus.ACCEPTED,
        dialect="bridge",
        test=False,
        code=None,
        field=None,
        reason=None,
        body=b"\x00 not quite text \xff",
        digest=digest,
        content_type=None,
        sender=None,
        signals="[]",
        repairs="[]",
        not_honoured="[]",
        unmatched="[]",
    )


def take(
    db: Session,
    hook: tuple[int, int],
    key: str = "body:1",
    until: datetime | None = NOON + WINDOW,
    now: datetime = NOON,
) -> tuple[StoredAlert, bool]:
    """Store an alert; and whether it was the first under its key."""
    stored = alerts.insert(db, new(*hook))
    return stored, alerts.remember(db, hook[1], Memory(key, until), stored.id, now)


def test_an_alert_comes_back_with_its_body(
    database: Database, hooks: list[tuple[int, int]]
) -> None:
    with database.transaction() as db:
        stored = alerts.insert(db, new(*hooks[0]))
    with database.reading() as db:
        row = db.get_one(AlertRow, stored.id)
        assert (row.public_id, row.body) == (stored.public_id, b"\x00 not quite text \xff")
        assert (row.conflict, row.duplicate_of) == (False, None)


@pytest.mark.parametrize(
    ("key", "until", "seconds", "first"),
    [
        ("body:1", NOON + WINDOW, 0, False),
        ("body:1", NOON + WINDOW, 60, False),
        ("body:1", NOON + WINDOW, 60.000001, True),
        ("body:1", NOON + WINDOW, 3600, True),
        ("id:x", None, 0, False),
        ("id:x", None, 10**8, False),  # three years on
    ],
)
def test_an_alert_is_remembered_for_its_window_or_for_ever(
    database: Database,
    hooks: list[tuple[int, int]],
    key: str,
    until: datetime | None,
    seconds: float,
    first: bool,
) -> None:
    later = NOON + timedelta(seconds=seconds)
    with database.transaction() as db:
        one, was_first = take(db, hooks[0], key, until)
        assert was_first
    with database.transaction() as db:
        known = alerts.first_with(db, hooks[0][1], key, later)
        assert (known is None) is first
        _, again = take(db, hooks[0], key, later + WINDOW if until else None, later)
    assert again is first
    if not first:
        assert known == one


def test_a_repeat_does_not_lengthen_the_window(
    database: Database, hooks: list[tuple[int, int]]
) -> None:
    for seconds, first in ((0, True), (40, False), (59, False), (61, True)):
        now = NOON + timedelta(seconds=seconds)
        with database.transaction() as db:
            assert take(db, hooks[0], until=now + WINDOW, now=now)[1] is first


def test_after_its_window_the_new_one_is_the_first(
    database: Database, hooks: list[tuple[int, int]]
) -> None:
    later = NOON + timedelta(seconds=61)
    with database.transaction() as db:
        take(db, hooks[0])
    with database.transaction() as db:
        second, _ = take(db, hooks[0], until=later + WINDOW, now=later)
        assert alerts.first_with(db, hooks[0][1], "body:1", later) == second


def test_what_is_over_is_not_remembered(database: Database, hooks: list[tuple[int, int]]) -> None:
    with database.transaction() as db:
        take(db, hooks[0], until=None)
        stored = alerts.insert(db, new(*hooks[0]))
        over = Memory("body:1", NOON + WINDOW, over=True)
        assert alerts.remember(db, hooks[0][1], over, stored.id, NOON)
        assert alerts.first_with(db, hooks[0][1], "body:1", NOON) == stored


def test_keys_and_hooks_are_apart(database: Database, hooks: list[tuple[int, int]]) -> None:
    with database.transaction() as db:
        assert take(db, hooks[0], "body:1")[1]
        assert take(db, hooks[0], "body:2")[1]
        assert take(db, hooks[1], "body:1")[1]
        assert alerts.first_with(db, hooks[1][1], "body:2", NOON) is None


def test_what_is_rolled_back_is_not_remembered(
    database: Database, hooks: list[tuple[int, int]]
) -> None:
    def fail() -> None:
        with database.transaction() as db:
            take(db, hooks[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.transaction() as db:
        assert take(db, hooks[0])[1]


@pytest.mark.parametrize("until", [NOON + WINDOW, None])
def test_of_four_at_once_one_is_the_first(
    database: Database, hooks: list[tuple[int, int]], until: datetime | None
) -> None:
    start = threading.Barrier(4)

    def deliver(_: int) -> tuple[bool, StoredAlert | None]:
        start.wait()
        with database.transaction() as db:
            stored, first = take(db, hooks[0], until=until)
            return first, stored if first else alerts.first_with(db, hooks[0][1], "body:1", NOON)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(deliver, range(4)))
    assert [first for first, _ in found].count(True) == 1
    assert len({known for _, known in found}) == 1
    assert None not in {known for _, known in found}


@pytest.mark.parametrize("conflict", [True, False])
def test_a_repeat_is_linked_to_the_first(
    database: Database, hooks: list[tuple[int, int]], conflict: bool
) -> None:
    with database.transaction() as db:
        first = alerts.insert(db, new(*hooks[0]))
        again = alerts.insert(db, replace(new(*hooks[0]), digest="body:2"))
        alerts.mark_duplicate(db, again.id, first.id, conflict=conflict)
    with database.reading() as db:
        row = db.get_one(AlertRow, again.id)
        assert (row.status, row.duplicate_of, row.conflict) == ("duplicate", first.id, conflict)
        assert db.get_one(AlertRow, first.id).status == "accepted"
