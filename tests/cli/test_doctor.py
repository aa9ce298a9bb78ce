"""`bridge doctor` against paper over real HTTP: what is well, what is not, in plain words."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from bridge.paper import Paper, PaperSettings, create_paper
from bridge.paper.server import running
from tests.cli.conftest import Bridge
from tests.test_transfer import FILE


@pytest.fixture
def paper() -> Paper:
    """A paper broker with generous limits."""
    return create_paper(settings=PaperSettings(limit_factor=Decimal(100), walk=False))


@pytest.fixture
def paper_url(paper: Paper, monkeypatch: pytest.MonkeyPatch, bridge: Bridge) -> Iterator[str]:
    """Where it is served, which the settings say too."""
    with running(paper) as url:
        monkeypatch.setenv("BRIDGE_PAPER_URL", url)
        yield url


def take(bridge: Bridge, *accounts: Any, **rule: Any) -> None:
    login = {**FILE["connections"][0], "environment": "paper", "server": "PAPER"}
    where = [{"connection": "prop", "account": account} for account in accounts]
    rules = [{**FILE["rules"][0], "accounts": where, **rule}] if accounts else []
    file = {**FILE, "connections": [login], "rules": rules}
    told = bridge("import", "-", given=json.dumps(file))
    assert told.code == 0, told.err


def findings(bridge: Bridge) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    told = bridge("doctor", "--json")
    found: dict[str, list[tuple[str, str]]] = {}
    for one in json.loads(told.out)["findings"]:
        found.setdefault(one["about"], []).append((one["state"], one["text"]))
    return told.code, found


def test_all_is_well_when_every_account_can_trade(
    bridge: Bridge, paper: Paper, paper_url: str
) -> None:
    take(bridge, {"acc_num": 1})
    code, found = findings(bridge)
    assert code == 0
    assert {state for many in found.values() for state, _ in many} == {"ok"}
    assert "Bid" in found["EURUSD at account 1 of prop"][0][1]
    assert "accNum 1" in found["connection prop"][1][1]
    assert not [seen for seen in paper.wire if seen.path.endswith("/orders")]


def test_people_get_a_table(bridge: Bridge, paper_url: str) -> None:
    take(bridge, {"acc_num": 1})
    told = bridge("doctor")
    assert told.code == 0
    assert "Signed in; its accounts:" in told.out


def test_an_account_that_fits_nothing_is_named(bridge: Bridge, paper_url: str) -> None:
    take(bridge, {"id": "999"})
    code, found = findings(bridge)
    assert code == 1
    assert found["account 999 of prop"][0][0] == "wrong"


def test_symbols_that_the_account_does_not_have_are_named(bridge: Bridge, paper_url: str) -> None:
    take(bridge, {"acc_num": 1}, when={"symbols": ["EURUSDX"]}, symbols={"GOLD": "XAUUSD"})
    code, found = findings(bridge)
    assert code == 0
    assert found["EURUSDX at account 1 of prop"][0][0] == "care"
    assert "EURUSD" in found["EURUSDX at account 1 of prop"][0][1]
    assert found["XAUUSD at account 1 of prop"][0][0] == "ok"


def test_a_broker_that_does_not_answer_is_wrong_and_the_rest_is_still_looked_at(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_PAPER_URL", "http://127.0.0.1:9")
    take(bridge)
    code, found = findings(bridge)
    assert code == 1
    assert found["database"][0][0] == "ok"
    assert found["connection prop"][-1][0] == "wrong"


def test_without_connections_there_is_nothing_wrong(bridge: Bridge) -> None:
    code, found = findings(bridge)
    assert code == 0
    assert found["connections"][0][0] == "care"


def test_wrong_settings_are_findings(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_ENCRYPTION_KEYS", "k1:short")
    code, found = findings(bridge)
    assert code == 1
    assert found["settings"][0][0] == "wrong"
