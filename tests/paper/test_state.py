"""What a restart keeps."""

from pathlib import Path

from bridge.paper import Paper, create_paper
from bridge.paper.server import running
from tests.paper.conftest import CALM, KEY, NOON, Trader, price, tick


def started(path: Path) -> Paper:
    return create_paper(state=path, control_key=KEY, settings=CALM)


def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "var" / "paper.db"
    first = started(path)
    with running(first) as base:
        first.clock.hold(NOON)
        alice = Trader(base)
        alice.placed(strategyId="mine", stopLoss=70000, stopLossType="absolute", qty="0.05")
        waiting = alice.placed(type="limit", price="50000.50")
        tick(first)
        position = alice.rows("positions")[0]["id"]
        price(first, "BTCUSD", "77300", "77301")
        alice.call("DELETE", f"/trade/positions/{position}", {"qty": "0.01"})
        tick(first)
        before = first.truth(alice.account)
        issued = first.broker.book.issued.copy()
    first.close()

    second = started(path)
    second.clock.hold(NOON + 10)  # a wall clock set back a little
    price(second, "BTCUSD", "77300", "77301")
    assert second.truth(alice.account) == before
    assert second.broker.book.issued == issued
    with running(second) as base:
        alice.base = base
        alice.http.close()
        assert alice.row("orders", waiting)["price"] == "50000.50"
        price(second, "BTCUSD", "69990", "69991")
        assert alice.rows("positions") == []
        assert int(alice.placed()) > int(waiting)
        alice.password = "looking-glass"
        assert alice.login().status_code == 401
        alice.http.close()
    second.close()


def test_an_order_that_was_about_to_fill_fills_after_the_restart(tmp_path: Path) -> None:
    path = tmp_path / "paper.db"
    first = started(path)
    with running(first) as base:
        first.clock.hold(NOON)
        alice = Trader(base)
        alice.placed()
        alice.http.close()
    first.close()
    second = started(path)
    second.clock.advance(1_000)
    truth = second.truth(alice.account)
    assert [row["status"] for row in truth["history"]] == ["Filled"]
    second.close()


def test_what_is_flushed_is_there_without_a_clean_end(tmp_path: Path) -> None:
    path = tmp_path / "paper.db"
    first = started(path)
    with running(first) as base:
        alice = Trader(base)
        alice.http.close()
    second = started(path)
    assert second.truth(alice.account)["balance"] == "100000.00"
    second.close()
    first.close()


def test_a_reset_empties_the_file(tmp_path: Path) -> None:
    path = tmp_path / "paper.db"
    first = started(path)
    with running(first) as base:
        Trader(base).http.close()
    first.control.call("POST", "/reset", {})
    first.close()
    second = started(path)
    assert second.broker.people.users == {}
    second.close()


def test_a_fresh_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "paper.db"
    started(path).close()
    assert path.stat().st_mode & 0o077 == 0
