"""One line per event, as JSON, with secrets struck out wherever they stand."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bridge.logs import mask, set_up

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"  # not a secret


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The root logger as pytest had it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def masked(**line: Any) -> dict[str, Any]:
    return dict(mask(None, "info", line))


@pytest.mark.parametrize(
    "key",
    [
        *("password", "Password", "passphrase", "secret", "hook_secret", "token", "access_token"),
        *("refreshToken", "authorization", "Cookie", "api_key", "apikey", "email", "mail"),
    ],
)
def test_what_a_key_names_as_secret_is_struck_out(key: str) -> None:
    assert masked(**{key: "hunter2"}) == {key: "***"}


@pytest.mark.parametrize("key", ["event", "account", "error", "path", "detail"])
def test_other_values_are_kept(key: str) -> None:
    assert masked(**{key: "EURUSD"}) == {key: "EURUSD"}
    assert masked(**{key: 7}) == {key: 7}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Bearer {JWT}", "Bearer ***"),
        (f"bearer {JWT} and more", "bearer *** and more"),
        ("POST /hook/AbC-12_3 said 404", "POST /hook/*** said 404"),
        (f"it answered {JWT}.", "it answered ***."),
        ("postgresql://bridge:hunter2@db/b", "postgresql://bridge:***@db/b"),
        ("http://127.0.0.1:8000/a@b", "http://127.0.0.1:8000/a@b"),
        ("the bearer of news", "the bearer of news"),
        ("nothing here", "nothing here"),
    ],
)
def test_tokens_inside_texts_are_struck_out(text: str, left: str) -> None:
    assert masked(event=text) == {"event": left}


def test_secrets_deeper_down_are_struck_out_too() -> None:
    line = masked(request={"email": "a@b", "body": [{"password": "x"}, f"Bearer {JWT}"], "n": 1})
    assert line == {
        "request": {"email": "***", "body": [{"password": "***"}, "Bearer ***"], "n": 1}
    }


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_of_ours_is_json_with_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    with structlog.contextvars.bound_contextvars(alert="a1"):
        structlog.get_logger("bridge.test").info("execution moved", old="queued", token="x")
    (line,) = said(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "execution moved",
        "old": "queued",
        "token": "***",
        "alert": "a1",
        "level": "info",
        "logger": "bridge.test",
    }


def test_a_librarys_line_has_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    logging.getLogger("library").warning("POST /hook/%s failed", "AbC")
    (line,) = said(capsys)
    assert line["event"] == "POST /hook/*** failed"
    assert (line["level"], line["logger"]) == ("warning", "library")


def test_a_traceback_is_struck_out_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    try:
        raise ValueError(f"Bearer {JWT}")
    except ValueError:
        structlog.get_logger().exception("a step failed")
    (line,) = said(capsys)
    assert "ValueError" in line["exception"]
    assert JWT not in line["exception"]


@pytest.mark.parametrize(
    ("level", "events"),
    [("debug", ["one", "two", "three"]), ("info", ["two", "three"]), ("error", ["three"])],
)
def test_the_level_is_the_settings(
    capsys: pytest.CaptureFixture[str], level: str, events: list[str]
) -> None:
    set_up(level)
    logger = logging.getLogger("some")
    logger.debug("one")
    logger.info("two")
    logger.error("three")
    assert [line["event"] for line in said(capsys)] == events


@pytest.mark.parametrize("library", ["urllib3", "alembic", "werkzeug"])
def test_chatty_libraries_only_warn(capsys: pytest.CaptureFixture[str], library: str) -> None:
    set_up("debug")
    logging.getLogger(library).info("chatter")
    logging.getLogger(library).warning("trouble")
    assert [line["event"] for line in said(capsys)] == ["trouble"]


def test_on_a_terminal_it_is_pretty(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(pretty=True)
    structlog.get_logger().info("execution moved", password="hunter2")
    told = capsys.readouterr().err
    assert "execution moved" in told
    assert "hunter2" not in told
