"""What holds for every route there is, and for each one that is added."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from bridge.store import people as stored_people
from bridge.store.db import Database
from bridge.store.tables.people import UserRow
from tests.factories import NOON
from tests.people import Belongings, ThreePeople, give_everything
from tests.web.conftest import As, told

PUBLIC = {
    "assets.file": "style and script",
    "health.alive": "asked by the platform",
    "health.metrics": "asked by the monitor; no names in it",
    "health.ready": "asked by the platform",
    "hook.receive": "its address is the secret",
    "sign_in.show": "the way in",
    "sign_in.submit": "the way in",
}
OPEN_PATHS = {"/api/v1/openapi.json": "describes the API", "/api/v1/docs": "describes the API"}
NO_CSRF = {"hook.receive": "asked by programs; carries no cookie"}
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
NOBODYS = "0" * 32


@dataclass(frozen=True)
class Route:
    """One way of asking."""

    rule: Rule
    method: str

    def path(self, public_id: str = NOBODYS) -> str:
        return re.sub(r"<[^>]+>", public_id, self.rule.rule)

    @property
    def is_api(self) -> bool:
        return self.rule.rule.startswith("/api/")

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"


def routes(app: Flask) -> Iterator[Route]:
    """Every route and method but those that Flask answers by itself."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(rule, method)


def private(app: Flask) -> list[Route]:
    return [
        route
        for route in routes(app)
        if route.rule.endpoint not in PUBLIC and route.rule.rule not in OPEN_PATHS
    ]


def test_every_view_is_private_unless_listed(app: Flask) -> None:
    stranger = app.test_client()
    for route in private(app):
        answer = stranger.open(route.path(), method=route.method, headers={"Accept": "text/html"})
        to_sign_in = answer.status_code == 302 and answer.location.startswith("/sign-in?next=")
        refused = answer.status_code == 401
        by_forgery_check = answer.status_code == 400 and route.method in CHANGING
        assert to_sign_in or refused or by_forgery_check, f"{route}: {answer.status}"


def test_every_public_view_exists(app: Flask) -> None:
    assert set(PUBLIC) <= {route.rule.endpoint for route in routes(app)}


def test_every_changing_route_wants_csrf_unless_listed(
    app: Flask, people: ThreePeople, browser_of: As
) -> None:
    alice = browser_of(people.alice)
    for route in routes(app):
        free = route.rule.endpoint in NO_CSRF or route.is_api
        if route.method in CHANGING and not free:
            answer = alice.open(route.path(), method=route.method, headers=JSON)
            assert (answer.status_code, told(answer)["code"]) == (400, "csrf"), str(route)


JSON = {"Accept": "application/json"}


@pytest.fixture
def belongings(database: Database, people: ThreePeople) -> Belongings:
    with database.transaction() as db:
        return give_everything(db, people.alice)


def test_bob_gets_404_for_everything_of_alices(
    app: Flask, database: Database, people: ThreePeople, belongings: Belongings, browser_of: As
) -> None:
    bob = browser_of(people.bob)
    headers = JSON | bearer(database, people.bob)
    for route in private(app):
        if route.rule.arguments:
            for owned in fields(belongings):
                public_id = getattr(belongings, owned.name).public_id
                answer = bob.open(route.path(public_id), method=route.method, headers=headers)
                # a body that is refused before anything is looked up tells nothing either
                fine = {404} if route.method in ("GET", "DELETE") else {400, 404, 415, 422}
                assert answer.status_code in fine, f"{route} with Alice's {owned.name}"


def test_alice_opens_what_is_hers_by_the_same_routes(
    app: Flask, database: Database, people: ThreePeople, belongings: Belongings, browser_of: As
) -> None:
    alice = browser_of(people.alice)
    headers = JSON | bearer(database, people.alice)
    ids = [getattr(belongings, f.name).public_id for f in fields(belongings)]
    for route in private(app):
        if route.rule.arguments and route.method == "GET":
            seen = {statuses(alice, route, public_id, headers) for public_id in ids}
            assert 200 in seen, str(route)


def statuses(client: FlaskClient, route: Route, public_id: str, headers: dict[str, str]) -> int:
    return client.open(route.path(public_id), method=route.method, headers=headers).status_code


def bearer(database: Database, user: UserRow) -> dict[str, str]:
    """The header of a new API token of somebody."""
    with database.transaction() as db:
        _, token = stored_people.create_token(db, user.id, "test", NOON)
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "public_id",
    ["-1", "0", str(2**63), "1e1", "..%2f", "%00", "A" * 32, "0" * 31, "ffffffff-ffff-ffff"],
)
def test_an_id_that_is_none_is_answered_404(
    public_id: str, people: ThreePeople, browser_of: As
) -> None:
    assert browser_of(people.alice).get(f"/alerts/{public_id}").status_code == 404


def test_wrong_verbs_are_answered_405(people: ThreePeople, browser_of: As) -> None:
    alice = browser_of(people.alice)
    for path in ("/audit", "/audit/news", f"/alerts/{NOBODYS}", "/healthz", "/readyz", "/metrics"):
        for method in ("PUT", "DELETE"):
            answer = alice.open(path, method=method, headers=JSON)
            assert (answer.status_code, told(answer)["code"]) == (405, "method_not_allowed")
            assert "GET" in answer.headers["Allow"]
