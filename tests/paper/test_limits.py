"""Rate limits: published, enforced by a sliding window, and never charged for a refusal."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from bridge.paper import Paper, PaperSettings, create_paper
from bridge.paper.limits import PUBLISHED, Windows, as_config, limit_of
from tests.paper.conftest import KEY, NOON, Trader, settings, tick

SECOND = 1_000_000


@pytest.fixture
def paper() -> Iterator[Paper]:
    """With the limits of the real broker."""
    broker = create_paper(control_key=KEY, settings=PaperSettings(walk=False))
    broker.clock.hold(NOON)
    yield broker
    broker.close()


def statuses(trader: Trader, times: int, path: str = "/trade/accounts/{a}/orders") -> list[int]:
    return [trader.call("GET", path).status_code for _ in range(times)]


def test_the_window_slides() -> None:
    windows, plain = Windows(), PaperSettings()

    def admit(at: float) -> bool:
        return windows.admit("alice", "GET_ACCOUNTS", int(at * SECOND), plain)

    assert [admit(10.0), admit(10.6), admit(10.9)] == [True, True, False]
    assert [admit(11.0), admit(11.5), admit(11.6)] == [True, False, True]


def test_a_refused_call_takes_no_room() -> None:
    windows, plain = Windows(), PaperSettings()
    taken = [windows.admit("alice", "GET_ORDERS", at * SECOND // 10, plain) for at in range(21)]
    assert [at for at, admitted in enumerate(taken) if admitted] == [0, 10, 20]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_factor_scales_every_limit(name: str) -> None:
    limit, seconds = limit_of(name, PaperSettings()) or (0, 0)
    tripled = limit_of(name, PaperSettings(limit_factor=Decimal(3)))
    assert tripled == (3 * limit, seconds)
    assert limit_of(name, PaperSettings(limit_factor=Decimal("0.01"))) == (1, seconds)


def test_one_read_of_orders_a_second(paper: Paper, alice: Trader) -> None:
    assert statuses(alice, 3) == [200, 429, 429]
    tick(paper, 999)
    assert statuses(alice, 1) == [429]
    tick(paper, 1)
    assert statuses(alice, 2) == [200, 429]


def test_lists_have_windows_of_their_own(alice: Trader) -> None:
    paths = ["orders", "positions", "ordersHistory", "executions", "state"]
    assert [alice.call("GET", f"/trade/accounts/{{a}}/{p}").status_code for p in paths] == [200] * 5


def test_config_and_login_are_unlimited_unless_set(paper: Paper, alice: Trader) -> None:
    assert set(statuses(alice, 20, "/trade/config")) == {200}
    settings(paper, limits={"CONFIG": 1, "AUTH": 1, "GET_ORDERS": 2})
    assert statuses(alice, 2, "/trade/config") == [200, 429]
    assert [alice.login().status_code for _ in range(2)] == [201, 429]
    alice.use(alice.tokens["accessToken"])
    published = {r["rateLimitType"]: r["limit"] for r in limits(paper)}
    assert published["GET_ORDERS"] == 2


def limits(paper: Paper) -> list[dict[str, object]]:
    return as_config(paper.broker.settings)


def test_cancels_count_as_changes_of_orders_and_closes_as_changes_of_positions(
    alice: Trader,
) -> None:
    for path in ("/trade/orders/1", "/trade/positions/1"):
        codes = [alice.call("DELETE", path).status_code for _ in range(6)]
        assert codes == [404] * 5 + [429]


def test_users_do_not_share_a_window_but_accounts_do(
    base: str, paper: Paper, alice: Trader
) -> None:
    bob = Trader(base, email="bob@example.com")
    paper.control.call("POST", "/accounts", {"email": alice.email})
    assert statuses(alice, 1) + statuses(bob, 1) == [200, 200]
    alice.http.headers["accNum"] = "2"
    assert statuses(alice, 1) == [429]
    settings(paper, limit_scope="account")
    assert statuses(alice, 1) == [200]
    bob.http.close()


def test_a_switch_adds_retry_after(paper: Paper, alice: Trader) -> None:
    settings(paper, retry_after="7")
    statuses(alice, 1)
    assert alice.call("GET", "/trade/accounts/{a}/orders").headers["Retry-After"] == "7"


def test_a_call_over_the_limit_has_no_effect(paper: Paper, alice: Trader) -> None:
    answers = [alice.place(type="limit", price=1) for _ in range(7)]
    assert [a["status"] for a in answers[5:]] == [429, 429]
    assert len(paper.truth(alice.account)["orders"]) == 5
    assert [seen.processed for seen in list(paper.wire)[-7:]] == [True] * 5 + [False] * 2
