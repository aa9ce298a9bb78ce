"""Every error has a page and a JSON form; nothing of what went wrong gets out."""

import json
import logging

import pytest
import structlog
from flask import Flask, abort
from structlog.testing import capture_logs

from bridge import errors as ours
from bridge.web.errors import WORDS
from bridge.web.headers import POLICY
from tests.people import ThreePeople
from tests.web.conftest import As, told

PAGE = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def failing(app: Flask) -> Flask:
    """The app with views that fail in every way there is."""

    def status(code: int) -> str:
        abort(code, "a secret detail")

    def exception(name: str) -> str:
        raise {
            "refused": ours.Refused("too_big", "size", "The size is too big."),
            "invalid": ours.Invalid([ours.Fault("a", "x", "One."), ours.Fault("b", None, "Two.")]),
            "not_found": ours.NotFound("a secret detail"),
            "not_stored": ours.NotStored("a secret detail"),
            "bug": ZeroDivisionError("a secret detail"),
        }[name]

    app.add_url_rule("/fail/<int:code>", view_func=status)
    app.add_url_rule("/raise/<name>", view_func=exception)
    return app


@pytest.mark.parametrize("status", sorted(WORDS))
def test_every_error_status_has_a_page_and_a_json_form(
    status: int, failing: Flask, people: ThreePeople, browser_of: As
) -> None:
    alice = browser_of(people.alice)
    page = alice.get(f"/fail/{status}", headers=PAGE)
    answer = alice.get(f"/fail/{status}", headers=JSON)
    assert (page.status_code, answer.status_code) == (status, status)
    assert WORDS[status].title in page.text
    assert set(told(answer)) == {"code", "field", "message"}
    assert told(answer)["code"] == WORDS[status].code
    assert "secret" not in page.text + answer.text
    for seen in (page, answer):
        assert seen.headers["Content-Security-Policy"] == POLICY
        assert seen.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("refused", 422, {"code": "too_big", "field": "size", "message": "The size is too big."}),
        (
            "invalid",
            422,
            {
                "code": "invalid",
                "errors": [
                    {"code": "a", "field": "x", "message": "One."},
                    {"code": "b", "field": None, "message": "Two."},
                ],
            },
        ),
        ("not_found", 404, None),
        ("not_stored", 503, None),
    ],
)
def test_our_exceptions_have_their_answers(
    name: str,
    status: int,
    body: dict[str, object] | None,
    failing: Flask,
    people: ThreePeople,
    browser_of: As,
) -> None:
    alice = browser_of(people.alice)
    answer = alice.get(f"/raise/{name}", headers=JSON)
    assert answer.status_code == status
    assert body is None or answer.json == body
    assert "secret" not in answer.text
    assert alice.get(f"/raise/{name}", headers=PAGE).status_code == status


def test_an_unhandled_exception_shows_an_id_that_stands_in_the_log(
    failing: Flask, people: ThreePeople, browser_of: As
) -> None:
    alice = browser_of(people.alice)
    with capture_logs() as lines:
        answer = alice.get("/raise/bug", headers=JSON)
        page = alice.get("/raise/bug", headers=PAGE)
    assert lines[0]["incident"] in told(answer)["message"]
    assert lines[1]["incident"] in page.text
    assert isinstance(lines[0]["exc_info"], ZeroDivisionError)
    assert lines[0]["route"] == "/raise/<name>"
    for seen in (answer, page):
        assert seen.status_code == 500
        assert "secret" not in seen.text
        assert "Traceback" not in seen.text


def test_nothing_is_found_at_unknown_addresses_by_strangers(app: Flask) -> None:
    stranger = app.test_client()
    assert stranger.get("/nothing", headers=PAGE).status_code == 404
    answer = stranger.get("/api/nothing")
    assert (answer.status_code, told(answer)["code"]) == (404, "not_found")


def test_log_lines_stay_on_one_line() -> None:
    made = structlog.processors.JSONRenderer()(
        logging.getLogger(), "error", {"event": "x", "route": "a\nb"}
    )
    assert json.loads(made)["route"] == "a\nb"
    assert "\n" not in str(made)
