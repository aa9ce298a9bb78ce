"""Signing in and out: same answers for strangers, sessions that end, an owner never locked out."""

import re
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.app import create_app
from bridge.store.db import Database
from bridge.store.signing_in import hash_password, is_outdated, is_password
from bridge.store.tables.audit import AuditRow
from tests.factories import PASSWORD, make_user
from tests.people import ThreePeople
from tests.settings import some_settings
from tests.web.conftest import As, Clock, close


def token_in(page: TestResponse) -> str:
    """The token against forged requests in a form."""
    found = re.search(r'name="csrf_token"\s+value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **also: str) -> TestResponse:
    """Fill in the form as a person would."""
    token = token_in(client.get("/sign-in"))
    form = {"email": email, "password": password, "csrf_token": token, **also}
    return client.post("/sign-in", data=form)


def events(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(sa.select(AuditRow.event).order_by(AuditRow.id)))


def test_alice_signs_in_and_out_and_both_are_on_record(
    app: Flask, people: ThreePeople, database: Database
) -> None:
    alice = app.test_client()
    answer = sign_in(alice, " Alice@Example.org ")
    assert (answer.status_code, answer.location) == (302, "/audit")
    page = alice.get("/audit")
    assert "alice@example.org" in page.text
    assert alice.get("/sign-in").location == "/audit"
    left = alice.post("/sign-out", data={"csrf_token": token_in(page)})
    assert left.location == "/sign-in"
    assert alice.get("/audit").location == "/sign-in?next=%2Faudit"
    assert events(database) == ["sign_in.succeeded", "sign_out.done"]


def test_a_wrong_password_an_unknown_address_and_a_closed_account_get_one_answer(
    app: Flask, people: ThreePeople, database: Database
) -> None:
    with database.transaction() as db:
        make_user(db, "gone@example.org", active=False)
    answers = [
        sign_in(app.test_client(), "alice@example.org", "wrong password"),
        sign_in(app.test_client(), "alice@example.org", "x"),
        sign_in(app.test_client(), "alice@example.org", "pässwörd ☃ 密码"),
        sign_in(app.test_client(), "alice@example.org", "nul\0nul"),
        sign_in(app.test_client(), "gone@example.org", PASSWORD),
        sign_in(app.test_client(), "nobody@example.org", PASSWORD),
        sign_in(app.test_client(), "nobody\0@example.org", PASSWORD),
    ]
    sentences = [re.search(r'role="alert">\s*([^<]+?)\s*<', a.text) for a in answers]
    assert {a.status_code for a in answers} == {401}
    assert {s and s[1] for s in sentences} == {"The e-mail address or the password is wrong."}
    assert set(events(database)) == {"sign_in.failed"}


def test_a_password_is_taken_whole_or_not_at_all(app: Flask, database: Database) -> None:
    long = "é" * 2048
    with database.transaction() as db:
        make_user(db, "long@example.org", password=long)
    assert sign_in(app.test_client(), "long@example.org", long[:-1]).status_code == 401
    assert sign_in(app.test_client(), "long@example.org", long).status_code == 302
    assert sign_in(app.test_client(), "long@example.org", long + "e").status_code == 422


def test_passwords_are_kept_as_argon2id_with_our_parameters() -> None:
    stored = hash_password(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_password(PASSWORD, stored)
    assert not is_password(PASSWORD, None)
    assert not is_password(PASSWORD, "not a hash")
    assert not is_outdated(stored)


def test_a_hash_with_old_parameters_is_renewed_at_sign_in(app: Flask, database: Database) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with database.transaction() as db:
        user = make_user(db, "old@example.org")
        user.password = old
    assert sign_in(app.test_client(), "old@example.org").status_code == 302
    with database.reading() as db:
        renewed = db.get_one(type(user), user.id).password
    assert renewed != old
    assert not is_outdated(renewed)


def test_the_session_is_new_at_sign_in(app: Flask, people: ThreePeople) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    sign_in(client, "alice@example.org")
    with client.session_transaction() as session:
        assert "planted" not in session


@pytest.mark.parametrize(
    ("after", "touched", "alive"),
    [
        (timedelta(minutes=29), "yes", True),
        (timedelta(minutes=31), "yes", False),
        (timedelta(minutes=31), "no", False),
    ],
)
def test_a_session_ends_when_nobody_is_there(
    after: timedelta, touched: str, alive: bool, people: ThreePeople, browser_of: As, clock: Clock
) -> None:
    alice = browser_of(people.alice)
    clock.now += after
    answer = alice.get("/audit/news?cursor=none", headers={"Bridge-Present": touched})
    assert answer.status_code == (204 if alive else 302)


def test_a_page_that_asks_by_itself_does_not_keep_a_session_alive(
    people: ThreePeople, browser_of: As, clock: Clock
) -> None:
    left, used = browser_of(people.alice), browser_of(people.alice)
    seen = []
    for _ in range(4):
        clock.now += timedelta(minutes=10)
        by_itself = left.get("/audit/news", headers={"Bridge-Present": "no"})
        touched = used.get("/audit/news", headers={"Bridge-Present": "yes"})
        seen.append((by_itself.status_code, touched.status_code))
    assert seen == [(204, 204)] * 3 + [(302, 204)]


def test_a_session_ends_after_twelve_hours(
    people: ThreePeople, browser_of: As, clock: Clock
) -> None:
    alice = browser_of(people.alice)
    for _ in range(12 * 3):
        clock.now += timedelta(minutes=20)
        assert alice.get("/audit").status_code == 200
    clock.now += timedelta(minutes=1)
    assert alice.get("/audit").status_code == 302


def test_changing_the_uniquifier_ends_every_session(
    people: ThreePeople, browser_of: As, database: Database
) -> None:
    alice = browser_of(people.alice)
    assert alice.get("/audit").status_code == 200
    with database.transaction() as db:
        db.get_one(type(people.alice), people.alice.id).fs_uniquifier = "another"
    assert alice.get("/audit").status_code == 302


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/audit?status=filled", "/audit?status=filled"),
        ("//evil.example", "/audit"),
        ("/\\evil.example", "/audit"),
        ("https://evil.example", "/audit"),
        ("/sign-out", "/audit"),
        ("/audit\r\nX: y", "/audit"),
        ("", "/audit"),
    ],
)
def test_after_sign_in_one_stays_here(
    wanted: str, goes_to: str, app: Flask, people: ThreePeople
) -> None:
    assert sign_in(app.test_client(), "alice@example.org", next=wanted).location == goes_to


def test_another_sessions_csrf_token_is_refused(app: Flask, people: ThreePeople) -> None:
    other, client = app.test_client(), app.test_client()
    theirs = token_in(other.get("/sign-in"))
    client.get("/sign-in")
    form = {"email": "alice@example.org", "password": PASSWORD, "csrf_token": theirs}
    assert client.post("/sign-in", data=form).status_code == 400
    trick = client.post("/sign-in", data='{"email": "x"}', content_type="text/plain")
    assert trick.status_code == 400


def test_guessing_is_throttled_and_the_owner_still_enters(
    app: Flask, people: ThreePeople, database: Database
) -> None:
    owner = app.test_client()
    assert sign_in(owner, "alice@example.org").status_code == 302
    with owner.session_transaction() as session:
        session.clear()
    guesser = app.test_client()
    token = token_in(guesser.get("/sign-in"))
    form = {"email": "alice@example.org", "password": "guess", "csrf_token": token}
    answers = [
        guesser.post(
            "/sign-in", data=form, environ_overrides={"REMOTE_ADDR": f"198.51.100.{n % 100}"}
        ).status_code
        for n in range(200)
    ]
    assert answers.count(401) <= 30
    assert answers[-1] == 429
    assert sign_in(owner, "alice@example.org").status_code == 302


def test_cookies_are_kept_from_scripts_and_other_sites(app: Flask, people: ThreePeople) -> None:
    for cookie in cookies(sign_in(app.test_client(), "alice@example.org")).values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"


def test_on_https_cookies_are_bound_to_the_host(sqlite_url: str, clock: Clock) -> None:
    secure = create_app(
        some_settings(database_url=sqlite_url, url="https://bridge.example.org"), clock=clock
    )
    page = secure.test_client().get("/sign-in", base_url="https://bridge.example.org")
    (name, cookie), *others = cookies(page).items()
    assert not others
    assert name == "__Host-bridge"
    assert cookie["secure"]
    assert not cookie["domain"]
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    close(secure)


def cookies(answer: TestResponse) -> SimpleCookie:
    """What an answer sets."""
    jar = SimpleCookie()
    for line in answer.headers.getlist("Set-Cookie"):
        jar.load(line)
    return jar
