"""What the platform and the monitor are told."""

from datetime import timedelta

from flask import Flask

from bridge.domain.status import Status
from bridge.store.db import Database
from tests.factories import (
    NOON,
    make_account,
    make_alert,
    make_dispatcher,
    make_execution,
    make_hook,
    make_rule,
)
from tests.people import ThreePeople
from tests.web.conftest import Clock, told


def test_the_process_says_that_it_lives(app: Flask) -> None:
    assert app.test_client().get("/healthz").json == {"status": "ok"}


def test_ready_needs_a_dispatcher_that_beats(app: Flask, database: Database, clock: Clock) -> None:
    client = app.test_client()
    never = client.get("/readyz")
    assert (never.status_code, told(never)["wrong"]) == (503, ["No dispatcher has ever run here."])
    with database.transaction() as db:
        make_dispatcher(db, beat_at=NOON)
    clock.now = NOON + timedelta(seconds=30)
    assert client.get("/readyz").json == {"status": "ready", "wrong": []}
    clock.now = NOON + timedelta(seconds=31)
    silent = client.get("/readyz")
    assert (silent.status_code, told(silent)["wrong"]) == (
        503,
        ["No dispatcher heartbeat for 31 s."],
    )


def test_not_ready_while_an_execution_is_overdue(
    app: Flask, database: Database, people: ThreePeople, clock: Clock
) -> None:
    with database.transaction() as db:
        hook = make_hook(db, people.alice)
        account = make_account(db, people.alice)
        alert = make_alert(db, hook)
        make_execution(db, alert, make_rule(db, hook, account), account, status=Status.QUEUED)
        make_dispatcher(db, beat_at=NOON + timedelta(minutes=6))
    clock.now = NOON + timedelta(minutes=6)
    answer = app.test_client().get("/readyz")
    assert told(answer)["wrong"] == ["An execution is overdue by 360 s."]


def test_not_ready_without_a_database(app: Flask, database: Database) -> None:
    database.engine.dispose()
    database.url.set(database="/nowhere/at/all")
    database.engine = type(database)("sqlite:////nowhere/at/all.db").engine
    database._reader = database.engine.execution_options(bridge_reads=True)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, told(answer)["wrong"]) == (503, ["The database does not answer."])


def test_metrics_count_by_status_and_name_nobody(
    app: Flask, database: Database, people: ThreePeople, clock: Clock
) -> None:
    with database.transaction() as db:
        hook = make_hook(db, people.alice, name="secret hook")
        account = make_account(db, people.alice)
        rule = make_rule(db, hook, account)
        alert = make_alert(db, hook)
        make_execution(db, alert, rule, account)
        make_execution(db, alert, rule, account, status=Status.QUEUED, signal_no=1)
        make_alert(db, hook, status="refused")
        make_dispatcher(db, beat_at=NOON)
    clock.now = NOON + timedelta(seconds=2)
    figures = app.test_client().get("/metrics").text
    for line in (
        'bridge_alerts{status="accepted"} 1.0',
        'bridge_alerts{status="refused"} 1.0',
        'bridge_executions{status="filled"} 1.0',
        'bridge_executions{status="queued"} 1.0',
        "bridge_oldest_queued_seconds 2.0",
        "bridge_dispatcher_heartbeat_age_seconds 2.0",
    ):
        assert line in figures.splitlines()
    assert "secret hook" not in figures
    assert "alice" not in figures
