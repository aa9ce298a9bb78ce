"""A small broker of scripted answers over real HTTP, and a lane that speaks to it."""

import base64
import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.brokers import Trust, WireTimings, open_login
from bridge.brokers.base import Limit, Login, OrderRequest, Tokens
from bridge.brokers.tradelocker.account import TradeLockerAccount
from bridge.brokers.tradelocker.login import TradeLockerLogin
from bridge.domain.instruments import BrokerAccount, Instrument, Tick
from bridge.domain.outcomes import BrokerCall
from bridge.domain.values import OrderType, Secret, Side

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = BrokerAccount("2200001", "6", "E8#demo", "USD", "ACTIVE")
EMAIL = "canary.mail@example.com"
QUICK = WireTimings(connect=1.0, total=2.0)
LOOPBACK = Trust(private_hosts=True)
PASSWORD = "canary-password-77"
ORDERS_PATH = "/trade/accounts/2200001/orders"

ORDER_COLUMNS = [
    "id",
    "tradableInstrumentId",
    "routeId",
    "qty",
    "side",
    "type",
    "status",
    "filledQty",
    "avgPrice",
    "price",
    "stopPrice",
    "validity",
    "expireDate",
    "createdDate",
    "lastModified",
    "isOpen",
    "positionId",
    "stopLoss",
    "stopLossType",
    "takeProfit",
    "takeProfitType",
    "strategyId",
]
POSITION_COLUMNS = [
    "id",
    "tradableInstrumentId",
    "routeId",
    "side",
    "qty",
    "avgPrice",
    "stopLossId",
    "takeProfitId",
    "openDate",
    "unrealizedPl",
    "strategyId",
]
STATE_COLUMNS = ["balance", "projectedBalance", "availableFunds"]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class Keeper:
    """Keeps tokens as the database would, for several processes if need be."""

    def __init__(self) -> None:
        self.tokens: Tokens | None = None
        self.saved: list[Tokens] = []

    def load(self) -> Tokens | None:
        return self.tokens

    def save(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.saved.append(tokens)


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    connection: int
    segments: int

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def http(status: int, body: bytes | str = b"", *headers: str) -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def ok(data: object) -> bytes:
    return http(200, json.dumps({"s": "ok", "d": data}))


def error(text: str) -> bytes:
    return http(200, json.dumps({"s": "error", "errmsg": text}))


Doing = Callable[[Seen, socket.socket], bytes | None]


class WireServer:
    """Reads requests from raw sockets; `doing` answers with bytes, or None to hang up."""

    def __init__(self, doing: Doing, tls: ssl.SSLContext | None = None) -> None:
        self.doing = doing
        self.seen: list[Seen] = []
        self.connections = 0
        self._tls = tls
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/backend-api"

    def count(self, key: str) -> int:
        return sum(1 for seen in self.seen if seen.key == key)

    def last(self, key: str) -> Seen:
        return next(seen for seen in reversed(self.seen) if seen.key == key)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            hang_up(sock)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(sock)
            self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._sockets.append(sock)
            self._converse(sock, number)
        except OSError:
            pass
        finally:
            hang_up(sock)

    def _converse(self, sock: socket.socket, number: int) -> None:
        while (seen := _read_request(sock, number)) is not None:
            self.seen.append(seen)
            answer = self.doing(seen, sock)
            if answer is None:
                return
            sock.sendall(answer)


def hang_up(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def _read_request(sock: socket.socket, number: int) -> Seen | None:
    data, segments = b"", 0
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            return None
        data, segments = data + part, segments + 1
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body, segments = body + sock.recv(65536), segments + 1
    method, target, _ = first.split(" ")
    path, _, query = target.removeprefix("/backend-api").partition("?")
    return Seen(method, path, query, headers, body, number, segments)


def jwt(kind: str, made_at: datetime, lives: timedelta, number: int) -> str:
    claims = {
        "type": kind,
        "iat": int(made_at.timestamp()),
        "exp": int((made_at + lives).timestamp()),
        "jti": number,
    }
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    texts = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*texts, f"canarysignature{number}"])


Scripted = bytes | Doing


class StubBroker(WireServer):
    """Signs in, refreshes, and answers each route by what `on` holds for it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(self._by_script)
        self.clock = clock
        self.lives = timedelta(hours=1)
        self.issued = 0
        self.config: dict[str, Any] = {
            "ordersConfig": columns_of(ORDER_COLUMNS),
            "ordersHistoryConfig": columns_of(ORDER_COLUMNS),
            "positionsConfig": columns_of(POSITION_COLUMNS),
            "accountDetailsConfig": columns_of(STATE_COLUMNS),
            "rateLimits": [
                {"rateLimitType": "PLACE_ORDER", "measure": "SECONDS", "intervalNum": 1, "limit": 7}
            ],
            "limits": [{"limitType": "MAX_ORDERS_COUNT_IN_HISTORY", "limit": 3}],
        }
        self.on: dict[str, Scripted] = {
            "POST /auth/jwt/token": lambda _, __: self.token_answer(),
            "POST /auth/jwt/refresh": lambda _, __: self.token_answer(),
            "GET /trade/config": lambda _, __: ok(self.config),
        }

    def token_answer(self) -> bytes:
        self.issued += 1
        now = self.clock()
        pair = {
            "accessToken": jwt("access_token", now, self.lives, self.issued),
            "refreshToken": jwt("refresh_token", now, timedelta(days=7), self.issued),
            "expireDate": "2026-03-02T13:00:00.000Z",
        }
        return http(201, json.dumps(pair))

    def _by_script(self, seen: Seen, sock: socket.socket) -> bytes | None:
        scripted = self.on[seen.key]
        return scripted if isinstance(scripted, bytes) else scripted(seen, sock)


def columns_of(names: list[str]) -> dict[str, object]:
    return {"columns": [{"id": name} for name in names]}


def row(columns: list[str], **cells: str | None) -> list[str | None]:
    return [cells.get(name) for name in columns]


def order_row(**cells: str | None) -> list[str | None]:
    usual: dict[str, str | None] = {
        "id": "7277816997907785466",
        "tradableInstrumentId": "206",
        "routeId": "9912",
        "qty": "10.00",
        "side": "sell",
        "type": "market",
        "status": "Filled",
        "filledQty": "10",
        "avgPrice": "90263",
        "price": "90300.67",
        "stopPrice": "0",
        "validity": "IOC",
        "createdDate": "1767951991995",
        "isOpen": "true",
        "positionId": "7277816997846856994",
        "strategyId": "",
    }
    return row(ORDER_COLUMNS, **(usual | cells))


def position_row(**cells: str | None) -> list[str | None]:
    usual: dict[str, str | None] = {
        "id": "7277816997846858725",
        "tradableInstrumentId": "206",
        "routeId": "9912",
        "side": "buy",
        "qty": "10.0",
        "avgPrice": "90415.16",
        "openDate": "1767952099156",
        "unrealizedPl": "-458.10",
    }
    return row(POSITION_COLUMNS, **(usual | cells))


BTCUSD = Instrument(
    id="206",
    name="BTCUSD",
    trade_route="9912",
    info_route="452",
    kind="CRYPTO",
    lot_size=Decimal(1),
    lot_step=Decimal("0.01"),
    min_lot=Decimal("0.01"),
    max_lot=None,
    ticks=(Tick(None, Decimal("0.01")),),
    quoting_currency="USD",
    base_currency="BTC",
    status="FULLY_OPEN",
    read_at=NOON,
)


def order_request(
    kind: OrderType = OrderType.MARKET,
    lots: str = "0.01",
    price: str | None = None,
    stop_loss: str | None = None,
    take_profit: str | None = None,
) -> OrderRequest:
    def exact(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return OrderRequest(
        instrument=BTCUSD,
        side=Side.BUY,
        type=kind,
        lots=Decimal(lots),
        price=exact(price),
        stop_loss=exact(stop_loss),
        take_profit=exact(take_profit),
    )


@dataclass
class Desk:
    """Everything around one lane: what it was let do, and what was recorded of it."""

    broker: StubBroker
    clock: Clock
    keeper: Keeper
    calls: list[BrokerCall] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    logins: list[TradeLockerLogin] = field(default_factory=list)

    def pace(self, limit_name: str, limit: Limit) -> None:
        self.asked.append(limit_name)

    def login(
        self,
        url: str | None = None,
        timings: WireTimings = QUICK,
        trust: Trust = LOOPBACK,
    ) -> TradeLockerLogin:
        login = open_login(
            Login(url or self.broker.url, EMAIL, "OSP", Secret(PASSWORD)),
            keeper=self.keeper,
            clock=self.clock,
            timings=timings,
            trust=trust,
        )
        assert isinstance(login, TradeLockerLogin)
        self.logins.append(login)
        return login

    def lane(self, login: TradeLockerLogin | None = None) -> TradeLockerAccount:
        return (login or self.login()).account(ACCOUNT, self.calls.append, self.pace)

    def with_tokens(self) -> "Desk":
        """As after an earlier sign-in: the keeper holds a good pair."""
        made = self.clock()
        self.keeper.tokens = Tokens(
            Secret(jwt("access_token", made, timedelta(hours=1), 900)),
            Secret(jwt("refresh_token", made, timedelta(days=7), 900)),
            made + timedelta(hours=1),
            made + timedelta(days=7),
        )
        return self
