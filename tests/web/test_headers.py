"""Hosts we do not answer for, headers that every answer carries, files kept for good."""

import hashlib
from pathlib import Path

import pytest
from flask import Flask

from bridge.app import create_app
from bridge.web.assets import FOLDER, asset
from bridge.web.headers import POLICY
from tests.people import ThreePeople
from tests.settings import some_settings
from tests.web.conftest import As, Clock, close

VENDOR = FOLDER / "vendor"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil"])
def test_a_foreign_host_is_answered_400(host: str, app: Flask) -> None:
    assert app.test_client().get("/sign-in", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "127.0.0.1"])
def test_our_own_hosts_are_answered(host: str, app: Flask) -> None:
    assert app.test_client().get("/sign-in", headers={"Host": host}).status_code == 200


def test_the_host_of_our_public_address_is_answered(sqlite_url: str, clock: Clock) -> None:
    app = create_app(
        some_settings(database_url=sqlite_url, url="https://bridge.example.org:8443"), clock=clock
    )
    page = app.test_client().get("/sign-in", headers={"Host": "bridge.example.org"})
    assert page.status_code == 200
    close(app)


def test_health_checks_may_call_us_anything(app: Flask) -> None:
    assert app.test_client().get("/healthz", headers={"Host": "10.1.2.3"}).status_code == 200


def test_every_answer_carries_the_security_headers(
    app: Flask, people: ThreePeople, browser_of: As
) -> None:
    alice = browser_of(people.alice)
    for path in ("/audit", "/nothing", "/healthz", "/sign-out", "/hook/nothing", asset("app.js")):
        answer = alice.get(path, buffered=True)
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in answer.headers
    assert alice.get("/audit").headers["Cache-Control"] == "no-store"


def test_files_are_kept_for_good_under_their_hash(app: Flask) -> None:
    client = app.test_client()
    for path in FOLDER.rglob("*.*"):
        name = path.relative_to(FOLDER).as_posix()
        answer = client.get(asset(name), buffered=True)
        assert answer.status_code == 200
        assert answer.data == path.read_bytes()
        assert {"public", "immutable", "max-age=31536000"} <= set(
            answer.headers["Cache-Control"].split(", ")
        )
    assert client.get("/static/0000000000000000/app.js").status_code == 404
    assert client.get(f"/static/{asset('app.js').split('/')[2]}/../app.py").status_code == 404


def test_vendored_files_are_those_of_the_lock() -> None:
    lines = (VENDOR / "vendor.lock").read_text().splitlines()[1:]
    locked = {name: digest for _, _, name, digest, _ in (line.split("  ") for line in lines)}
    seen = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest()
        for p in VENDOR.iterdir()
        if p.suffix in (".css", ".js")
    }
    assert seen == locked
    assert {p.name for p in VENDOR.glob("*.LICENSE")} == {"bootstrap.LICENSE", "htmx.LICENSE"}


def test_no_template_has_inline_script_or_style_or_switches_escaping_off() -> None:
    templates = sorted((Path(FOLDER).parent / "templates").rglob("*.html"))
    assert templates
    for path in templates:
        text = path.read_text()
        for wrong in ("|safe", "| safe", "style=", "<style", "onclick", "autoescape", "<script>"):
            assert wrong not in text, path.name


def test_behind_a_proxy_the_sender_is_counted_from_the_right(sqlite_url: str, clock: Clock) -> None:
    app = create_app(some_settings(database_url=sqlite_url, proxy_hops=1), clock=clock)
    seen: list[str | None] = []

    @app.before_request
    def note() -> None:
        from flask import request

        seen.append(request.remote_addr)

    app.test_client().get("/healthz", headers={"X-Forwarded-For": "52.89.214.238, 203.0.113.9"})
    assert seen == ["203.0.113.9"]
    close(app)
