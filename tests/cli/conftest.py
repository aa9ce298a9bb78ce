"""The command line in this process, on a SQLite file and keys of the test's own."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.cli import outcome_of


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    code: int
    out: str
    err: str


Bridge = Callable[..., Ran]


@pytest.fixture
def bridge(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Bridge:
    """Runs one command line, with a text on standard input."""
    for name in ("PORT", "BRIDGE_URL", "BRIDGE_PAPER_URL", "BRIDGE_ALLOW_LIVE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("BRIDGE_SECRET_KEY", "BRIDGE_ENCRYPTION_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, given: str | bytes = "") -> Ran:
        raw = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        code = outcome_of(list(arguments))
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    return run
