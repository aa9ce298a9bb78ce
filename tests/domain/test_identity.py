"""What makes two alerts the same."""

from decimal import Decimal

import pytest

from bridge.domain.identity import body_key, canonical_json, canonical_text, id_key, is_secret_key


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical_json({"a": "1", "b": "2"}) == canonical_json({"b": "2", "a": "1"})


def test_the_writing_of_a_decimal_does_not_matter() -> None:
    assert canonical_json([Decimal("0.10")]) == canonical_json([Decimal("0.1")])


def test_a_number_is_not_the_text_of_its_digits() -> None:
    assert canonical_json([Decimal("1")]) != canonical_json(["1"])


def test_the_order_of_a_list_matters() -> None:
    assert canonical_json(["a", "b"]) != canonical_json(["b", "a"])


def test_a_secret_is_no_part_of_the_identity() -> None:
    assert canonical_json({"a": True, "Secret": "x"}) == canonical_json({"a": True, "token": None})


def test_a_secret_inside_an_inner_object_is_left_out_too() -> None:
    assert canonical_json({"a": {"password": "x"}}) == canonical_json({"a": {}})


@pytest.mark.parametrize("text", ["buy X\nsl 1", "  buy X\r\nsl 1 \n", "buy X\rsl 1"])
def test_line_endings_and_outer_blanks_of_a_text_do_not_matter(text: str) -> None:
    assert canonical_text(text) == b"buy X\nsl 1"


def test_the_case_of_a_text_matters() -> None:
    assert canonical_text("BUY") != canonical_text("buy")


def test_a_body_and_an_id_never_make_the_same_key() -> None:
    assert body_key(b"x") == (
        "body:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    )
    assert id_key("x-17") == "id:x-17"


@pytest.mark.parametrize(
    "key",
    [
        "secret",
        "Token",
        "passphrase",
        "PASSWORD",
        "pin",
        "key",
        "apikey",
        "api_key",
        "api-secret",
        "api.token",
        "auth_key",
        "email_token",
        "licence",
        "LicenseID",
        "signalToken",
    ],
)
def test_these_keys_hold_secrets(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize("key", ["symbol", "keyword", "monkey", "pine", "action", "spin", "tokens"])
def test_these_keys_hold_no_secrets(key: str) -> None:
    assert not is_secret_key(key)
