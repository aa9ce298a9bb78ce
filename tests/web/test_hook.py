"""What the hook answers, to good alerts, bad ones and strangers."""

import gzip
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bridge.domain.values import rfc3339
from tests.world import FOLLOW, World, make_world, utc_now

BUY = '{"bridge":1,"action":"buy","symbol":"EURUSD","quantity":"0.10","unit":"lots"}'
CORPUS = Path(__file__).parents[1] / "dialects" / "alert-corpus.jsonl"


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = make_world(database_url, FOLLOW)
    yield world
    world.close()


@pytest.fixture
def quick_world(sqlite_url: str) -> Iterator[World]:
    """Where the database makes no difference to what is tested."""
    world = make_world(sqlite_url, FOLLOW)
    yield world
    world.close()


def bridge(**fields: object) -> str:
    """Our own JSON with some fields replaced; None leaves a field out."""
    whole = {"bridge": 1, "action": "buy", "symbol": "EURUSD", "quantity": "0.10", **fields}
    return json.dumps({k: v for k, v in whole.items() if v is not None})


def test_an_accepted_alert_names_its_executions(world: World) -> None:
    answer = world.post(BUY)

    assert answer.status_code == 200
    told = answer.get_json()
    assert told["status"] == "accepted"
    assert told["duplicate_of"] is None
    assert told["conflict"] is False
    (execution,) = told["executions"]
    assert set(execution) == {"id", "rule", "account", "action", "symbol", "status"}
    assert (execution["action"], execution["symbol"]) == ("buy", "EURUSD")
    assert execution["status"] == "queued"
    assert world.statuses() == ["queued"]
    assert world.events()[-2:] == ["alert.accepted", "execution.queued"]


def test_the_same_alert_again_is_a_duplicate_linked_to_the_first(world: World) -> None:
    first = world.post(BUY).get_json()
    again = world.post(" " + BUY.replace(":", ": ")).get_json()

    assert again["status"] == "duplicate"
    assert again["duplicate_of"] == first["alert"]
    assert again["executions"] == []
    assert len(world.executions()) == 1


def test_four_deliveries_at_once_make_one_set_of_executions(world: World) -> None:
    answers: list[dict[str, object]] = []

    def deliver() -> None:
        answer = world.app.test_client().post(world.hook, data=BUY)
        assert answer.status_code == 200
        answers.append(answer.get_json())

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    accepted = [a for a in answers if a["status"] == "accepted"]
    assert len(accepted) == 1
    assert sorted(str(a["status"]) for a in answers) == ["accepted"] + ["duplicate"] * 3
    assert {a["duplicate_of"] for a in answers} == {None, accepted[0]["alert"]}
    assert len(world.executions()) == 1


def test_the_same_id_with_another_body_is_a_conflict_and_trades_nothing(world: World) -> None:
    first = world.post(bridge(id="x-17")).get_json()
    again = world.post(bridge(id="x-17", quantity="0.20")).get_json()

    assert again["status"] == "duplicate"
    assert again["conflict"] is True
    assert again["duplicate_of"] == first["alert"]
    assert len(world.executions()) == 1


def test_a_refused_alert_may_be_sent_again_once_it_is_mended(world: World) -> None:
    assert world.post(bridge(symbol=None)).status_code == 422
    assert world.post(bridge(symbol=None)).status_code == 422
    assert [a.status for a in world.alerts()] == ["refused", "refused"]


def test_an_alert_that_no_rule_takes_says_why(sqlite_url: str) -> None:
    world = make_world(sqlite_url, {**FOLLOW, "when": {"symbols": ["GBPUSD"], "actions": ["*"]}})
    answer = world.post(BUY)

    assert answer.status_code == 200
    assert answer.get_json()["status"] == "unmatched"
    (alert,) = world.alerts()
    assert "does not list EURUSD" in alert.unmatched
    world.close()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="B-1 empty"),
        pytest.param(b"   \n", id="B-2 white space"),
        pytest.param(b"null", id="B-2 null"),
        pytest.param(b"[]", id="B-2 empty list"),
        pytest.param(b'"x"', id="B-2 text"),
        pytest.param(b"3", id="B-2 number"),
        pytest.param(b"true", id="B-2 true"),
        pytest.param(BUY[:-9].encode(), id="B-3 cut"),
        pytest.param((BUY + BUY).encode(), id="B-4 two documents"),
        pytest.param((BUY + " and more").encode(), id="B-4 trailing garbage"),
        pytest.param(b'{"bridge":1,"symbol":"EURUSD","action":"buy","action":"sell"}', id="B-5"),
        pytest.param(b'{"symbol":"EURUSD","side":"buy","side":"sell"}', id="B-5 sides"),
        pytest.param(b'{"symbol":"EURUSD","side":"buy","quantity":NaN}', id="B-6 NaN"),
        pytest.param(b'{"symbol":"EURUSD","side":"buy","quantity":Infinity}', id="B-6 inf"),
        pytest.param(b'{"symbol":"EURUSD","side":"buy","quantity":-Infinity}', id="B-6 -inf"),
        pytest.param(b'{"symbol":"EURUSD","side":"buy","quantity":1e400}', id="B-7"),
        pytest.param(b'{"symbol":"EURUSD","side":"buy","quantity":"1E+999999"}', id="B-7 text"),
        pytest.param(b'{"symbol":"EURUSD","side":"buy","quantity":' + b"9" * 5000 + b"}", id="B-8"),
        pytest.param(b'{"a":' * 9 + b"1" + b"}" * 9, id="B-9 nine deep"),
        pytest.param(b'{"a":' * 1000 + b"1" + b"}" * 1000, id="B-9 a thousand deep"),
        pytest.param(b"[" * 8000, id="B-9 eight thousand deep"),
        pytest.param(b"[" * 16000, id="B-9 unclosed"),
        pytest.param(
            ("{" + ",".join(f'"k{n}":{n}' for n in range(4000)) + "}").encode(), id="B-10 keys"
        ),
        pytest.param(json.dumps({"symbol": "E" * 60000}).encode(), id="B-10 long text"),
        pytest.param(BUY.encode("utf-16"), id="B-15 UTF-16"),
        pytest.param(BUY.encode("utf-32"), id="B-15 UTF-32"),
        pytest.param(b'{"symbol":"EUR\xffUSD","side":"buy"}', id="B-17 not UTF-8"),
        pytest.param(b'{"symbol":"EUR\xc0\xafUSD","side":"buy"}', id="B-17 overlong"),
        pytest.param(b'{"symbol":"EUR\\ud800USD","side":"buy"}', id="B-17 lone surrogate"),
        pytest.param(b'{"symbol":"EUR\\u0000USD","side":"buy"}', id="B-18 NUL"),
        pytest.param('{"symbol":"EUR\u202eUSD","side":"buy"}'.encode(), id="B-19 bidi"),
        pytest.param('{"symbol":"EUR\u200bUSD","side":"buy"}'.encode(), id="B-19 zero width"),
        pytest.param('{"symbol":"\u0415URUSD","side":"buy"}'.encode(), id="B-19 homoglyph"),
        pytest.param('{"symbol":"E\u0301UR","side":"buy"}'.encode(), id="B-20 non-ASCII"),
        pytest.param(bridge(quantity="\u0661").encode(), id="B-21 Arabic digit"),
        pytest.param(bridge(quantity="\uff11").encode(), id="B-21 full width"),
        pytest.param(bridge(quantity="1_0").encode(), id="B-22 underscore"),
        pytest.param(bridge(quantity=" 1 ").encode(), id="B-22 spaces"),
        pytest.param(bridge(quantity="+1").encode(), id="B-22 plus"),
        pytest.param(bridge(quantity="0x10").encode(), id="B-22 hexadecimal"),
        pytest.param(bridge(quantity="1,5").encode(), id="B-22 comma"),
        pytest.param(bridge(quantity="1.000,5").encode(), id="B-22 thousands"),
        pytest.param(bridge(quantity=0).encode(), id="B-23 zero"),
        pytest.param(bridge(quantity=-1).encode(), id="B-23 negative"),
        pytest.param(bridge(quantity="-0").encode(), id="B-23 minus zero"),
        pytest.param(bridge(action="close", quantity=0).encode(), id="B-23 close of zero"),
        pytest.param(bridge(quantity=True).encode(), id="B-24 true"),
        pytest.param(bridge(quantity=[1]).encode(), id="B-24 list"),
        pytest.param(bridge(quantity={}).encode(), id="B-24 object"),
        pytest.param(BUY.replace('"0.10"', "null").encode(), id="B-24 null"),
        pytest.param(bridge(user_id=1).encode(), id="B-26 user_id"),
        pytest.param(bridge(max_qty=5).encode(), id="B-26 max_qty"),
        pytest.param(bridge(action="purchase").encode(), id="B-27 purchase"),
        pytest.param(b'{"symbol":"EURUSD","side":"purchase"}', id="B-27 in JSON"),
        pytest.param(bridge(action="{{strategy.order.action}}").encode(), id="B-28"),
        pytest.param(
            bridge(order="limit", price="1.1", stop_loss={"price": "1.2"}).encode(), id="B-31 stop"
        ),
        pytest.param(
            bridge(order="limit", price="1.1", take_profit={"price": "1.1"}).encode(),
            id="B-31 target at entry",
        ),
        pytest.param(bridge(order="limit", price="-1.1").encode(), id="B-31 negative"),
        pytest.param(bridge(order="limit").encode(), id="B-32 limit without price"),
        pytest.param(bridge(time="yesterday").encode(), id="B-33 text"),
        pytest.param(bridge(time="2026-03-02T12:00:00").encode(), id="B-33 no zone"),
        pytest.param(bridge(time="9999-12-31T23:59:59Z").encode(), id="B-33 year 9999"),
        pytest.param(b"The market looks strong today.", id="B-42 prose"),
        pytest.param(b"a=1&b=2", id="B-43 form"),
        pytest.param(b"<alert><side>buy</side></alert>", id="B-43 XML"),
        pytest.param(b"side: buy\nsymbol:\n  - EURUSD\n", id="B-43 YAML"),
    ],
)
def test_a_bad_body_is_refused_with_a_reason_and_makes_nothing(
    quick_world: World, body: bytes
) -> None:
    world = quick_world
    answer = world.post(body)

    assert answer.status_code == 422
    told = answer.get_json()
    assert told["status"] == "refused"
    assert told["executions"] == []
    assert told["refusal"]["code"]
    assert told["refusal"]["message"].endswith(".")
    assert world.executions() == []
    (alert,) = world.alerts()
    assert alert.status == "refused"
    assert alert.reason == told["refusal"]["message"]


@pytest.mark.parametrize(
    "body",
    [b'{"symbol":"EUR\\u0000USD","side":"buy"}', b"\xff\x00{", b'{"a":"\\ud800"}', b"\x00" * 20],
)
def test_bytes_that_a_database_may_not_take_as_text_are_stored_all_the_same(
    world: World, body: bytes
) -> None:
    assert world.post(body).status_code == 422
    (alert,) = world.alerts()
    assert alert.body == body


def test_an_unfilled_placeholder_is_named_in_the_refusal(quick_world: World) -> None:
    told = quick_world.post(bridge(action="{{strategy.order.action}}")).get_json()

    assert told["refusal"]["field"] == "action"
    assert "{{strategy.order.action}}" in told["refusal"]["message"]


@pytest.mark.parametrize(
    ("body", "repair"),
    [
        pytest.param(b"\xef\xbb\xbf" + BUY.encode(), True, id="B-16 BOM"),
        pytest.param(BUY.encode(), False, id="B-41 JSON as text"),
        pytest.param(bridge(action="target", quantity=0).encode(), False, id="B-23 target 0"),
        pytest.param(bridge(action="target", quantity=-2).encode(), False, id="B-23 target -2"),
        pytest.param(b'{"symbol":"EURUSD","side":"BUY"}', False, id="B-27 BUY"),
        pytest.param(b'{"symbol":"EURUSD","side":"long"}', False, id="B-27 long"),
        pytest.param(bridge(quantity="0.30000000000000004").encode(), False, id="B-25"),
        pytest.param(b'{"symbol":"EURUSD","side":"buy","user_id":7}', False, id="B-26 inert"),
    ],
)
def test_a_body_that_is_well_meant_is_taken(world: World, body: bytes, repair: bool) -> None:
    answer = world.client.post(world.hook, data=body, content_type="text/plain")

    assert answer.status_code == 200
    told = answer.get_json()
    assert told["status"] == "accepted"
    assert bool(told["repairs"]) is repair


def test_a_body_of_exactly_64_kib_is_read_and_one_more_byte_is_not(world: World) -> None:
    padding = " " * (64 * 1024 - len(BUY))

    assert world.post(BUY + padding).status_code == 200
    too_long = world.post(BUY + padding + " ")

    assert too_long.status_code == 413
    assert too_long.get_json() == {
        "code": "too_large",
        "field": None,
        "message": "An alert may hold at most 64 KiB.",
    }
    assert world.events()[-1] == "alert.too_large"
    assert len(world.alerts()) == 1


@pytest.mark.parametrize(
    "body", [BUY.encode(), gzip.compress(BUY.encode())], ids=["plain", "packed"]
)
def test_a_compressed_body_is_never_unpacked(world: World, body: bytes) -> None:
    answer = world.post(body, **{"Content-Encoding": "gzip"})

    assert answer.status_code == 422
    assert answer.get_json()["refusal"]["code"] == "content_encoding"


@pytest.mark.parametrize(
    ("age", "status"), [(timedelta(minutes=10), 200), (-timedelta(minutes=10), 422)]
)
def test_an_old_alert_is_stored_and_one_from_the_future_is_refused(
    world: World, age: timedelta, status: int
) -> None:
    assert world.post(bridge(time=rfc3339(utc_now() - age))).status_code == status


@pytest.mark.parametrize(
    "token",
    ["", "wrong", "x" * 32, "../", "%00", "ABCDEF" * 40, "a/b/c", "\u0661"],
)
def test_every_wrong_token_gets_the_same_bytes(quick_world: World, token: str) -> None:
    world = quick_world
    usual = world.client.post("/hook/nothing-here", data=BUY)
    near = world.hook[:-1] + ("A" if world.hook[-1] != "A" else "B")

    for path in (f"/hook/{token}", near, world.hook + "x"):
        answer = world.client.post(path, data=BUY)
        assert answer.status_code == 404
        assert answer.data == usual.data
        assert list(answer.headers.keys()) == list(usual.headers.keys())
    assert world.alerts() == []


def test_a_disabled_hook_looks_like_none(sqlite_url: str) -> None:
    world = make_world(sqlite_url, FOLLOW, hooks=({"name": "main", "enabled": False},))
    usual = world.client.post("/hook/nothing-here", data=BUY)
    answer = world.post(BUY)

    assert (answer.status_code, answer.data) == (404, usual.data)
    assert world.alerts() == []
    world.close()


@pytest.mark.parametrize("secret", ["wrong", "", None])
def test_a_wrong_body_secret_looks_like_no_hook_and_is_shown_to_the_owner(
    sqlite_url: str, secret: str | None
) -> None:
    world = make_world(sqlite_url, FOLLOW, hooks=({"name": "main", "secret": "the right one"},))
    usual = world.client.post("/hook/nothing-here", data=BUY)
    answer = world.post(bridge(secret=secret))

    assert (answer.status_code, answer.data) == (404, usual.data)
    assert world.alerts() == []
    assert world.events()[-1] == "hook.check_failed"
    world.close()


def test_the_right_body_secret_is_taken_and_never_stored(sqlite_url: str) -> None:
    world = make_world(sqlite_url, FOLLOW, hooks=({"name": "main", "secret": "the right one"},))

    assert world.post(bridge(secret="the right one")).status_code == 200
    (alert,) = world.alerts()
    assert b"the right one" not in alert.body
    world.close()


def test_an_unreadable_body_at_a_hook_with_a_secret_looks_like_no_hook(sqlite_url: str) -> None:
    world = make_world(sqlite_url, FOLLOW, hooks=({"name": "main", "secret": "the right one"},))

    assert world.post(b"{").status_code == 404
    assert world.alerts() == []
    world.close()


def test_a_sender_outside_the_allow_list_looks_like_no_hook(sqlite_url: str) -> None:
    only = {"name": "main", "allow_from": ["52.89.214.238"]}
    world = make_world(sqlite_url, FOLLOW, hooks=(only,))

    forged = world.post(BUY, **{"X-Forwarded-For": "52.89.214.238"})

    assert forged.status_code == 404  # with no proxy in front the header is not believed
    assert world.events()[-1] == "hook.check_failed"
    world.close()


def test_a_token_in_the_query_is_no_address_but_its_owner_is_told(world: World) -> None:
    token = world.hook.removeprefix("/hook/")
    answer = world.client.post(f"/hook/?token={token}", data=BUY)

    assert answer.status_code == 404
    assert answer.data == world.client.post("/hook/nothing-here", data=BUY).data
    assert world.events()[-1] == "hook.misaddressed"
    assert world.alerts() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_answered_alike_for_every_token(world: World, method: str) -> None:
    right = world.client.open(world.hook, method=method)
    wrong = world.client.open("/hook/nothing-here", method=method)

    assert right.status_code == wrong.status_code == 405
    assert right.data == wrong.data
    assert right.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "comment",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "${jndi:ldap://x}"],
)
def test_hostile_texts_are_kept_as_they_came(quick_world: World, comment: str) -> None:
    answer = quick_world.post(bridge(comment=comment))

    assert answer.status_code in (200, 422)
    (alert,) = quick_world.alerts()
    assert json.loads(alert.body)["comment"] == comment


def test_a_database_that_does_not_take_it_is_a_503_that_asks_for_more(world: World) -> None:
    services = world.app.extensions["bridge"]
    with world.database.transaction() as db:
        # a lock that every way of storing an alert has to wait for
        if world.database.sqlite:
            answer = world.post(BUY)
        else:
            db.connection().exec_driver_sql("LOCK TABLE alert IN ACCESS EXCLUSIVE MODE")
            answer = world.post(BUY)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.get_json()["code"] == "not_stored"
    assert services.ingest is not None
    assert world.alerts() == []
    assert world.post(BUY).get_json()["status"] == "accepted"


def test_a_hook_that_remembers_nothing_takes_the_same_body_again(sqlite_url: str) -> None:
    clock = [utc_now()]
    world = make_world(
        sqlite_url, FOLLOW, hooks=({"name": "main", "window": 0},), clock=lambda: clock[0]
    )
    clock[0] += timedelta(minutes=1)  # nobody waits for an answer of an earlier process any more
    told = [world.post(BUY).get_json()["status"] for _ in range(2)]
    assert told == ["accepted", "accepted"]
    world.close()


def test_a_hook_that_remembers_nothing_still_takes_a_resend_after_a_503_once(
    sqlite_url: str,
) -> None:
    clock = [utc_now()]
    world = make_world(
        sqlite_url, FOLLOW, hooks=({"name": "main", "window": 0},), clock=lambda: clock[0]
    )
    clock[0] += timedelta(minutes=1)
    with world.database.transaction():
        assert world.post(BUY).status_code == 503
    told = [world.post(BUY).get_json()["status"] for _ in range(3)]
    assert told == ["accepted", "duplicate", "duplicate"]
    world.close()


def test_right_after_a_start_a_resend_may_be_of_an_alert_that_is_stored(sqlite_url: str) -> None:
    hooks = ({"name": "main", "window": 0},)
    world = make_world(sqlite_url, FOLLOW, hooks=hooks)
    told = [world.post(BUY).get_json()["status"] for _ in range(2)]
    assert told == ["accepted", "duplicate"]
    world.close()


def test_no_message_that_people_really_send_is_lost_or_acted_on_against_its_sense(
    sqlite_url: str,
) -> None:
    world = make_world(sqlite_url, FOLLOW)
    rows = [json.loads(line) for line in CORPUS.read_text().splitlines()]
    for number, row in enumerate(rows, start=1):
        answer = world.post(row["raw"].encode())
        told = answer.get_json()
        assert answer.status_code in (200, 422), row["id"]
        assert len(world.alerts()) == number, row["id"]
        if row["expected"]["verdict"] == "refuse":
            assert told["status"] in ("refused", "duplicate"), row["id"]
            assert told["executions"] == [], row["id"]
        for execution in told["executions"][:1]:
            assert execution["action"] == row["expected"]["action"], row["id"]
            wanted = row["expected"]["symbol"].rpartition(":")[2]
            assert execution["symbol"] == wanted.upper(), row["id"]
    world.close()


@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300))
def test_no_bytes_at_all_make_a_5xx(quick_world: World, body: bytes) -> None:
    assert quick_world.post(body).status_code in (200, 422)
