"""The database: the only place that knows SQLAlchemy. Others take `Session` from here."""

from sqlalchemy.orm import Session

__all__ = ["Session"]
