"""Connections, hooks, rules and tokens by the API: each for its owner alone, secrets told once."""

from typing import Any

import pytest
import sqlalchemy as sa
from limits import parse

from bridge.store import hooks, people
from bridge.store.db import Database
from bridge.store.tables.audit import AuditRow
from bridge.web.api import RATE
from bridge.web.throttle import throttle
from tests.web.api.conftest import NOON, Program

CONNECTION = {
    "name": "prop",
    "environment": "demo",
    "email": "alice@broker.example",
    "password": "broker password",
    "server": "PROP",
}


def connection(somebody: Program, **values: Any) -> dict[str, Any]:
    told = somebody.post("connections", {**CONNECTION, **values})
    assert told.status_code == 201, told.text
    return dict(told.json or {})


def hook(somebody: Program, **values: Any) -> dict[str, Any]:
    told = somebody.post("hooks", {"name": "main", **values})
    assert told.status_code == 201, told.text
    return dict(told.json or {})


def rule(hook_id: str, connection_id: str, **values: Any) -> dict[str, Any]:
    return {
        "name": "follow",
        "hook": hook_id,
        "mode": "live",
        "what": "follow",
        "accounts": [{"connection": connection_id, "account": {"acc_num": 1}}],
        "size": {"mode": "lots", "value": "0.10"},
        **values,
    }


def test_a_connection_never_tells_its_password(alice: Program) -> None:
    made = connection(alice)
    assert made["state"] == "new"
    for text in (str(made), alice.get("connections").text, alice.get("accounts").text):
        assert "password" not in text
        assert "sealed" not in text
    changed = alice.ask(
        "PATCH", f"connections/{made['id']}", json={"name": "other", "password": "new"}
    )
    assert changed.status_code == 200
    assert changed.json is not None
    assert (changed.json["name"], changed.json["server"]) == ("other", "PROP")


def test_another_login_needs_its_own_password(alice: Program) -> None:
    path = f"connections/{connection(alice)['id']}"
    told = alice.ask("PATCH", path, json={"server": "ELSEWHERE"})
    assert told.status_code == 422
    assert told.json is not None
    assert (told.json["code"], told.json["field"]) == ("missing", "password")
    told = alice.ask("PATCH", path, json={"server": "ELSEWHERE", "password": "its own"})
    assert told.status_code == 200


def test_a_live_connection_is_refused_with_a_sentence(alice: Program) -> None:
    told = alice.post("connections", {**CONNECTION, "environment": "live"})
    assert told.status_code == 422
    assert told.json is not None
    assert (told.json["code"], told.json["field"]) == ("live_not_allowed", "environment")
    made = connection(alice)
    told = alice.ask("PATCH", f"connections/{made['id']}", json={"environment": "live"})
    assert told.status_code == 422


def test_a_hooks_address_is_told_when_it_is_made_and_when_it_is_rotated(
    alice: Program, database: Database
) -> None:
    made = hook(alice, window=90, secret="open sesame", allow_from=["52.89.214.238"])
    assert made["url"].startswith("http://127.0.0.1:8000/hook/")
    assert made["asks_secret"]
    assert "sesame" not in str(made)
    shown = alice.get(f"hooks/{made['id']}").json
    assert shown == {**made, "url": None}
    rotated = alice.post(f"hooks/{made['id']}/rotate").json
    assert rotated is not None
    assert rotated["url"] not in (None, made["url"])
    with database.reading() as db:
        for url in (made["url"], rotated["url"]):
            assert hooks.by_token(db, hooks.hash_of(url.rpartition("/")[2]), NOON) is not None


def test_a_hook_is_changed_key_by_key(alice: Program) -> None:
    made = hook(alice, window=90, secret="open sesame")
    path = f"hooks/{made['id']}"
    changed = alice.ask("PATCH", path, json={"enabled": False, "secret": None}).json
    assert changed == {**made, "url": None, "enabled": False, "asks_secret": False}
    wrong = alice.ask("PATCH", path, json={"dialect": "klingon"})
    assert wrong.status_code == 422


def test_a_hooks_signing_secret_goes_in_and_never_comes_out(alice: Program) -> None:
    signature = {"scheme": "slack", "secret": "a signing secret"}
    made = hook(alice, signature=signature)
    path = f"hooks/{made['id']}"
    assert made["signature"] == {"scheme": "slack"}
    again = alice.ask("PATCH", path, json={"signature": {**signature, "secret": "another one"}})
    assert again.status_code == 200
    kept = alice.ask("PATCH", path, json={"signature": {"scheme": "slack"}, "window": 600})
    assert (kept.json or {})["signature"] == {"scheme": "slack"}
    for told in (str(made), again.text, kept.text, alice.get("hooks").text):
        assert "signing secret" not in told
        assert "another one" not in told
    gone = alice.ask("PATCH", path, json={"signature": None}).json
    assert gone == {**made, "url": None, "window": 600, "signature": None}


@pytest.mark.parametrize(
    ("signature", "code", "field"),
    [
        ({"scheme": "github"}, "missing", "signature.secret"),
        ({"scheme": "md5", "secret": "long enough"}, "not_a_choice", "signature.scheme"),
        ({"scheme": "standard_webhooks", "secret": "no base64"}, "bad_secret", "signature.secret"),
    ],
)
def test_a_wrong_signature_is_refused_by_name(
    alice: Program, signature: dict[str, str], code: str, field: str
) -> None:
    made = hook(alice)
    for told in (
        alice.post("hooks", {"name": "other", "signature": signature}),
        alice.ask("PATCH", f"hooks/{made['id']}", json={"signature": signature}),
    ):
        assert told.status_code == 422
        assert ((told.json or {})["code"], (told.json or {})["field"]) == (code, field)
    assert len((alice.get("hooks").json or {})["items"]) == 1


def test_a_rule_comes_back_as_it_was_written_with_its_warnings(alice: Program) -> None:
    where, what = hook(alice), connection(alice)
    written = rule(
        where["id"],
        what["id"],
        size={"mode": "as_alert"},
        stop_loss={"pips": 20},
        unless={"max_age": "30", "require": "flat"},
    )
    told = alice.post("rules", written)
    assert told.status_code == 201, told.text
    made = told.json
    assert made is not None
    assert made["hook"] == where["id"]
    assert made["accounts"][0]["connection"] == what["id"]
    assert made["accounts"][0]["account"] == {"acc_num": "1"}
    assert made["accounts"][0]["multiplier"] == "1"
    assert made["stop_loss"] == {"pips": "20"}
    assert made["unless"] == {"max_age": "30", "require": "flat"}
    assert len(made["warnings"]) == 2
    assert alice.get(f"rules/{made['id']}").json == made
    assert (alice.get("rules").json or {})["items"] == [made]
    listed = (alice.get("accounts").json or {})["items"]
    assert [a["id"] for a in listed] == [made["accounts"][0]["id"]]
    assert (alice.get(f"accounts/{listed[0]['id']}").json or {}) == listed[0]


def test_a_rule_may_name_hook_and_connection_as_the_import_file_does(alice: Program) -> None:
    hook(alice)
    connection(alice)
    assert alice.post("rules", rule("main", "prop")).status_code == 201


def test_a_rule_is_replaced_whole_and_removed(alice: Program) -> None:
    where, what = hook(alice), connection(alice)
    written = rule(where["id"], what["id"], symbols={"BTCUSDT": "BTCUSD"})
    made = alice.post("rules", written).json
    assert made is not None
    path = f"rules/{made['id']}"
    again = rule(where["id"], what["id"], mode="off")
    replaced = alice.ask("PUT", path, json=again).json
    assert replaced is not None
    assert (replaced["id"], replaced["mode"], replaced["symbols"]) == (made["id"], "off", {})
    assert alice.ask("DELETE", path).status_code == 204
    assert alice.get(path).status_code == 404
    assert alice.post("rules", again).status_code == 201


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"size": {"mode": "cash", "value": 100}}, "not_carried_out", "size.mode"),
        ({"size": {"mode": "lots", "value": 0}}, "too_small", "size.value"),
        ({"size": {"mode": "as_alert", "unit": "cash"}}, "not_carried_out", "size.unit"),
        ({"unless": {"cooldown": 5}}, "not_carried_out", "unless.cooldown"),
        ({"when": {"expression": "price > 1"}}, "not_carried_out", "when.expression"),
        ({"stop_loss": {"pips": 1, "r": 1}}, "level_unreadable", "stop_loss"),
        ({"max_qty": 5}, "unknown_key", "max_qty"),
        ({"user": 1}, "unknown_key", "user"),
        ({"hook": "0" * 32}, "unknown_hook", "hook"),
        ({"accounts": []}, "list_length", "accounts"),
    ],
)
def test_a_rule_that_cannot_be_taken_is_refused_by_name(
    alice: Program, change: dict[str, Any], code: str, field: str
) -> None:
    where, what = hook(alice), connection(alice)
    told = alice.post("rules", rule(where["id"], what["id"], **change))
    assert told.status_code == 422
    assert told.json is not None
    assert (told.json["code"], told.json["field"]) == (code, field)


def test_all_faults_are_named_at_once(alice: Program) -> None:
    told = alice.post("hooks", {"window": "x", "time": "noon", "id": 3})
    assert told.status_code == 422
    assert told.json is not None
    assert told.json["code"] == "invalid"
    assert {(f["code"], f["field"]) for f in told.json["errors"]} == {
        ("missing", "name"),
        ("number_unreadable", "window"),
        ("not_a_choice", "time"),
        ("unknown_key", "id"),
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"name": "a", "name": "b"}', "duplicate_key"),
        (b'{"name": NaN}', "number_not_finite"),
        (b'{"window": 1e5}', "number_unreadable"),
        (b'{"name": ', "json_broken"),
        (b"\xff", "not_utf8"),
        (b'{"name": "\\u0000"}', "control_character"),
        (b"[" * 100_000, "too_deep"),
        (b"", "json_broken"),
    ],
)
def test_only_clean_json_is_read(alice: Program, body: bytes, code: str) -> None:
    told = alice.ask("POST", "hooks", data=body, content_type="application/json")
    assert told.status_code == 422
    assert told.json is not None
    assert told.json["code"] == code


def test_a_body_that_is_too_large_is_refused(alice: Program) -> None:
    told = alice.ask("POST", "hooks", data=b" " * 300_000)
    assert told.status_code == 413
    assert told.json is not None
    assert told.json["code"] == "too_large"


def test_a_token_is_told_once_and_ends_at_once(alice: Program) -> None:
    made = alice.post("tokens", {"name": "second"}).json
    assert made is not None
    second = Program(alice.client, made["token"], alice.user)
    assert second.get("tokens").status_code == 200
    listed = (alice.get("tokens").json or {})["items"]
    assert [t["name"] for t in listed] == ["second", "script"]
    assert {t["token"] for t in listed} == {None}
    assert alice.ask("DELETE", f"tokens/{made['id']}").status_code == 204
    assert second.get("tokens").status_code == 401
    assert alice.ask("DELETE", f"tokens/{made['id']}").status_code == 404


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp5", "x"])
def test_without_a_valid_token_there_is_401_in_json(alice: Program, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for path in ("alerts", "hooks", "rules", "tokens", "audit", "executions", "connections"):
        told = alice.client.get(f"/api/v1/{path}", headers=headers)
        assert told.status_code == 401
        assert told.json is not None
        assert told.json["code"] == "unauthorized"
        assert "Bearer" in told.headers["WWW-Authenticate"]


def test_bob_gets_404_for_everything_of_alices(alice: Program, bob: Program) -> None:
    where, what = hook(alice), connection(alice)
    made = alice.post("rules", rule(where["id"], what["id"])).json
    assert made is not None
    account = made["accounts"][0]["id"]
    token = (alice.get("tokens").json or {})["items"][0]["id"]
    for method, path in (
        ("GET", f"hooks/{where['id']}"),
        ("PATCH", f"hooks/{where['id']}"),
        ("POST", f"hooks/{where['id']}/rotate"),
        ("GET", f"connections/{what['id']}"),
        ("PATCH", f"connections/{what['id']}"),
        ("GET", f"rules/{made['id']}"),
        ("DELETE", f"rules/{made['id']}"),
        ("GET", f"accounts/{account}"),
        ("DELETE", f"tokens/{token}"),
    ):
        told = bob.ask(method, path, json={})
        assert told.status_code == 404, (method, path)
        assert told.json == {
            "code": "not_found",
            "field": None,
            "message": "It does not exist, or it is not yours.",
        }
    told = bob.ask("PUT", f"rules/{made['id']}", json=rule(where["id"], what["id"]))
    assert told.status_code == 404
    told = bob.post("rules", rule(where["id"], what["id"]))
    assert told.status_code == 422
    for path in ("hooks", "connections", "rules", "accounts"):
        assert (bob.get(path).json or {})["items"] == []


@pytest.mark.parametrize(
    "guess", ["1", "-1", "0", "9223372036854775808", "1e1", "%00", "..%2f", "A" * 32, "é", "'"]
)
def test_a_guessed_id_is_404(alice: Program, guess: str) -> None:
    for path in ("hooks", "rules", "alerts", "executions", "audit", "connections", "accounts"):
        told = alice.get(f"{path}/{guess}")
        assert told.status_code == 404, path
        assert told.json is not None


def test_what_the_api_changes_is_in_the_audit_log_with_the_tokens_name(
    alice: Program, database: Database
) -> None:
    hook(alice)
    with database.reading() as db:
        row = db.scalars(sa.select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).one()
        assert (row.event, row.actor, row.subject) == ("hook.created", "api:script", "main")
        assert people.user_by_key(db, alice.user).email == "alice@example.com"


def test_wrong_verbs_are_405_in_json(alice: Program) -> None:
    for method, path in (("DELETE", "alerts"), ("PUT", "hooks"), ("PATCH", "executions")):
        told = alice.ask(method, path)
        assert told.status_code == 405
        assert told.json is not None
        assert told.json["code"] == "method_not_allowed"


def test_a_preview_shows_what_a_message_would_do_and_stores_nothing(alice: Program) -> None:
    where, what = hook(alice), connection(alice)
    alice.post("rules", rule(where["id"], what["id"], when={"symbols": ["EURUSD"]}))
    message = '{"bridge": 1, "action": "buy", "symbol": "EURUSD"}'
    told = alice.post("preview", {"hook": where["id"], "message": message}).json
    assert told is not None
    assert told["dialect"] == "bridge"
    assert told["refusal"] is None
    (leg,) = told["matches"][0]["legs"]
    assert leg["text"] == "Buy EURUSD by a market order, 0.1 lots"
    assert leg["unless"] == ["older than 60 s"]
    told = alice.post("preview", {"hook": where["id"], "message": message.replace("EUR", "GBP")})
    assert told.json is not None
    assert told.json["unmatched"][0]["code"] == "symbol_not_listed"
    told = alice.post("preview", {"hook": where["id"], "message": "hello\nthere"})
    assert told.json is not None
    assert told.json["refusal"]["code"]
    assert (alice.get("alerts").json or {})["items"] == []


def test_bob_cannot_preview_at_alices_hook(alice: Program, bob: Program) -> None:
    where = hook(alice)
    assert bob.post("preview", {"hook": where["id"], "message": "x"}).status_code == 404


@pytest.mark.parametrize("path", ["hooks", "connections", "rules", "accounts", "tokens"])
def test_every_list_is_paged_newest_first(alice: Program, path: str) -> None:
    for n in range(3):
        hook(alice, name=f"hook {n}")
        connection(alice, name=f"login {n}", email=f"alice{n}@broker.example")
        alice.post("rules", rule(f"hook {n}", f"login {n}", name=f"rule {n}"))
        alice.post("tokens", {"name": f"token {n}"})
    whole = (alice.get(path).json or {})["items"]
    assert len(whole) >= 3
    if "name" in whole[0] and path != "accounts":
        assert whole[0]["name"].endswith("2")
    first = alice.get(path, limit=2).json or {}
    second = alice.get(path, after=first["next"]).json or {}
    assert first["items"] + second["items"] == whole
    assert second["next"] is None
    assert alice.get(path, after="0" * 32).status_code == 422
    assert alice.get(path, page=2).status_code == 422


def test_an_address_that_asks_too_often_is_told_to_wait(alice: Program) -> None:
    for _ in range(6000):
        throttle.limiter.hit(parse(RATE), "127.0.0.1", "api")
    told = alice.get("hooks")
    assert told.status_code == 429
    assert told.json is not None
    assert told.json["code"] == "too_many_requests"
