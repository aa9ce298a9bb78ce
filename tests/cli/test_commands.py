"""Commands are loaded one by one, and our errors are sentences with exit code 2."""

import importlib
import subprocess
import sys
from importlib.metadata import version

import click
import pytest

from bridge.cli import COMMANDS
from tests.cli.conftest import Bridge

HEAVY = ("sqlalchemy", "flask", "requests", "marshmallow", "cryptography", "rich.table")


def test_the_help_names_every_command(bridge: Bridge) -> None:
    told = bridge("--help")
    assert told.code == 0
    for name in ("import", "export", "parse", "send", "preview", "user", "doctor", "run", "demo"):
        assert f"  {name} " in told.out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_listed_command_is_there(name: str) -> None:
    entry = COMMANDS[name]
    found = getattr(importlib.import_module(f"bridge.cli.{entry.module}"), entry.name)
    assert isinstance(found, click.Command)


def test_the_version_is_that_of_the_package(bridge: Bridge) -> None:
    assert version("bridge") in bridge("--version").out


def test_an_unknown_command_is_a_usage_error(bridge: Bridge) -> None:
    told = bridge("fly")
    assert told.code == 2
    assert "No such command" in told.err


def test_starting_loads_nothing_heavy() -> None:
    code = (
        "import sys, bridge.cli; bridge.cli.outcome_of(['--help']); "
        f"loaded = [m for m in {HEAVY!r} if m in sys.modules]; sys.exit(str(loaded or '') or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_wrong_settings_are_all_named(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("BRIDGE_DISPATCHER", "sometimes")
    told = bridge("export")
    assert told.code == 2
    assert told.out == ""
    assert "PORT" in told.err
    assert "BRIDGE_DISPATCHER" in told.err
