"""Alerts, executions and audit entries by the API: newest first, by pages, one's own alone."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from bridge.audit import Event
from bridge.domain.status import Status
from bridge.store.db import Database
from bridge.store.tables.people import UserRow
from tests import factories
from tests.web.api.conftest import NOON, Program

EXECUTION_KEYS = [
    "id",
    "alert",
    "rule",
    "account",
    "kind",
    "status",
    "reason",
    "action",
    "symbol",
    "quantity",
    "tag",
    "broker_order_id",
    "position_id",
    "created_at",
    "sent_at",
    "answered_at",
    "final_at",
]
ALERT_KEYS = [
    "id",
    "hook",
    "received_at",
    "status",
    "dialect",
    "reason",
    "duplicate_of",
    "executions",
]


@dataclass(frozen=True)
class Past:
    """Public ids of what has happened to Alice."""

    hook: str
    alerts: list[str]
    executions: list[str]
    rule: str
    account: str


@pytest.fixture
def past(app: Flask, database: Database, alice: Program) -> Past:
    """Three alerts a minute apart, one execution each, the first of them denied."""
    with database.transaction() as db:
        user = db.get(UserRow, alice.user)
        assert user is not None
        hook = factories.make_hook(db, user)
        account = factories.make_account(db, user)
        rule = factories.make_rule(db, hook, account)
        alerts, executions = [], []
        for n in range(3):
            alert = factories.make_alert(db, hook, received_at=NOON + timedelta(minutes=n))
            made = factories.make_execution(
                db,
                alert,
                rule,
                account,
                status=Status.DENIED if n == 0 else Status.FILLED,
                quantity=Decimal("0.10"),
            )
            factories.make_entry(
                db, Event.EXECUTION_FILLED, execution=made, call=factories.make_call()
            )
            alerts.append(alert.public_id)
            executions.append(made.public_id)
        return Past(hook.public_id, alerts, executions, rule.public_id, account.public_id)


def items(somebody: Program, path: str, **query: Any) -> list[dict[str, Any]]:
    told = somebody.get(path, **query)
    assert told.status_code == 200, told.text
    found: list[dict[str, Any]] = (told.json or {})["items"]
    return found


def test_executions_carry_what_scripts_read(alice: Program, past: Past) -> None:
    (first, *_) = items(alice, "executions")
    assert sorted(first) == sorted(EXECUTION_KEYS)
    assert first["id"] == past.executions[-1]
    assert first["alert"] == past.alerts[-1]
    assert (first["rule"], first["account"]) == (past.rule, past.account)
    assert first["quantity"] == "0.1"
    assert first["created_at"] == "2026-03-04T12:02:00.000Z"


def test_alerts_carry_what_scripts_read(alice: Program, past: Past) -> None:
    (first, *_) = items(alice, "alerts")
    assert sorted(first) == sorted(ALERT_KEYS)
    assert first["hook"] == past.hook
    assert first["executions"] == [past.executions[-1]]
    assert first["duplicate_of"] is None


@pytest.mark.parametrize("path", ["alerts", "executions", "audit"])
def test_pages_follow_each_other_without_gap_or_repetition(
    alice: Program, past: Past, path: str
) -> None:
    whole = [row["id"] for row in items(alice, path)]
    assert len(whole) == 3
    seen: list[str] = []
    after: str | None = None
    while True:
        query = {"limit": 2, **({"after": after} if after else {})}
        told = alice.get(path, **query).json or {}
        seen += [row["id"] for row in told["items"]]
        after = told["next"]
        if after is None:
            break
    assert seen == whole


def test_lists_are_filtered(alice: Program, past: Past) -> None:
    assert [r["id"] for r in items(alice, "executions", status="denied")] == [past.executions[0]]
    assert [r["id"] for r in items(alice, "executions", alert=past.alerts[1])] == [
        past.executions[1]
    ]
    assert len(items(alice, "executions", rule=past.rule, account=past.account)) == 3
    assert len(items(alice, "executions", symbol="EURUSD")) == 3
    assert items(alice, "executions", symbol="GBPUSD") == []
    assert len(items(alice, "alerts", hook=past.hook, status="accepted")) == 3
    since = {"since": "2026-03-04T12:01:00Z", "until": "2026-03-04T13:02:00+01:00"}
    assert [r["id"] for r in items(alice, "alerts", **since)] == [past.alerts[1]]
    assert len(items(alice, "audit", event="execution.filled", alert=past.alerts[0])) == 1
    assert len(items(alice, "audit", execution=past.executions[0])) == 1


def test_one_of_each_is_shown_whole(alice: Program, past: Past) -> None:
    alert = alice.get(f"alerts/{past.alerts[0]}").json or {}
    assert alert["signals"][0]["symbol"] == "EURUSD"
    assert "EURUSD" in alert["body"]
    execution = alice.get(f"executions/{past.executions[0]}").json or {}
    assert execution["intent"]["is"] == "Place"
    (entry,) = items(alice, "audit", execution=past.executions[0])
    assert entry["call"]["route"] == "POST /trade/accounts/{a}/orders"
    assert alice.get(f"audit/{entry['id']}").json == entry


def test_no_serial_number_leaves_the_house(alice: Program, past: Past) -> None:
    for path in ("alerts", "executions", "audit"):
        for row in items(alice, path):
            for key in ("id", "hook", "alert", "rule", "account", "execution", "duplicate_of"):
                assert row.get(key) is None or len(row[key]) == 32


def test_bob_sees_nothing_of_alices(bob: Program, past: Past) -> None:
    for path in ("alerts", "executions", "audit"):
        assert items(bob, path) == []
    for path in (f"alerts/{past.alerts[0]}", f"executions/{past.executions[0]}"):
        assert bob.get(path).status_code == 404
    assert items(bob, "alerts", hook=past.hook) == []
    assert bob.get("alerts", after=past.alerts[0]).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 10**9},
        {"limit": 0},
        {"limit": "1_0"},
        {"offset": -1},
        {"after": "1"},
        {"status": "nonsense"},
        {"since": "yesterday"},
        {"since": "2026-03-04T12:00:00"},
        {"since": "2026-03-05T00:00:00Z", "until": "2026-03-04T00:00:00Z"},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    alice: Program, past: Past, query: dict[str, Any]
) -> None:
    told = alice.get("executions", **query)
    assert told.status_code == 422
    assert told.json is not None
    assert told.json["code"] != "invalid"
