"""A paper broker that stands still, served over loopback, and Alice who trades there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.paper import Paper, PaperSettings, create_paper
from bridge.paper.server import running

SAMPLES = Path(__file__).parent / "samples"
BTC, EURUSD, USDJPY, GOLD, NAS100 = 206, 278, 280, 283, 391
KEY = "let-me-in"
NOON = 1_795_522_507_345  # a little after it: far from midnight, on no bar's edge
CALM = PaperSettings(walk=False, limit_factor=Decimal(1000))


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


@dataclass
class Trader:
    """Somebody logged in with one account, whose calls are one line each."""

    base: str
    email: str = "alice@example.com"
    password: str = "wonderland"
    server: str = "PAPER"

    def __post_init__(self) -> None:
        self.http = requests.Session()
        self.http.trust_env = False
        answer = self.login()
        assert answer.status_code == 201, answer.text
        self.tokens = answer.json()
        self.use(self.tokens["accessToken"])
        accounts = self.call("GET", "/auth/jwt/all-accounts").json()["accounts"]
        self.account = accounts[0]["id"]
        self.http.headers["accNum"] = accounts[0]["accNum"]

    def login(self) -> requests.Response:
        body = {"email": self.email, "password": self.password, "server": self.server}
        return self.call("POST", "/auth/jwt/token", body)

    def use(self, access: str) -> None:
        self.http.headers["Authorization"] = f"Bearer {access}"

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        path = path.replace("{a}", getattr(self, "account", ""))
        url = f"{self.base}/backend-api{path}"
        return self.http.request(method, url, json=body, params=query, timeout=10)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def place(self, **wanted: Any) -> Any:
        """Post an order: a market buy of 0.02 BTCUSD unless told otherwise."""
        return self.call("POST", "/trade/accounts/{a}/orders", order(**wanted)).json()

    def placed(self, **wanted: Any) -> str:
        """The id of an order that was accepted."""
        answer = self.place(**wanted)
        assert answer["s"] == "ok", answer
        order_id: str = answer["d"]["orderId"]
        return order_id

    def refusal(self, **wanted: Any) -> str:
        answer = self.place(**wanted)
        assert set(answer) == {"s", "errmsg"}
        assert answer["s"] == "error"
        words: str = answer["errmsg"]
        return words

    def rows(self, name: str, **query: Any) -> list[dict[str, str | None]]:
        """The rows of a list by column, as /trade/config names them."""
        config = self.get("/trade/config")["d"]
        listed = {"executions": "filledOrders"}.get(name, name)
        columns = [c["id"] for c in config[f"{listed}Config"]["columns"]]
        rows = self.get(f"/trade/accounts/{{a}}/{name}", **query)["d"][name]
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def row(self, name: str, row_id: str | None) -> dict[str, str | None]:
        return next(row for row in self.rows(name) if row["id"] == row_id)

    def state(self) -> dict[str, Any]:
        columns = self.get("/trade/config")["d"]["accountDetailsConfig"]["columns"]
        figures = self.get("/trade/accounts/{a}/state")["d"]["accountDetailsData"]
        return dict(zip((c["id"] for c in columns), figures, strict=True))


def order(**wanted: Any) -> dict[str, Any]:
    """Every key that the broker's own client sends."""
    body: dict[str, Any] = {
        "qty": "0.02",
        "routeId": "9912",
        "tradableInstrumentId": str(BTC),
        "side": "buy",
        "type": "market",
        "validity": "IOC" if wanted.get("type", "market") == "market" else "GTC",
        "price": None,
        "stopPrice": None,
        "stopLoss": None,
        "stopLossType": None,
        "takeProfit": None,
        "takeProfitType": None,
        "strategyId": None,
    }
    return body | wanted


@pytest.fixture
def paper() -> Iterator[Paper]:
    """Prices and clock stand still; a fill is 50 ms away, so `tick(paper)` brings it."""
    broker = create_paper(control_key=KEY, settings=CALM)
    broker.clock.hold(NOON)
    yield broker
    broker.close()


@pytest.fixture
def base(paper: Paper) -> Iterator[str]:
    with running(paper) as address:
        yield address


@pytest.fixture
def alice(base: str) -> Iterator[Trader]:
    trader = Trader(base)
    yield trader
    trader.http.close()


def tick(paper: Paper, ms: int = 60) -> None:
    """Let so much of the broker's time pass."""
    paper.control.call("POST", "/clock", {"advance_ms": ms})


def settings(paper: Paper, **wanted: Any) -> None:
    paper.control.call("PUT", "/settings", wanted)


def price(paper: Paper, symbol: str, bid: str, ask: str) -> None:
    paper.control.call("PUT", f"/prices/{symbol}", {"bid": bid, "ask": ask})


def spoil(paper: Paper, fault: str, route: str = "*", **rest: Any) -> None:
    """One rule on the switchboard."""
    paper.control.call("PUT", "/faults", {"rules": [{"fault": fault, "route": route, **rest}]})
