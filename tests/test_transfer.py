"""The import file: all of it or nothing, updated by name, secrets taken and never given."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import signing, transfer
from bridge.config import Settings
from bridge.domain.values import Secret
from bridge.errors import Invalid, NotFound, Refused
from bridge.schemas import load_json
from bridge.sealing import Keys, open_data_key, open_sealed
from bridge.store import connections, hooks, people, rules
from bridge.store.db import Database
from bridge.store.tables.audit import AuditRow
from tests.settings import some_settings

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
KEYS = Keys.parse(Secret("k1:" + "k" * 32))
SETTINGS = some_settings(url="https://bridge.example")

FILE: dict[str, Any] = {
    "user": {"email": "alice@example.com", "password": "correct horse battery"},
    "connections": [
        {
            "name": "prop",
            "environment": "demo",
            "email": "alice@broker.example",
            "password": "broker password",
            "server": "PROP",
        }
    ],
    "hooks": [{"name": "main"}, {"name": "second", "dialect": "bridge", "time": "fired"}],
    "rules": [
        {
            "name": "follow",
            "hook": "main",
            "mode": "live",
            "when": {"symbols": ["*"], "actions": ["*"]},
            "what": "follow",
            "accounts": [{"connection": "prop", "account": {"acc_num": 1}, "multiplier": "0.5"}],
            "size": {"mode": "lots", "value": "0.10"},
        },
        {
            "name": "shadow",
            "hook": "main",
            "mode": "shadow",
            "what": "long_only",
            "accounts": [
                {"connection": "prop", "account": {"id": "77"}},
                {"connection": "prop", "account": "5"},
            ],
            "size": {"mode": "as_alert", "fallback": {"mode": "lots", "value": 0.01}},
            "stop_loss": {"pips": 20},
            "take_profit": {"r": "1.5"},
            "order": {"type": "limit", "offset": {"points": -3}},
            "unless": {"max_age": 30, "spread": "0.0003", "open_positions": 2, "require": "flat"},
            "symbols": {"BINANCE:BTCUSDT": "BTCUSD"},
            "opposite": "reverse",
            "positions": "own",
        },
    ],
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of the test's own."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


def take(
    database: Database,
    data: Any = FILE,
    settings: Settings = SETTINGS,
    now: datetime = NOON,
    **options: bool,
) -> dict[str, Any]:
    chosen = {"rotate_hooks": False, "new_token": False, **options}
    return transfer.import_file(
        database, KEYS, settings, load_json(json.dumps(data).encode()), now=now, **chosen
    )


def changed(**values: Any) -> dict[str, Any]:
    return {**copy.deepcopy(FILE), **values}


def test_a_file_makes_user_connections_hooks_and_rules(database: Database) -> None:
    told = take(database)
    assert told["user"]["email"] == "alice@example.com"
    assert list(told["connections"]) == ["prop"]
    assert list(told["rules"]) == ["follow", "shadow"]
    assert told["hooks"]["main"].startswith("https://bridge.example/hook/")
    with database.reading() as db:
        found = people.by_token_hash(db, people.hash_of(told["api_token"]))
        assert found is not None
        user = found[0]
        token = told["hooks"]["main"].rpartition("/")[2]
        hook = hooks.by_token(db, hooks.hash_of(token), NOON)
        assert hook is not None
        first, second = rules.of_hook(db, hook.id)
        assert (first.name, first.position, second.position) == ("follow", 0, 1)
        assert [a.multiplier for a in first.accounts] == [Decimal("0.5")]
        assert [a.label for a in second.accounts] == ["77", "5"]
        assert second.unless.max_age == timedelta(seconds=30)
        assert hooks.mine(db, user.id, hook.public_id).user == user.id
    assert any("no unit" in w for w in told["warnings"])


def test_the_password_is_sealed_in_its_own_row(database: Database) -> None:
    told = take(database)
    with database.reading() as db:
        (kept,) = connections.list_of(db, None)
        key = open_data_key(KEYS, people.wrapped_data_key(db, kept.user), kept.user)
    assert "broker password" not in kept.password_sealed
    assert told["connections"]["prop"] == kept.public_id
    assert (
        open_sealed(
            key,
            kept.password_sealed,
            user=kept.user,
            object=kept.object,
            field=connections.PASSWORD_FIELD,
        )
        == "broker password"
    )


def test_a_second_run_changes_nothing_and_tells_no_secret(database: Database) -> None:
    first, second = take(database), take(database, now=NOON + timedelta(days=1))
    assert second["hooks"] == {"main": None, "second": None}
    assert second["api_token"] is None
    for key in ("user", "connections", "rules", "warnings"):
        assert second[key] == first[key]


def test_new_urls_and_a_new_token_are_made_when_asked_for(database: Database) -> None:
    first, second = take(database), take(database, rotate_hooks=True, new_token=True)
    assert second["api_token"] not in (None, first["api_token"])
    assert second["hooks"]["main"] not in (None, first["hooks"]["main"])
    old = hooks.hash_of(first["hooks"]["main"].rpartition("/")[2])
    with database.reading() as db:
        found = hooks.by_token(db, old, NOON + timedelta(hours=1))
        assert found is not None
        assert found.overlapped
        assert hooks.by_token(db, old, NOON + timedelta(hours=25)) is None


def test_it_updates_by_name_and_leaves_alone_what_the_file_lacks(database: Database) -> None:
    first = take(database)
    rule = {**FILE["rules"][0], "size": {"mode": "units", "value": 1000}, "mode": "off"}
    file = {"user": {"email": "ALICE@example.com"}, "rules": [rule]}
    second = take(database, file)
    assert second["rules"] == {"follow": first["rules"]["follow"]}
    assert second["hooks"] == {}
    with database.reading() as db:
        user = people.by_email(db, "alice@example.com")
        assert user is not None
        assert [r.rule.name for r in rules.list_of(db, user.id)] == ["follow", "shadow"]
        assert rules.list_of(db, user.id)[0].rule.size.mode == "units"
        assert len(connections.list_of(db, user.id)) == 1


def test_a_hooks_unstated_keys_keep_what_they_were(database: Database) -> None:
    take(database, changed(hooks=[{"name": "main", "window": 90, "secret": "open sesame"}]))
    take(database, changed(hooks=[{"name": "main", "dialect": "bridge"}]))
    with database.reading() as db:
        user = people.by_email(db, "alice@example.com")
        assert user is not None
        kept = hooks.by_name(db, user.id, "main")
    assert kept is not None
    assert (kept.window, kept.dialect) == (90, "bridge")
    assert kept.secret_hash == hooks.hash_of("open sesame")


SIGNED = {"scheme": "github", "secret": "a signing secret"}


def kept_hook(database: Database) -> hooks.Hook:
    with database.reading() as db:
        user = people.by_email(db, "alice@example.com")
        assert user is not None
        hook = hooks.by_name(db, user.id, "main")
    assert hook is not None
    return hook


def entries(database: Database, event: str) -> list[str | None]:
    with database.reading() as db:
        found = sa.select(AuditRow.data).where(AuditRow.event == event).order_by(AuditRow.id)
        return list(db.scalars(found))


def test_a_signing_secret_goes_in_sealed_and_never_comes_out(database: Database) -> None:
    told = take(database, changed(hooks=[{"name": "main", "signature": SIGNED}]))
    hook = kept_hook(database)
    assert hook.signature is not None
    assert hook.signature.scheme == "github"
    with database.reading() as db:
        assert signing.live_secrets(db, KEYS, hook, NOON) == (Secret("a signing secret"),)
        said = [f"{row.subject} {row.data}" for row in db.scalars(sa.select(AuditRow))]
    out = transfer.export(database, "alice@example.com", NOON)
    assert out["hooks"][0]["signature"] == {"scheme": "github"}
    assert "signing secret" not in f"{hook} {told} {out} {said}"


def test_what_was_exported_keeps_the_signing_secret_that_is_there(database: Database) -> None:
    take(database, changed(hooks=[{"name": "main", "signature": SIGNED}]))
    before = kept_hook(database)
    take(database, transfer.export(database, "alice@example.com", NOON))
    take(database, changed(hooks=[{"name": "main"}]))
    take(database, changed(hooks=[{"name": "main", "signature": SIGNED}]))
    assert kept_hook(database) == before
    assert entries(database, "hook.changed") == []


def test_changing_a_signature_leaves_an_audit_entry(database: Database) -> None:
    take(database)
    for signature in (SIGNED, {**SIGNED, "secret": "another secret"}, None):
        take(database, changed(hooks=[{"name": "main", "signature": signature}]))
    assert kept_hook(database).signature is None
    assert entries(database, "hook.changed") == ['{"changed": ["signature"]}'] * 3


@pytest.mark.parametrize("before", [None, {**SIGNED, "scheme": "slack"}])
def test_a_new_signature_needs_its_secret(database: Database, before: Any) -> None:
    take(database, changed(hooks=[{"name": "main", "signature": before}]))
    for name in ("main", "new"):
        file = changed(hooks=[{"name": name, "signature": {"scheme": "github"}}])
        with pytest.raises(Invalid) as raised:
            take(database, file)
        found = [(f.code, f.field) for f in raised.value.faults]
        assert ("missing", "hooks[0].signature.secret") in found


def test_what_was_exported_can_be_imported_and_holds_no_secret(database: Database) -> None:
    take(database)
    out = transfer.export(database, "alice@example.com", NOON)
    text = json.dumps(out)
    assert "password" not in text
    assert "sealed" not in text
    take(database, out)
    assert transfer.export(database, "alice@example.com", NOON) == out
    with pytest.raises(NotFound):
        transfer.export(database, "bob@example.com", NOON)


def test_every_fault_is_named_at_once_and_nothing_is_stored(database: Database) -> None:
    live = {**FILE["connections"][0], "environment": "live"}
    bare = {"name": "bare", "environment": "demo", "email": "x@y.example", "server": "S"}
    lost = {
        **FILE["rules"][0],
        "hook": "nowhere",
        "accounts": [{"connection": "nobody", "account": "1"}],
    }
    file = changed(
        connections=[live, bare], hooks=[{"name": "main", "dialect": "klingon"}], rules=[lost]
    )
    with pytest.raises(Invalid) as raised:
        take(database, file)
    assert {(f.code, f.field) for f in raised.value.faults} == {
        ("live_not_allowed", "connections[0].environment"),
        ("missing", "connections[1].password"),
        ("not_a_choice", "hooks[0].dialect"),
        ("unknown_hook", "rules[0].hook"),
        ("unknown_connection", "rules[0].accounts[0].connection"),
    }
    with database.reading() as db:
        assert people.by_email(db, "alice@example.com") is None


def test_live_is_taken_where_the_server_allows_it(database: Database) -> None:
    live = [{**FILE["connections"][0], "environment": "live"}]
    take(database, changed(connections=live), replace(SETTINGS, allow_live=True))


@pytest.mark.parametrize("user", [{"email": "new@example.com"}, {"email": "not an address"}])
def test_a_new_user_needs_an_address_and_a_password(database: Database, user: Any) -> None:
    with pytest.raises((Refused, Invalid)):
        take(database, changed(user=user))


def test_one_login_twice_is_refused_with_its_place(database: Database) -> None:
    twin = {**FILE["connections"][0], "name": "twin"}
    with pytest.raises(Refused) as raised:
        take(database, changed(connections=[FILE["connections"][0], twin]))
    assert raised.value.fault.field == "connections[1].name"


def test_an_import_leaves_its_audit_entries_in_the_same_commit(database: Database) -> None:
    take(database)
    with database.reading() as db:
        rows = list(db.scalars(sa.select(AuditRow).order_by(AuditRow.id)))
    assert [row.event for row in rows] == [
        "user.created",
        "connection.created",
        "hook.created",
        "hook.created",
        "rule.created",
        "rule.created",
        "token.created",
        "import.done",
    ]
    said = " ".join(f"{row.subject} {row.data}" for row in rows)
    assert "broker password" not in said
    assert "***" not in said


def test_halt_in_a_rule_is_warned_of_because_rules_do_not_carry_it_out(database: Database) -> None:
    rule = {**FILE["rules"][0], "when": {"actions": ["*", "halt"]}}
    told = take(database, changed(rules=[rule]))
    assert any("halt" in w for w in told["warnings"])


def test_two_live_rules_that_meet_are_warned_of(database: Database) -> None:
    twin = {**FILE["rules"][0], "name": "twin"}
    told = take(database, changed(rules=[FILE["rules"][0], twin]))
    assert any("both will act" in w for w in told["warnings"])


def test_a_file_of_wrong_form_has_its_wrong_names_told_as_well(database: Database) -> None:
    wrong = changed(hooks=[{"name": "main", "dialect": "telepathy", "window": "x"}])
    wrong["rules"][0] |= {"hook": "TVX", "size": {"mode": "lots", "value": "-1"}}
    wrong["rules"][0]["accounts"][0]["connection"] = "propp"
    wrong["connections"][0]["environment"] = "live"
    with pytest.raises(Invalid) as told:
        take(database, wrong)
    fields = {fault.field for fault in told.value.faults}
    assert {
        "hooks[0].dialect",
        "hooks[0].window",
        "rules[0].hook",
        "rules[0].size.value",
        "rules[0].accounts[0].connection",
        "connections[0].environment",
    } <= fields
