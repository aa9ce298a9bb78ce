"""How Bridge is served: the web app and, where it is embedded, the dispatcher beside it.

Threads do not survive a fork, so this is assembled inside the one worker, after it was forked.
"""

import gc
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from flask import Flask

from bridge.app import create_app
from bridge.config import Settings
from bridge.dispatcher.process import Dispatcher
from bridge.errors import CannotOpen, WrongSettings
from bridge.sealing import Keys, ensure_keys, open_data_key
from bridge.store import people
from bridge.store.db import PAGES, Database
from bridge.store.migrate import is_current, upgrade

log = structlog.get_logger(__name__)

_running: list[Dispatcher] = []


def utc_now() -> datetime:
    """The one clock of a process."""
    return datetime.now(UTC)


def prepared(settings: Settings) -> Settings:
    """The settings with their keys, on a database that is current and durable.

    A SQLite file is brought to the newest schema here; on Postgres `bridge migrate` does that at
    the release. Raises WrongSettings with every reason not to start.
    """
    if settings.database_path is not None:
        make_private(settings.database_path)
        upgrade(settings.database_url)
    database = Database(settings.database_url, PAGES)
    try:
        database.check_durability()
        if not is_current(database):
            raise WrongSettings(
                ["The database has another schema than this code; run `bridge migrate`."]
            )
        settings = ensure_keys(settings, lambda: _sealed_rows_exist(database))
        _check_keys(keys_of(settings), database)
        return settings
    finally:
        database.dispose()


def make_private(path: Path) -> None:
    """A new SQLite file that only its owner reads; its WAL takes the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _sealed_rows_exist(database: Database) -> bool:
    with database.reading() as db:
        return people.sealed_rows_exist(db)


def _check_keys(keys: Keys, database: Database) -> None:
    """Raise WrongSettings for each key that secrets lie under here and that opens none of them."""
    opened, shut = set(), set()
    with database.reading() as db:
        wrapped_keys = people.wrapped_data_keys(db)
    for user, wrapped in wrapped_keys:
        key_id = "".join(wrapped.split(".")[1:2])
        try:
            open_data_key(keys, wrapped, user)
        except CannotOpen:
            shut.add(key_id)
        else:
            opened.add(key_id)
    if shut - opened:
        raise WrongSettings(
            [
                f"BRIDGE_ENCRYPTION_KEYS: secrets here are sealed under key {key_id}, which is "
                "missing or not the one that sealed them."
                for key_id in sorted(shut - opened)
            ]
        )


def keys_of(settings: Settings) -> Keys:
    """The encryption keys of prepared settings."""
    if settings.encryption_keys is None:
        raise WrongSettings(["BRIDGE_ENCRYPTION_KEYS: missing."])
    return Keys.parse(settings.encryption_keys)


def assemble(settings: Settings) -> Flask:
    """The web app of prepared settings, with the dispatcher running if it is embedded."""
    keys = keys_of(settings)
    if not settings.embedded:
        return create_app(settings, keys=keys, clock=utc_now)
    dispatcher = Dispatcher(settings, keys, utc_now)
    app = create_app(settings, keys=keys, wake=dispatcher.wake.set, clock=utc_now)
    threading.Thread(target=dispatcher.run, name="dispatcher", daemon=True).start()
    _running.append(dispatcher)
    # what was imported stays for good: looking through it again and again held up orders for up
    # to a tenth of a second
    gc.collect()
    gc.freeze()
    return app


def stop_embedded(_server: Any, _worker: Any) -> None:
    """gunicorn's `worker_exit`: end the calls in hand and give every lane back."""
    while _running:
        dispatcher = _running.pop()
        dispatcher.stop()
        if not dispatcher.join():
            log.warning("the dispatcher did not drain in time; what is left will be asked for")
