"""Logging in, refreshing, and which tokens are believed."""

import base64
import json
from typing import Any

import pytest
import requests

from bridge.paper import Paper
from tests.paper.conftest import Trader, sample, settings, tick


def claims(token: str, part: int = 1) -> dict[str, Any]:
    middle = token.split(".")[part]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return said


def refresh(trader: Trader, token: str) -> requests.Response:
    return trader.call("POST", "/auth/jwt/refresh", {"refreshToken": token})


def test_a_new_email_opens_an_account_with_a_hundred_thousand_dollars(alice: Trader) -> None:
    (account,) = alice.get("/auth/jwt/all-accounts")["accounts"]
    assert account.keys() == sample("all_accounts_200")["accounts"][0].keys()
    assert account["accNum"] == "1"
    assert (account["currency"], account["accountBalance"]) == ("USD", "100000.00")
    assert all(isinstance(value, str) for value in account.values())


def test_the_password_is_remembered(base: str, alice: Trader) -> None:
    assert alice.login().status_code == 201
    alice.password = "looking-glass"
    assert alice.login().status_code == 401


@pytest.mark.parametrize("server", ["paper", "HEROFX"])
def test_another_server_is_not_ours(alice: Trader, server: str) -> None:
    alice.server = server
    assert alice.login().status_code == 401


@pytest.mark.parametrize("missing", ["email", "password", "server"])
def test_a_login_without_a_field_is_malformed(alice: Trader, missing: str) -> None:
    body = {"email": "a@b.c", "password": "x", "server": "PAPER"}
    del body[missing]
    assert alice.call("POST", "/auth/jwt/token", body).status_code == 400


def test_tokens_have_the_claims_of_the_real_ones(alice: Trader) -> None:
    shapes = sample("auth_token_201")
    assert alice.tokens.keys() == shapes["body"].keys()
    for name, seconds in (("accessToken", 3600), ("refreshToken", 604800)):
        said = claims(alice.tokens[name])
        assert claims(alice.tokens[name], 0) == shapes["jwt_header"]
        assert set(said) == set(shapes[f"{name}_payload"]) | {"jti"}
        assert said["type"] == shapes[f"{name}_payload"]["type"]
        assert said["exp"] - said["iat"] == seconds
        assert said["sub"].startswith(f"{said['brand']}#")


def test_a_refresh_gives_two_new_tokens_and_ends_the_old_refresh_token(alice: Trader) -> None:
    answer = refresh(alice, alice.tokens["refreshToken"])
    assert answer.status_code == 201
    fresh = answer.json()
    assert not set(fresh.values()) & {alice.tokens["accessToken"], alice.tokens["refreshToken"]}
    assert refresh(alice, alice.tokens["refreshToken"]).status_code == 401
    assert refresh(alice, fresh["refreshToken"]).status_code == 201


def test_by_a_switch_the_old_refresh_token_lives_on(paper: Paper, alice: Trader) -> None:
    settings(paper, old_refresh_dies=False)
    assert refresh(alice, alice.tokens["refreshToken"]).status_code == 201
    assert refresh(alice, alice.tokens["refreshToken"]).status_code == 201


def test_a_login_evicts_the_earlier_one_unless_switched_off(paper: Paper, alice: Trader) -> None:
    settings(paper, login_evicts=False)
    alice.login()
    assert alice.call("GET", "/trade/config").status_code == 200
    settings(paper, login_evicts=True)
    alice.login()
    assert alice.call("GET", "/trade/config").status_code == 401


def test_an_access_token_dies_at_its_time(paper: Paper, alice: Trader) -> None:
    tick(paper, 3_600_000)
    assert alice.call("GET", "/trade/config").status_code == 401
    assert refresh(alice, alice.tokens["refreshToken"]).status_code == 201


def test_lifetimes_are_settings(paper: Paper, alice: Trader) -> None:
    settings(paper, access_seconds=10)
    alice.use(alice.login().json()["accessToken"])
    tick(paper, 9_000)
    assert alice.call("GET", "/trade/config").status_code == 200
    tick(paper, 1_000)
    assert alice.call("GET", "/trade/config").status_code == 401


@pytest.mark.parametrize("spoiled", ["", "nonsense", "a.b.c", "ä.ö.ü"])
def test_a_token_that_is_not_ours_is_unauthorized(alice: Trader, spoiled: str) -> None:
    alice.http.headers["Authorization"] = f"Bearer {spoiled}".encode().decode("latin-1")
    answer = alice.call("GET", "/trade/config")
    assert (answer.status_code, answer.json()["message"]) == (401, "Unauthorized")


def test_a_changed_signature_is_unauthorized(alice: Trader) -> None:
    head, body, signature = alice.tokens["accessToken"].split(".")
    alice.use(f"{head}.{body}.{signature[::-1]}")
    assert alice.call("GET", "/trade/config").status_code == 401


def test_a_refresh_token_is_no_access_token(alice: Trader) -> None:
    alice.use(alice.tokens["refreshToken"])
    assert alice.call("GET", "/trade/config").status_code == 401
    assert refresh(alice, alice.tokens["accessToken"]).status_code == 401


def test_the_account_number_must_be_named(alice: Trader) -> None:
    del alice.http.headers["accNum"]
    answer = alice.call("GET", "/trade/config")
    assert (answer.status_code, answer.json()["message"]) == (400, "Header missing: 'accNum'")


@pytest.mark.parametrize("acc_num", ["2", "01", "x", "-1"])
def test_a_number_that_is_not_owned_finds_no_account(alice: Trader, acc_num: str) -> None:
    alice.http.headers["accNum"] = acc_num
    assert alice.get("/trade/config") == {"s": "error", "errmsg": "Account not found!"}


def test_a_foreign_or_senseless_account_in_the_path_is_not_found(base: str, alice: Trader) -> None:
    bob = Trader(base, email="bob@example.com")
    for account in (bob.account, "12", "abc"):
        answer = alice.get(f"/trade/accounts/{account}/state")
        assert answer == {"s": "error", "errmsg": "Account not found!"}
    bob.http.close()


def test_an_owned_number_wins_over_the_path_and_is_flagged(paper: Paper, alice: Trader) -> None:
    other = paper.control.call(
        "POST", "/accounts", {"email": alice.email, "accNum": 60, "balance": "5"}
    )
    alice.http.headers["accNum"] = "60"
    assert alice.state()["balance"] == 5
    assert paper.wire[-1].mismatch
    assert paper.wire[-1].account == other["id"]
    settings(paper, acc_num_wins=False)
    assert alice.get("/trade/accounts/{a}/state")["errmsg"] == "Account not found!"
