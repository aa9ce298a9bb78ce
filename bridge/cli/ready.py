"""What a command needs before it can begin: settings with keys, and a database that is current."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bridge.config import Settings, read_settings
from bridge.sealing import Keys
from bridge.store.db import PAGES, Database


@dataclass(frozen=True)
class Ready:
    """A command's surroundings."""

    settings: Settings
    database: Database
    keys: Keys

    def now(self) -> datetime:
        """The time, with its zone."""
        return datetime.now(UTC)


@contextmanager
def ready() -> Iterator[Ready]:
    """Raises WrongSettings with every reason why no command can work here."""
    from bridge.serving import keys_of, prepared

    settings = prepared(read_settings())
    database = Database(settings.database_url, PAGES)
    try:
        yield Ready(settings, database, keys_of(settings))
    finally:
        database.dispose()
