"""What every view may ask for: settings, databases, keys, the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app

from bridge.config import Settings
from bridge.errors import Refused
from bridge.intake import Doubts
from bridge.sealing import Keys
from bridge.store.db import Database


@dataclass(frozen=True)
class Services:
    """One app's own. `ingest` has a pool of its own, so that pages never keep a hook waiting."""

    settings: Settings
    ingest: Database
    pages: Database
    keys: Keys | None
    wake: Callable[[], None] | None
    now: Callable[[], datetime]
    doubts: Doubts


def services() -> Services:
    """Those of the app that answers this request."""
    return cast(Services, current_app.extensions["bridge"])


def encryption_keys() -> Keys:
    """The keys of this process. Raises Refused when it has none."""
    keys = services().keys
    if keys is None:
        raise Refused(
            "no_encryption_keys", None, "This process has no encryption keys, so it seals nothing."
        )
    return keys
