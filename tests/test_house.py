"""The house's rules hold for the code, and each checker sees the fault it is there for."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge import dialects
from bridge.config import SETTINGS
from bridge.domain.status import Status
from tests import house
from tests.checks import leaks, locks

ROOT = Path(__file__).parents[1]
BRIDGE = ROOT / "bridge"

Check = Callable[[Path], Iterator[str]]

CHECKS = [
    house.without_level,
    house.wrong_imports,
    house.relative_imports,
    house.floats,
    house.catch_alls,
    house.environment_reads,
    house.vague_names,
]


@pytest.mark.parametrize("check", CHECKS)
def test_bridge_keeps_the_rules_of_the_house(check: Check) -> None:
    assert list(check(BRIDGE)) == []


@pytest.mark.parametrize(
    ("check", "path", "code"),
    [
        (house.without_level, "gadgets.py", ""),
        (house.wrong_imports, "intake.py", "import bridge.web"),
        (house.wrong_imports, "intake.py", "from bridge.execute import execute"),
        (house.wrong_imports, "store/db.py", "from bridge import brokers"),
        (house.wrong_imports, "store/db.py", "def late():\n    import bridge.audit"),
        (house.wrong_imports, "store/db.py", "from bridge.gadgets import Gadget"),
        (house.wrong_imports, "execute.py", "from bridge.paper.book import Book"),
        (house.wrong_imports, "paper/app.py", "from bridge.domain.rules import Rule"),
        (house.wrong_imports, "paper/app.py", "import bridge.store"),
        (house.wrong_imports, "web/hook.py", "from sqlalchemy.orm import Session"),
        (house.wrong_imports, "execute.py", "import requests"),
        (house.wrong_imports, "domain/rules.py", "import simpleeval"),
        (house.wrong_imports, "errors.py", "import flask"),
        (house.wrong_imports, "domain/values.py", "import bridge"),
        (house.relative_imports, "web/hook.py", "from . import signatures"),
        (house.floats, "domain/sizing.py", "lots = float(text)"),
        (house.catch_alls, "execute.py", "try:\n    go()\nexcept Exception:\n    pass"),
        (house.catch_alls, "execute.py", "try:\n    go()\nexcept:\n    pass"),
        (
            house.catch_alls,
            "intake.py",
            "try:\n    go()\nexcept (OSError, BaseException):\n    pass",
        ),
        (house.environment_reads, "web/hook.py", "import os\nos.environ['PORT']"),
        (house.environment_reads, "web/hook.py", "import os\nos.getenv('PORT')"),
        (house.environment_reads, "web/hook.py", "from os import environ"),
        (house.vague_names, "store/helpers.py", ""),
        (house.vague_names, "common/rows.py", ""),
    ],
)
def test_a_checker_sees_its_fault(check: Check, path: str, code: str, tmp_path: Path) -> None:
    assert len(list(check(_package(tmp_path, path, code)))) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("intake.py", "from bridge.domain import matching\nfrom bridge import store"),
        ("store/alerts.py", "import sqlalchemy\nfrom bridge.store.db import Database"),
        ("domain/expressions.py", "import simpleeval\nfrom decimal import Decimal"),
        ("paper/book.py", "from bridge.domain.values import Lots\nfrom bridge.paper import wire"),
        ("cli/run.py", "import requests\nfrom bridge.paper import app\nfrom bridge.app import go"),
        ("config.py", "import os\nos.environ"),
        ("__main__.py", "from bridge.cli import main"),
        ("web/hook.py", "seconds = float(text)"),
        ("dispatcher/loop.py", "try:\n    go()\nexcept Exception:\n    pass"),
    ],
)
def test_no_checker_minds_what_is_allowed(path: str, code: str, tmp_path: Path) -> None:
    package = _package(tmp_path, path, code)
    assert [fault for check in CHECKS for fault in check(package)] == []


def _package(folder: Path, path: str, code: str) -> Path:
    module = folder / "bridge" / path
    module.parent.mkdir(parents=True)
    module.write_text(code)
    return folder / "bridge"


def test_the_locks_hold_what_pyproject_asks_for() -> None:
    assert list(locks.faults()) == []


HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    "entry",
    [
        "flask==3.1.3",
        f"flask>=3 {HASH}",
        f"flask @ https://example.org/flask.whl {HASH}",
        "--index-url https://example.org/simple",
    ],
)
def test_a_lock_entry_is_pinned_hashed_and_names_no_place(entry: str) -> None:
    assert len(list(locks.unsafe(entry))) == 1


def test_a_lock_must_give_what_is_asked_for() -> None:
    lock = locks.pinned(f"flask==3.1.3 \\\n    {HASH}\n    # via bridge\nPy_YAML[x]==6.0 {HASH}\n")
    assert lock == {"flask": "3.1.3", "py-yaml": "6.0"}
    assert list(locks.unsatisfied(["flask>=3,<4", "py.yaml"], lock)) == []
    assert list(locks.unsatisfied(["flask>=4", "rich"], lock)) == [
        "flask>=4: the lock has 3.1.3",
        "rich: not in the lock",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "token = '" + "ghp_" + "a1B2" * 9 + "'",
        "url = 'https://discord.com/api/" + "webhooks/123456789012345678/" + "Ab3" * 20 + "'",
        "bot = 1234567890:" + "AA" + "h7Kq2LmZx" * 3 + "h7Kq2L",
        "DATABASE_URL=postgres://bridge:" + "correcthorse@db.example.org/bridge",
        'KEY = "' + "9f8e7d6c5b4a3928" + "1706f5e4d3c2b1a0" + '"',
        'KEY = "' + "q8Zt3LwKx0VbR7nJ" + "mY2cPsD5fHgA9eUi" + '"',
    ],
)
def test_a_secret_is_found_unless_the_line_says_it_is_none(line: str) -> None:
    assert next(leaks.leaks(f"first\n{line}"))[0] == 2
    assert list(leaks.leaks(f"{line}  # not a secret")) == []


@pytest.mark.parametrize(
    "line",
    [
        '"abcdefghijklmnopqrstuvwxyz0123456789"',
        '"test_an_alert_sent_four_times_places_one_order"',
        f'"{"0" * 64}"',
        'url = "postgres://postgres:@/bridge?host=/tmp"',
        'DATABASE_URL: "postgres://bridge:$PASSWORD@db/bridge"',
        '"sqlite:///var/bridge.db"',
    ],
)
def test_what_is_plainly_no_secret_passes(line: str) -> None:
    assert list(leaks.leaks(line)) == []


def settings_rows(readme: str) -> list[tuple[str, ...]]:
    """The rows of the README's settings table: variable, meaning, default."""
    rows = re.findall(r"^\| *`([A-Z_]+)` *\| *(.*?) *\| *(.*?) *\|$", readme, re.MULTILINE)
    return [tuple(row) for row in rows]


def test_a_settings_table_is_read() -> None:
    readme = "| variable | meaning | default |\n|---|---|---|\n| `PORT` | The port. | `8000` |\n"
    assert settings_rows(readme) == [("PORT", "The port.", "`8000`")]


def first_cells(readme: str, head: str) -> list[str]:
    """The code words in the first column of the table whose first heading is `head`."""
    _, _, table = readme.partition(f"| {head} |")
    return re.findall(r"^\| `([^`]+)` \|", table.partition("\n\n")[0], re.MULTILINE)


def test_the_readme_lists_every_status_of_an_execution() -> None:
    assert first_cells((ROOT / "README.md").read_text(), "status") == [s.value for s in Status]


def test_the_readme_lists_every_dialect() -> None:
    assert first_cells((ROOT / "README.md").read_text(), "dialect") == list(dialects.NAMES)


def test_the_readme_lists_every_setting_and_no_other() -> None:
    told = [(s["name"], s["meaning"], s["default"]) for s in SETTINGS]
    assert settings_rows((ROOT / "README.md").read_text()) == told


def test_every_changelog_has_a_place_for_what_comes_next() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()
