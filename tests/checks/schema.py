"""Whether the migrations build the tables that the models describe (here on SQLite; the tests do it
on Postgres too)."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bridge.store.migrate import differences, upgrade
from tests.checks import report


def faults() -> Iterator[str]:
    """Where models and migrations disagree."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bridge.db'}"
        upgrade(url)
        yield from differences(url)


if __name__ == "__main__":
    report("schema", faults())
