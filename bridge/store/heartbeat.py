"""Signs of life of dispatchers, and the generation of lanes and statuses in this database."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bridge.store.tables.work import DispatcherRow, GenerationRow


def beat(db: Session, name: str, generation: int, now: datetime) -> None:
    """Say that a dispatcher is alive."""
    make = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"name": name, "generation": generation, "started_at": now, "beat_at": now}
    statement = make(DispatcherRow).values(**values)
    db.execute(
        statement.on_conflict_do_update(index_elements=[DispatcherRow.name], set_={"beat_at": now})
    )


def generation(db: Session) -> int:
    """What lanes and statuses mean here."""
    return db.execute(sa.select(GenerationRow.number)).scalar_one()
