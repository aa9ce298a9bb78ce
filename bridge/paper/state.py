"""A SQLite file in which the broker outlives a restart: written behind, within some 30 ms."""

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from bridge.paper.accounts import Account, Today
from bridge.paper.book import Record
from bridge.paper.call import Broker
from bridge.paper.orders import Fill, Order, Position, Protection
from bridge.paper.people import User

_SCHEMA = """CREATE TABLE IF NOT EXISTS records (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID"""
_UPSERT = "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
_EVERY_S = 0.03

# Made again from orders, positions and fills.
_LEFT_OUT = frozenset({"orders", "history", "positions", "closed", "fills", "exposure"})


class StateFile:
    """The journal of a book, kept in a file."""

    def __init__(self, path: Path, lock: AbstractContextManager[Any]) -> None:
        self._lock = lock
        self._changed: dict[tuple[str, int], Record] = {}
        self._broker: Broker | None = None
        self._wiped = False
        self._writing = threading.Lock()
        self._stop = threading.Event()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it holds the key that signs tokens
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(_SCHEMA)
        self._thread = threading.Thread(target=self._run, name="paper state", daemon=True)
        self._thread.start()

    def keep(self, record: Record) -> None:
        self._changed[type(record).__name__, record.id] = record

    def wipe(self, broker: Broker) -> None:
        """Forget the file's content: the broker starts afresh."""
        self._changed.clear()
        self._broker = broker
        self._wiped = True

    def close(self) -> None:
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        self.flush()
        self._db.close()

    def flush(self) -> None:
        """Everything changed until now is in the file when this returns."""
        with self._writing:
            with self._lock:
                wiped, self._wiped = self._wiped, False
                rows = [
                    (kind, str(number), dumped(record))
                    for (kind, number), record in self._changed.items()
                ]
                self._changed.clear()
                if (rows or wiped) and self._broker is not None:
                    rows.append(("Counters", "0", json.dumps(_counters(self._broker))))
            if rows or wiped:
                self._write(rows, wiped)

    def _write(self, rows: list[tuple[str, str, str]], wiped: bool) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        if wiped:
            self._db.execute("DELETE FROM records")
        self._db.executemany(_UPSERT, rows)
        self._db.execute("COMMIT")

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self.flush()

    # reading back

    def load(self, broker: Broker) -> None:
        """Put the file's content into a fresh broker; from here on it is followed."""
        self._broker = broker
        found: dict[str, list[Any]] = {name: [] for name in _READ}
        for kind, body in self._db.execute("SELECT kind, body FROM records ORDER BY kind, id"):
            said = json.loads(body, object_hook=_decimals)
            if kind == "Counters":
                _set_counters(broker, said)
            else:
                found[kind].append(_READ[kind](said))
        _fill(broker, found)
        if not found["User"]:
            self._wiped = True  # writes the signing key even before the first user


def dumped(record: Record) -> str:
    said = {f.name: getattr(record, f.name) for f in fields(record)}
    if isinstance(record, Account):
        said = {name: value for name, value in said.items() if name not in _LEFT_OUT}
    return json.dumps(said, default=_plain, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, Protection | Today):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    raise TypeError(f"{type(value).__name__} has no place in the state file")


def _decimals(said: dict[str, Any]) -> Any:
    return Decimal(said["decimal"]) if said.keys() == {"decimal"} else said


def _read_account(said: dict[str, Any]) -> Account:
    return Account(**said | {"today": Today(**said["today"])})


def _read_order(said: dict[str, Any]) -> Order:
    return Order(**said | {"protection": Protection(**said["protection"])})


def _read_user(said: dict[str, Any]) -> User:
    return User(**said | {"accounts": {int(k): v for k, v in said["accounts"].items()}})


_READ: dict[str, Callable[[dict[str, Any]], Any]] = {
    "User": _read_user,
    "Account": _read_account,
    "Order": _read_order,
    "Position": lambda said: Position(**said),
    "Fill": lambda said: Fill(**said),
}


def _counters(broker: Broker) -> dict[str, Any]:
    people = broker.people
    return {"issued": broker.book.issued, "serial": people.serial, "key": people.mint.key.hex()}


def _set_counters(broker: Broker, said: dict[str, Any]) -> None:
    broker.book.issued.update(said["issued"])
    broker.people.serial = said["serial"]
    broker.people.mint.key = bytes.fromhex(said["key"])


def _fill(broker: Broker, found: dict[str, list[Any]]) -> None:
    book = broker.book
    for user in found["User"]:
        broker.people.add(user)
    for account in found["Account"]:
        account.blocked = account.margin = Decimal(0)
        book.accounts[account.id] = account
    for position in sorted(found["Position"], key=lambda p: (p.closed or 0, p.id)):
        _put_position(broker, position)
    for order in sorted(found["Order"], key=lambda o: (o.ended or 0, o.id)):
        _put_order(broker, order)
    for fill in sorted(found["Fill"], key=lambda f: f.id):
        book.accounts[fill.account_id].fills.append(fill)
    book.restore()


def _put_position(broker: Broker, position: Position) -> None:
    account = broker.book.accounts[position.account_id]
    broker.book.positions[position.id] = position
    if position.closed is not None:
        account.closed.append(position)
        return
    account.positions[position.id] = position
    account.margin += position.margin
    account.expose(position, position.qty, position.avg_price)


def _put_order(broker: Broker, order: Order) -> None:
    account = broker.book.accounts[order.account_id]
    broker.book.orders[order.id] = order
    if order.ended is None:
        account.orders[order.id] = order
        account.blocked += order.blocked
    else:
        account.history.append(order)
