"""The mapped rows. They stay inside `store`; what leaves it are frozen values."""

from bridge.store.tables import audit, people, routing, work
from bridge.store.tables.base import Base

__all__ = ["Base", "audit", "people", "routing", "work"]
