"""An entry says when, who, what and why; what is not on the list of fields is struck out."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.audit import SYSTEM, Event, record
from bridge.audit.redact import ALLOWED, allowed
from bridge.domain.reasons import why
from bridge.domain.status import Status
from bridge.domain.values import Secret
from bridge.store.db import Database
from bridge.store.tables.audit import AuditRow
from tests.domain.made import D
from tests.factories import NOON, make_call, make_user


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.dispose()


def recorded(database: Database, **values: Any) -> AuditRow:
    with database.transaction() as db:
        record(db, Event.EXECUTION_FILLED, **{"now": NOON, "user": None, **values})
    with database.reading() as db:
        return db.execute(sa.select(AuditRow)).scalar_one()


def test_an_entry_says_when_what_and_that_bridge_did_it(database: Database) -> None:
    row = recorded(database)
    assert (row.at, row.event, row.actor) == (NOON, "execution.filled", SYSTEM)
    assert (row.user, row.reason, row.data, row.call) == (None, None, None, None)


def test_an_entry_names_its_user_its_actor_and_its_subject(database: Database) -> None:
    with database.transaction() as db:
        user = make_user(db).id
    row = recorded(database, user=user, actor="alice", subject="prop-1")
    assert (row.user, row.actor, row.subject) == (user, "alice", "prop-1")


@pytest.mark.parametrize("reason", ["Because.", why("rate_limited")])
def test_a_reason_is_kept_as_its_sentence(database: Database, reason: Any) -> None:
    assert recorded(database, reason=reason).reason == str(reason)


def test_fields_are_kept_exactly_and_unknown_ones_struck_out(database: Database) -> None:
    data = {"lots": D("0.10"), "seen": None, "status": Status.FILLED, "password": "hunter2"}
    row = recorded(database, data=data)
    assert json.loads(row.data or "") == {
        "lots": "0.1",
        "seen": None,
        "status": "***",
        "password": "***",
    }


def test_a_secret_value_is_never_kept(database: Database) -> None:
    assert "hunter2" not in str(recorded(database, data={"name": Secret("hunter2")}).data)


def test_a_broker_call_is_kept_with_its_answer(database: Database) -> None:
    call = json.loads(recorded(database, call=make_call()).call or "")
    assert call["status"] == 200
    assert json.loads(call["answer"])["d"]["orderId"]
    assert call["sent_at"].startswith("2026-03-02T12:00:00")


@pytest.mark.parametrize("name", ["password", "secret", "token", "email", "key", "authorization"])
def test_no_secret_field_is_on_the_list(name: str) -> None:
    assert not any(name in field for field in ALLOWED)
    assert allowed({name: "x"}) == {name: "***"}


def test_events_are_a_subject_and_a_past_participle() -> None:
    for event in Event:
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", event)
    assert len({e.value for e in Event}) == len(Event)


def test_every_status_an_execution_moves_to_has_its_event() -> None:
    events = {e.value for e in Event}
    for status in Status:
        assert f"execution.{status}" in events
