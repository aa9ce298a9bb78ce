"""Signing in rarely, renewing once for all, and keeping every secret to ourselves."""

import json
import logging
import socket
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.brokers.base import Tokens
from bridge.brokers.tradelocker.tokens import read_tokens
from bridge.domain.outcomes import Accepted, NotTaken, WireClass
from bridge.domain.values import Secret, Tag
from bridge.errors import BrokerTrouble, NeedsSignIn, NoAnswer, TooSoon
from tests.brokers.stub import (
    EMAIL,
    NOON,
    ORDERS_PATH,
    PASSWORD,
    Desk,
    Seen,
    http,
    jwt,
    ok,
    order_request,
)

TAG = Tag("b1000000000000000000000000000")
LOGIN, REFRESH = "POST /auth/jwt/token", "POST /auth/jwt/refresh"
STATE = "GET /trade/accounts/2200001/state"
PLACE = f"POST {ORDERS_PATH}"
GOOD_STATE = ok({"accountDetailsData": [100, 101.5, "99.25"]})
REFUSED = http(401, '{"statusCode":401,"message":"Unauthorized"}')


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.broker.on[STATE] = only_for_the_newest(desk, GOOD_STATE)
    desk.broker.on[PLACE] = only_for_the_newest(desk, ok({"orderId": "7"}))
    return desk


def only_for_the_newest(desk: Desk, answer: bytes) -> Any:
    """401 to every access token but the one issued last."""

    def doing(seen: Seen, _: socket.socket) -> bytes:
        newest = f"canarysignature{desk.broker.issued}"
        return answer if seen.headers["authorization"].endswith(newest) else REFUSED

    return doing


def counts(desk: Desk) -> tuple[int, int]:
    return desk.broker.count(LOGIN), desk.broker.count(REFRESH)


def test_the_first_call_signs_in_and_keeps_the_pair_before_using_it(desk: Desk) -> None:
    lane = desk.lane()
    lane.state()
    lane.state()
    assert counts(desk) == (1, 0)
    assert desk.keeper.saved == [desk.keeper.tokens]
    assert desk.broker.last(LOGIN).json == {"email": EMAIL, "password": PASSWORD, "server": "OSP"}
    assert "authorization" not in desk.broker.last(LOGIN).headers
    assert "accnum" not in desk.broker.last(LOGIN).headers


def test_a_kept_pair_serves_without_a_sign_in(desk: Desk) -> None:
    desk.lane().state()
    again = desk.login()
    desk.lane(again).state()
    assert counts(desk) == (1, 0)


def test_under_five_minutes_before_the_end_the_pair_is_renewed(desk: Desk) -> None:
    lane = desk.lane()
    lane.state()
    desk.clock.move(minutes=54)
    lane.state()
    assert counts(desk) == (1, 0)
    desk.clock.move(minutes=2)
    lane.state()
    assert counts(desk) == (1, 1)
    assert len(desk.keeper.saved) == 2


def test_a_token_of_short_life_is_not_renewed_at_every_call(desk: Desk) -> None:
    desk.broker.lives = timedelta(minutes=2)
    lane = desk.lane()
    lane.state()
    desk.clock.move(seconds=60)
    lane.state()
    assert counts(desk) == (1, 0)
    desk.clock.move(seconds=31)
    lane.state()
    assert counts(desk) == (1, 1)


def test_a_newer_pair_of_another_process_is_used_instead_of_a_refresh(desk: Desk) -> None:
    lane = desk.lane()
    lane.state()
    desk.clock.move(minutes=58)
    desk.lane(desk.login()).state()
    lane.state()
    assert counts(desk) == (1, 1)


def test_a_dead_refresh_token_leads_to_one_sign_in(desk: Desk) -> None:
    lane = desk.lane()
    lane.state()
    desk.broker.on[REFRESH] = http(400)
    desk.clock.move(minutes=58)
    lane.state()
    lane.state()
    assert counts(desk) == (2, 1)


def test_a_refresh_token_past_its_end_is_not_tried(desk: Desk) -> None:
    lane = desk.lane()
    lane.state()
    desk.clock.move(days=8)
    lane.state()
    assert counts(desk) == (2, 0)


def test_a_refresh_refused_because_another_process_was_quicker(desk: Desk) -> None:
    lane = desk.lane()
    lane.state()
    desk.clock.move(minutes=58)

    def meanwhile(_: Seen, __: socket.socket) -> bytes:
        desk.keeper.tokens = read_tokens(desk.broker.token_answer().partition(b"\r\n\r\n")[2])
        return http(400)

    desk.broker.on[REFRESH] = meanwhile
    lane.state()
    assert counts(desk) == (1, 1)


@pytest.mark.parametrize("answer", [http(503), http(429), http(201, "{}"), http(201, "<html>")])
def test_a_renewal_ahead_of_time_that_fails_leaves_the_old_token_in_use(
    desk: Desk, answer: bytes
) -> None:
    lane = desk.lane()
    lane.state()
    desk.broker.on[REFRESH] = answer
    desk.clock.move(minutes=56)
    lane.state()
    lane.state()
    assert counts(desk) == (1, 1)
    desk.clock.move(minutes=5)
    with pytest.raises(BrokerTrouble):
        lane.state()


def test_a_read_meeting_401_is_repeated_once_after_one_refresh(desk: Desk) -> None:
    lane = desk.lane()
    lane.state()
    desk.broker.issued += 1
    lane.state()
    assert counts(desk) == (1, 1)
    assert desk.broker.count(STATE) == 3


def test_a_read_that_meets_401_again_is_no_answer(desk: Desk) -> None:
    desk.broker.on[STATE] = REFUSED
    with pytest.raises(NoAnswer, match="401"):
        desk.lane().state()
    assert desk.broker.count(STATE) == 2


def test_a_change_meeting_401_is_not_repeated_but_the_next_attempt_passes(desk: Desk) -> None:
    lane = desk.lane()
    lane.state()
    desk.broker.issued += 1
    first = lane.place(order_request(), TAG)
    assert isinstance(first, NotTaken)
    assert first.wire is WireClass.NOT_ACCEPTED
    assert desk.broker.count(PLACE) == 1
    assert counts(desk) == (1, 1)
    assert isinstance(lane.place(order_request(), TAG), Accepted)
    assert counts(desk) == (1, 1)


def test_twenty_lanes_meeting_401_together_refresh_once(desk: Desk) -> None:
    login = desk.login()
    desk.lane(login).state()
    desk.broker.issued += 1
    barrier, failures = threading.Barrier(20), []

    def work(number: int) -> None:
        lane = desk.lane(login)
        barrier.wait()
        if number % 2:
            lane.state()
        elif not isinstance(lane.place(order_request(), TAG), Accepted | NotTaken):
            failures.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(desk) == (1, 1)
    assert failures == []


def test_twenty_lanes_without_a_token_sign_in_once(desk: Desk) -> None:
    def slowly(_: Seen, __: socket.socket) -> bytes:
        time.sleep(0.05)
        return desk.broker.token_answer()

    desk.broker.on[LOGIN] = slowly
    login = desk.login()
    threads = [threading.Thread(target=desk.lane(login).state) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(desk) == (1, 0)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_sign_in_needs_its_owner_and_is_rarely_tried_again(
    desk: Desk, status: int
) -> None:
    desk.broker.on[LOGIN] = http(status, '{"message":"Unauthorized"}')
    lane = desk.lane()
    for _ in range(60):
        with pytest.raises(NeedsSignIn):
            lane.state()
        desk.clock.move(minutes=1)
    assert counts(desk)[0] == 3
    desk.broker.on[LOGIN] = lambda _, __: desk.broker.token_answer()
    desk.clock.move(minutes=1)
    lane.state()


def test_a_change_whose_sign_in_is_refused_was_not_sent(desk: Desk) -> None:
    desk.broker.on[LOGIN] = http(401)
    outcome = desk.lane().place(order_request(), TAG)
    assert isinstance(outcome, NotTaken)
    assert outcome.wire is WireClass.NOT_SENT
    assert outcome.call.route == "POST /trade/accounts/{a}/orders"
    assert outcome.call.path == ORDERS_PATH
    assert "refuses this login" in outcome.reason
    assert desk.broker.count(PLACE) == 0


def test_a_change_refused_by_401_whose_renewal_fails_is_still_not_taken(desk: Desk) -> None:
    lane = desk.lane()
    lane.state()
    desk.broker.issued += 1
    desk.broker.on[REFRESH] = desk.broker.on[LOGIN] = http(401)
    outcome = lane.place(order_request(), TAG)
    assert isinstance(outcome, NotTaken)
    assert outcome.wire is WireClass.NOT_ACCEPTED


def test_pairs_that_never_last_do_not_lead_to_endless_sign_ins(desk: Desk) -> None:
    desk.broker.on[REFRESH] = http(401)
    lane = desk.lane()
    for _ in range(3):
        lane.state()
        desk.clock.move(minutes=10)
        desk.broker.issued += 1
    with pytest.raises(TooSoon) as trouble:
        lane.state()
    assert trouble.value.due == NOON + timedelta(hours=1)
    assert counts(desk)[0] == 3


def test_a_broker_that_does_not_answer_sign_ins_is_left_alone_for_a_while(desk: Desk) -> None:
    desk.broker.on[LOGIN] = http(502)
    lane = desk.lane()
    with pytest.raises(NoAnswer):
        lane.state()
    with pytest.raises(TooSoon):
        lane.state()
    desk.clock.move(seconds=61)
    desk.broker.on[LOGIN] = lambda _, __: desk.broker.token_answer()
    lane.state()
    assert counts(desk)[0] == 2


def test_a_sign_in_that_never_left_is_not_counted(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    lane = desk.lane(desk.login(f"http://127.0.0.1:{port}/backend-api"))
    for _ in range(5):
        with pytest.raises(NoAnswer, match="connection refused"):
            lane.state()


def test_sign_ins_that_come_too_fast_wait_as_told(desk: Desk) -> None:
    desk.broker.on[LOGIN] = http(429, "", "Retry-After: 7")
    with pytest.raises(TooSoon) as trouble:
        desk.lane().state()
    assert trouble.value.due == NOON + timedelta(seconds=7)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"accessToken":"a"}',
        '{"accessToken":"a.b.c","refreshToken":"a.b.c"}',
        '{"accessToken":"a\\nb.b.c","refreshToken":"a.b.c"}',
        json.dumps({"accessToken": "x.AAAAA.y", "refreshToken": "x.e30.y"}),
        json.dumps({"accessToken": "x.W10.y", "refreshToken": "x.W10.y"}),
        json.dumps({"accessToken": "x.eyJleHAiOjFlMTF9.y", "refreshToken": "x.e30.y"}),
    ],
)
def test_tokens_that_cannot_be_read_are_no_answer(desk: Desk, body: str) -> None:
    desk.broker.on[LOGIN] = http(201, body)
    with pytest.raises(NoAnswer):
        desk.lane().state()
    assert desk.keeper.saved == []


def test_no_secret_is_ever_shown(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def echo(seen: Seen, _: socket.socket) -> bytes:
        told = f"{seen.headers.get('authorization')} of {EMAIL.upper()} with {seen.body!r}"
        return http(400, json.dumps({"message": told}))

    desk.broker.on[PLACE] = echo
    desk.broker.on["GET /trade/quotes"] = echo
    desk.broker.on["GET /auth/jwt/all-accounts"] = http(200, '{"accounts":[]}')
    login = desk.login()
    lane = desk.lane(login)
    shown: list[object] = [login.accounts(desk.calls.append), lane.place(order_request(), TAG)]
    desk.broker.on[STATE] = echo
    desk.broker.on[REFRESH] = echo
    desk.broker.on[LOGIN] = echo
    desk.clock.move(days=9)
    with pytest.raises(NeedsSignIn) as refused:
        lane.state()
    shown += [refused.value, desk.calls, login, lane, vars(login), desk.keeper.saved]
    shown += [lane.cancel("7"), desk.calls]
    text = "\n".join(f"{thing!s}\n{thing!r}" for thing in shown) + caplog.text
    secrets = [PASSWORD, EMAIL, EMAIL.upper(), "canarysignature"]
    secrets += [t.value for pair in desk.keeper.saved for t in (pair.access, pair.refresh)]
    assert [secret for secret in secrets if secret in text] == []
    assert "***" in text


def test_the_answers_of_auth_routes_are_not_kept_and_the_log_in_shows_its_server(
    desk: Desk,
) -> None:
    desk.broker.on["GET /auth/jwt/all-accounts"] = http(200, '{"accounts":[]}')
    desk.login().accounts(desk.calls.append)
    signed_in, listed = desk.calls
    assert (signed_in.route, signed_in.status) == (LOGIN, 201)
    assert (signed_in.request, signed_in.answer) == ('{"server": "OSP"}', None)
    assert (listed.route, listed.status, listed.answer) == (
        "GET /auth/jwt/all-accounts",
        200,
        None,
    )


def test_the_end_of_a_token_is_read_from_itself() -> None:
    access = jwt("access_token", NOON, timedelta(minutes=17), 1)
    refresh = jwt("refresh_token", NOON, timedelta(days=3), 1)
    body = json.dumps({"accessToken": access, "refreshToken": refresh, "expireDate": "never"})
    assert read_tokens(body.encode()) == Tokens(
        Secret(access), Secret(refresh), NOON + timedelta(minutes=17), NOON + timedelta(days=3)
    )


def test_a_kept_pair_that_does_not_say_when_it_was_made_is_renewed_five_minutes_early(
    desk: Desk,
) -> None:
    good = desk.with_tokens().keeper.tokens
    assert good is not None
    desk.keeper.tokens = replace(good, access=Secret("opaque"))
    desk.broker.on[STATE] = GOOD_STATE
    lane = desk.lane()
    lane.state()
    assert counts(desk) == (0, 0)
    desk.clock.move(minutes=55)
    lane.state()
    assert counts(desk) == (0, 1)
