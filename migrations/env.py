"""Runs migrations for a URL given by `bridge migrate` or by DATABASE_URL."""

import os

from alembic import context

from bridge.store.db import PAGES, Database
from bridge.store.tables import Base

url = context.config.attributes.get("url") or os.environ.get(
    "DATABASE_URL", "sqlite:///var/bridge.db"
)
database = Database(url, PAGES)
with database.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
database.dispose()
