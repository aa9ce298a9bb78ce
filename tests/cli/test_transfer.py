"""`bridge user`, `import` and `export`."""

import json
import stat
from pathlib import Path
from typing import Any

from tests.cli.conftest import Bridge
from tests.test_transfer import FILE

PASSWORD = "correct horse battery\n"


def test_an_import_prints_addresses_and_a_token_once(bridge: Bridge, tmp_path: Path) -> None:
    file = tmp_path / "routing.json"
    file.write_text(json.dumps(FILE))
    first = bridge("import", str(file))
    assert (first.code, first.err) == (0, "")
    told = json.loads(first.out)
    assert told["hooks"]["main"].startswith("http://127.0.0.1:8000/hook/")
    assert told["api_token"]
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600
    again = json.loads(bridge("import", "-", given=json.dumps(FILE)).out)
    assert again["hooks"] == {"main": None, "second": None}
    assert again["api_token"] is None
    anew = bridge("import", "--rotate-hooks", "--new-token", "-", given=json.dumps(FILE))
    assert json.loads(anew.out)["api_token"]


def test_what_is_exported_can_be_imported(bridge: Bridge) -> None:
    bridge("import", "-", given=json.dumps(FILE))
    out = bridge("export").out
    assert "password" not in out
    assert bridge("import", "-", given=out).code == 0
    assert bridge("export", "--user", "alice@example.com").out == out


def test_faults_are_lines_on_standard_error(bridge: Bridge) -> None:
    rule: dict[str, Any] = {**FILE["rules"][0], "size": {"mode": "lots"}, "wings": 2}
    told = bridge("import", "-", given=json.dumps({**FILE, "rules": [rule]}))
    assert (told.code, told.out) == (2, "")
    assert told.err.splitlines() == [
        "rules[0].size.value: A size of lots needs a value over 0.",
        "rules[0].wings: This key is not known here.",
    ]


def test_a_live_connection_is_refused_with_a_sentence(bridge: Bridge) -> None:
    live = [{**FILE["connections"][0], "environment": "live"}]
    told = bridge("import", "-", given=json.dumps({**FILE, "connections": live}))
    assert told.code == 2
    assert "BRIDGE_ALLOW_LIVE=yes" in told.err


def test_a_file_that_is_no_json_is_refused(bridge: Bridge) -> None:
    told = bridge("import", "-", given="{")
    assert told.code == 2
    assert "breaks at line 1" in told.err


def test_a_user_is_added_with_a_password_of_twelve_characters(bridge: Bridge) -> None:
    told = bridge("user", "add", "Bob@example.com", "--password-stdin", given=PASSWORD)
    assert told.code == 0
    assert told.out == "bob@example.com can sign in now.\n"
    short = bridge("user", "add", "eve@example.com", "--password-stdin", given="short\n")
    assert short.code == 2
    assert "at least 12" in short.err
    for given in ("", "\n"):
        none = bridge("user", "add", "eve@example.com", "--password-stdin", given=given)
        assert none.code == 2
    twice = bridge("user", "add", "bob@example.com", "--password-stdin", given=PASSWORD)
    assert twice.code == 2
    assert "exists already" in twice.err
    wrong = bridge("user", "add", "nobody", "--password-stdin", given=PASSWORD)
    assert wrong.code == 2


def test_a_new_user_is_told_as_json(bridge: Bridge) -> None:
    told = bridge("user", "add", "bob@example.com", "--password-stdin", "--json", given=PASSWORD)
    assert json.loads(told.out)["email"] == "bob@example.com"
    assert len(json.loads(told.out)["id"]) == 32


def test_of_several_users_one_must_be_named(bridge: Bridge) -> None:
    bridge("import", "-", given=json.dumps(FILE))
    bridge("user", "add", "bob@example.com", "--password-stdin", given=PASSWORD)
    assert bridge("export").code == 2
    assert bridge("export", "--user", "bob@example.com").code == 0
    assert bridge("export", "--user", "eve@example.com").code == 2


def test_lost_keys_stop_a_command_that_could_not_open_what_is_sealed(
    bridge: Bridge, tmp_path: Path
) -> None:
    bridge("import", "-", given=json.dumps(FILE))
    (tmp_path / "keys").unlink()
    told = bridge("import", "-", given=json.dumps(FILE))
    assert told.code == 2
    assert "would not open" in told.err.replace("\n", " ")
    assert not (tmp_path / "keys").exists()
