"""A hook that wants a signature: the right one goes through, all else looks like no hook."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from bridge.sealing import Keys
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.people import DataKeyRow
from bridge.store.tables.routing import HookRow
from bridge.transfer import export, import_file
from tests.world import FOLLOW, KEYS, World, import_form, make_world, utc_now

BUY = b'{"bridge":1,"action":"buy","symbol":"EURUSD","quantity":"0.10","unit":"lots"}'
SELL = BUY.replace(b"buy", b"sell")
SECRET, NEXT = "a signing secret", "the next signing secret"
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
START = utc_now()


class Clock:
    """A clock that stands still until it is moved."""

    now = START

    def __call__(self) -> Any:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def signed_world(database_url: str, clock: Clock, **hook: Any) -> World:
    asked = {"name": "main", "signature": {"scheme": "github", "secret": SECRET}, **hook}
    return make_world(database_url, FOLLOW, hooks=(asked,), clock=clock)


@pytest.fixture
def world(database_url: str, clock: Clock) -> Iterator[World]:
    world = signed_world(database_url, clock)
    yield world
    world.close()


@pytest.fixture
def quick_world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    """Where the database makes no difference to what is tested."""
    world = signed_world(sqlite_url, clock)
    yield world
    world.close()


def github(body: bytes, secret: str = SECRET, guid: str | None = None) -> dict[str, str]:
    digest = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    headers = {"X-Hub-Signature-256": f"sha256={digest}"}
    return headers if guid is None else {**headers, "X-GitHub-Delivery": guid}


def slack(body: bytes, time: int, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.digest(secret.encode(), f"v0:{time}:".encode() + body, hashlib.sha256).hex()
    return {"X-Slack-Signature": f"v0={digest}", "X-Slack-Request-Timestamp": str(time)}


def standard(body: bytes, id: str, time: int, brand: str) -> dict[str, str]:
    text = f"{id}.{time}.".encode() + body
    digest = base64.b64encode(hmac.digest(bytes(24), text, hashlib.sha256)).decode()
    return {
        f"{brand}-Id": id,
        f"{brand}-Timestamp": str(time),
        f"{brand}-Signature": f"v1,{digest}",
    }


def change(world: World, clock: Clock, signature: dict[str, str] | None) -> None:
    """Give the hook another signature."""
    form = import_form(hooks=({"name": "main", "signature": signature},))
    import_file(
        world.database,
        Keys.parse(KEYS),
        world.settings,
        form,
        rotate_hooks=False,
        new_token=False,
        now=clock(),
    )


def last_entry(world: World) -> tuple[str, dict[str, Any]]:
    with world.database.reading() as db:
        row = db.scalars(sa.select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).one()
        return row.event, json.loads(row.data or "{}")


def assert_looks_like_no_hook(world: World, answer: TestResponse, code: str) -> None:
    usual = world.client.post("/hook/nothing-here", data=BUY)
    assert (answer.status_code, answer.data) == (404, usual.data)
    assert list(answer.headers.keys()) == list(usual.headers.keys())
    assert world.alerts() == []
    event, data = last_entry(world)
    assert event == "hook.check_failed"
    assert (data["purpose"], data["code"]) == ("signature", code)


def test_the_right_signature_is_taken(world: World) -> None:
    answer = world.post(BUY, **github(BUY))

    assert answer.status_code == 200
    assert answer.get_json()["status"] == "accepted"
    assert world.statuses() == ["queued"]


def test_a_wrong_signature_looks_like_no_hook_and_is_shown_to_the_owner(world: World) -> None:
    assert_looks_like_no_hook(world, world.post(BUY, **github(BUY, "wrong")), "signature_wrong")


def test_the_bytes_are_checked_as_they_came(quick_world: World) -> None:
    answer = quick_world.post(b" " + BUY, **github(BUY))
    assert_looks_like_no_hook(quick_world, answer, "signature_wrong")


def test_a_missing_signature_looks_like_no_hook(quick_world: World) -> None:
    assert_looks_like_no_hook(quick_world, quick_world.post(BUY), "signature_unreadable")


def test_nothing_is_parsed_before_the_signature_fits(quick_world: World) -> None:
    assert_looks_like_no_hook(quick_world, quick_world.post(b"{"), "signature_unreadable")
    assert quick_world.post(b"{", **github(b"{")).status_code == 422


def test_a_body_that_is_too_long_is_refused_before_its_signature(quick_world: World) -> None:
    assert quick_world.post(b" " * (64 * 1024 + 1)).status_code == 413


def test_a_signed_hook_may_want_address_and_body_secret_too(sqlite_url: str, clock: Clock) -> None:
    world = signed_world(sqlite_url, clock, secret="a body secret", allow_from=["127.0.0.1"])
    with_secret = BUY.replace(b"}", b',"secret":"a body secret"}')
    assert world.post(BUY, **github(BUY)).status_code == 404
    assert last_entry(world)[1]["purpose"] == "secret"
    assert world.post(with_secret).status_code == 404
    assert last_entry(world)[1]["purpose"] == "signature"
    assert world.post(with_secret, **github(with_secret)).status_code == 200
    world.close()


def test_a_redelivery_of_the_same_guid_is_a_duplicate(world: World, clock: Clock) -> None:
    first = world.post(BUY, **github(BUY, guid=GUID)).get_json()
    clock.now += timedelta(hours=2)
    again = world.post(BUY, **github(BUY, guid=GUID)).get_json()
    other = world.post(BUY, **github(BUY, guid=GUID.replace("7", "8"))).get_json()

    assert (again["status"], again["duplicate_of"]) == ("duplicate", first["alert"])
    assert again["conflict"] is False
    assert other["status"] == "accepted"
    assert len(world.executions()) == 2


def test_a_redelivery_of_the_same_webhook_id_is_a_duplicate(sqlite_url: str, clock: Clock) -> None:
    signature = {"scheme": "standard_webhooks", "secret": "whsec_" + "A" * 32}
    world = signed_world(sqlite_url, clock, signature=signature)
    told = []
    for brand, minutes in (("Webhook", 0), ("Svix", 30)):
        clock.now = START + timedelta(minutes=minutes)
        headers = standard(BUY, "msg_1", int(clock.now.timestamp()), brand)
        told.append(world.post(BUY, **headers).get_json()["status"])
    assert told == ["accepted", "duplicate"]
    world.close()


def test_another_body_under_the_same_guid_is_a_conflict(quick_world: World) -> None:
    quick_world.post(BUY, **github(BUY, guid=GUID))
    again = quick_world.post(SELL, **github(SELL, guid=GUID)).get_json()
    assert (again["status"], again["conflict"]) == ("duplicate", True)


def test_an_id_in_the_body_goes_before_the_guid(quick_world: World) -> None:
    named = BUY.replace(b"}", b',"id":"x-1"}')
    quick_world.post(named, **github(named, guid="one"))
    again = quick_world.post(named, **github(named, guid="two")).get_json()
    assert again["status"] == "duplicate"


def test_a_time_five_minutes_off_is_taken_and_more_is_not(sqlite_url: str, clock: Clock) -> None:
    signature = {"scheme": "slack", "secret": SECRET}
    world = signed_world(sqlite_url, clock, signature=signature)
    clock.now = START.replace(microsecond=0)
    now = int(clock.now.timestamp())
    for apart in (301, -301):
        answer = world.post(BUY, **slack(BUY, now + apart))
        assert_looks_like_no_hook(world, answer, "signature_time")
    for apart in (299, -299):
        assert world.post(BUY, **slack(BUY, now + apart)).status_code == 200
    world.close()


def test_a_changed_secret_overlaps_with_the_one_before(world: World, clock: Clock) -> None:
    change(world, clock, {"scheme": "github", "secret": NEXT})
    clock.now += timedelta(hours=23)
    assert world.post(BUY, **github(BUY, SECRET)).status_code == 200
    assert world.post(BUY, **github(BUY, NEXT)).status_code == 200
    clock.now += timedelta(hours=1)
    assert world.post(BUY, **github(BUY, SECRET)).status_code == 404
    assert world.post(BUY, **github(BUY, NEXT)).status_code == 200
    change(world, clock, None)
    assert world.post(BUY).status_code == 200


def test_secrets_that_do_not_open_let_nothing_through(world: World) -> None:
    with world.database.transaction() as db:
        db.execute(sa.update(HookRow).values(public_id="f" * 32))
    answer = world.post(BUY, **github(BUY))
    assert_looks_like_no_hook(world, answer, "signature_secret_unopened")


@pytest.mark.parametrize("sealed", [None, "", "damaged"])
def test_missing_or_damaged_secrets_let_nothing_through(
    quick_world: World, sealed: str | None
) -> None:
    with quick_world.database.transaction() as db:
        db.execute(sa.update(HookRow).values(signature_secrets=sealed))
    answer = quick_world.post(BUY, **github(BUY))
    assert_looks_like_no_hook(quick_world, answer, "signature_secret_unopened")


def test_an_erased_data_key_lets_nothing_through(quick_world: World) -> None:
    with quick_world.database.transaction() as db:
        db.execute(sa.delete(DataKeyRow))
    answer = quick_world.post(BUY, **github(BUY))
    assert_looks_like_no_hook(quick_world, answer, "signature_secret_unopened")


def test_a_process_without_keys_lets_nothing_through(quick_world: World) -> None:
    ours = quick_world.app.extensions["bridge"]
    quick_world.app.extensions["bridge"] = replace(ours, keys=None)
    answer = quick_world.post(BUY, **github(BUY))
    assert_looks_like_no_hook(quick_world, answer, "signature_secret_unopened")


def test_the_secret_is_in_no_audit_entry_export_answer_or_log(
    quick_world: World, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    change(quick_world, clock, {"scheme": "github", "secret": NEXT})
    told = [quick_world.post(BUY, **github(BUY, secret)).text for secret in (SECRET, NEXT, "wrong")]
    told += [caplog.text, str(export(quick_world.database, "owner@example.org", clock()))]
    with quick_world.database.reading() as db:
        told += [
            f"{row.subject} {row.reason} {row.data}" for row in db.scalars(sa.select(AuditRow))
        ]
        told += [str(vars(row)) for row in db.scalars(sa.select(HookRow))]
    assert "signing secret" not in " ".join(told)
