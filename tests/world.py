"""A whole Bridge for a test: its web app, a lane worker that runs when told, and a paper broker."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.app import create_app
from bridge.config import Settings, Timings
from bridge.dispatcher.lanes import Held
from bridge.dispatcher.loop import step
from bridge.domain.status import FINAL, Status
from bridge.domain.values import Secret
from bridge.lane import Tools
from bridge.observe import Brokers
from bridge.sealing import Keys
from bridge.store.db import DISPATCH, PAGES, Database
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.work import AlertRow, ExecutionRow
from bridge.transfer import import_file

PASSWORD = "a password of the owner"
KEYS = Secret("k1:" + "x" * 40)
QUICK = Timings(
    first_follow=timedelta(milliseconds=20),
    back_off_first=timedelta(milliseconds=20),
    back_off_longest=timedelta(milliseconds=100),
)
FOLLOW: Mapping[str, Any] = {
    "name": "Follow",
    "hook": "main",
    "mode": "live",
    "when": {"symbols": ["*"], "actions": ["*"]},
    "what": "follow",
    "accounts": [{"connection": "Paper", "account": {"acc_num": "1"}, "multiplier": "1"}],
    "size": {"mode": "as_alert", "unit": "lots", "fallback": {"mode": "lots", "value": "0.10"}},
}


def utc_now() -> datetime:
    return datetime.now(UTC)


def settings_for(database_url: str, paper_url: str | None = None) -> Settings:
    """Settings of a service on this database, with paper at `paper_url`."""
    return Settings(
        database_url=database_url,
        secret_key=Secret("s" * 40),
        encryption_keys=KEYS,
        port=8000,
        host="127.0.0.1",
        url="http://127.0.0.1:8000",
        dispatcher="external",
        paper_url=paper_url,
        allow_live=False,
        listen_url=None,
        proxy_hops=0,
        volume=False,
        log_level="warning",
    )


@dataclass
class World:
    """Alerts go in at `post`; `work` carries out what is queued, in this thread."""

    settings: Settings
    app: Flask
    client: FlaskClient
    database: Database
    tools: Tools
    hook: str

    def post(self, body: str | bytes | Mapping[str, Any], **headers: str) -> TestResponse:
        """Send an alert to the hook."""
        if isinstance(body, Mapping):
            return self.client.post(self.hook, json=dict(body), headers=headers)
        raw = body.encode() if isinstance(body, str) else body
        return self.client.post(self.hook, data=raw, headers=headers)

    def work(self, until: Callable[[], bool] | None = None, seconds: float = 20) -> None:
        """Carry out what is due until nothing is unfinished, or until told, within a deadline."""
        deadline = time.monotonic() + seconds
        done = until or self.all_final
        while not done():
            assert time.monotonic() < deadline, f"still unfinished: {self.statuses()}"
            if not self.turn():
                time.sleep(0.01)

    def turn(self) -> bool:
        """Claim what is due and work it until it is given back; whether there was any."""
        held = Held(self.tools, self.database)
        claimed = held.claim(8)
        for lane in claimed:
            while step(lane):
                pass
        return bool(claimed)

    def all_final(self) -> bool:
        return all(status in FINAL for status in self.statuses())

    def statuses(self) -> list[Status]:
        """Of every execution, oldest first."""
        return [Status(row.status) for row in self.executions()]

    def executions(self) -> list[ExecutionRow]:
        with self.database.reading() as db:
            rows = db.scalars(sa.select(ExecutionRow).order_by(ExecutionRow.id))
            return list(rows)

    def alerts(self) -> list[AlertRow]:
        with self.database.reading() as db:
            return list(db.scalars(sa.select(AlertRow).order_by(AlertRow.id)))

    def events(self) -> list[str]:
        """What the audit log holds, oldest first."""
        with self.database.reading() as db:
            return list(db.scalars(sa.select(AuditRow.event).order_by(AuditRow.id)))

    def close(self) -> None:
        self.tools.brokers.close()
        self.database.dispose()
        services = self.app.extensions["bridge"]
        services.ingest.dispose()
        services.pages.dispose()


def make_world(
    database_url: str,
    *rules: Mapping[str, Any],
    paper_url: str | None = None,
    timings: Timings = QUICK,
    hooks: tuple[Mapping[str, Any], ...] = ({"name": "main"},),
    clock: Callable[[], datetime] = utc_now,
) -> World:
    """A Bridge with one user, one paper login, one hook and these rules."""
    settings = settings_for(database_url, paper_url)
    keys = Keys.parse(KEYS)
    pages = Database(database_url, PAGES)
    given = import_file(
        pages,
        keys,
        settings,
        import_form(*rules, hooks=hooks),
        rotate_hooks=False,
        new_token=False,
        now=clock(),
    )
    pages.dispose()
    app = create_app(settings, keys=keys, clock=clock)
    database = Database(database_url, replace(DISPATCH, pool=4))
    tools = Tools(
        database=database,
        brokers=Brokers(database, keys, settings, timings, clock),
        timings=timings,
        owner="test",
        now=clock,
        monotonic=time.monotonic,
        randomness=_numbered(),
        jitter=lambda: 0.5,
    )
    url = given["hooks"][hooks[0]["name"]]
    path = url.removeprefix(settings.url)
    return World(settings, app, app.test_client(), database, tools, path)


def _numbered() -> Callable[[int], bytes]:
    """Randomness that never repeats within a test."""
    import secrets

    return secrets.token_bytes


def import_form(
    *rules: Mapping[str, Any], hooks: tuple[Mapping[str, Any], ...] = ({"name": "main"},)
) -> dict[str, Any]:
    """One import file with these rules."""
    return {
        "user": {"email": "owner@example.org", "password": PASSWORD},
        "connections": [
            {
                "name": "Paper",
                "environment": "paper",
                "email": "login@example.org",
                "password": "the login's password",
                "server": "PAPER",
            }
        ],
        "hooks": [dict(hook) for hook in hooks],
        "rules": [{**rule, "position": n} for n, rule in enumerate(rules, start=1)],
    }
