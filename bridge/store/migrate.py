"""Bring a database to the newest schema, and say which one it has."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bridge.store.db import PAGES, Database
from bridge.store.tables import Base

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
GENERATION = 1
"""Raised only where a migration changes what lanes or statuses mean."""


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Run every missing migration. Safe to repeat."""
    command.upgrade(_config(url), "head")


def is_current(database: Database) -> bool:
    """Whether the database has the newest schema this code knows."""
    with database.engine.connect() as connection:
        seen = MigrationContext.configure(connection).get_current_revision()
    return seen == ScriptDirectory.from_config(_config("")).get_current_head()


def differences(url: str) -> list[str]:
    """Where models and migrations disagree, in words."""
    database = Database(url, PAGES)
    try:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            found = compare_metadata(context, Base.metadata)
            connection.rollback()
    finally:
        database.dispose()
    return [str(difference) for difference in found]
