"""The routes below /auth: bare objects, no envelope."""

from decimal import Decimal
from typing import Any

from bridge.paper import wire
from bridge.paper.accounts import Account
from bridge.paper.call import Broker, Context
from bridge.paper.clock import iso
from bridge.paper.fields import text
from bridge.paper.people import User
from bridge.paper.refusals import Malformed, Unauthorized

_KEPT_REFRESH = 100


def token(call: Context) -> Any:
    """Log in. Any new e-mail at the paper server opens a user with one account."""
    email, password, server = (_wanted(call, name) for name in ("email", "password", "server"))
    if call.fault("login_fails"):
        raise Unauthorized
    broker = call.broker
    if server == broker.settings.server and broker.people.find(server, email) is None:
        user = broker.people.open(server, email, password)
        open_account(broker, user)
    else:
        user = broker.people.login(server, email, password)
    if broker.settings.login_evicts:
        broker.people.revoke(user)
    return _pair(call, user)


def refresh(call: Context) -> Any:
    """Two new tokens for a refresh token."""
    old = _wanted(call, "refreshToken")
    if call.fault("login_fails"):
        raise Unauthorized
    now = call.now + call.skew_ms
    return _pair(call, call.broker.people.refresh(old, now, call.broker.settings))


def all_accounts(call: Context) -> Any:
    accounts = call.broker.book.accounts
    found = [accounts[number] for number in call.holder().accounts.values()]
    return {"accounts": [wire.all_accounts_item(account) for account in found]}


def open_account(
    broker: Broker,
    user: User,
    *,
    acc_num: int | None = None,
    currency: str = "USD",
    balance: Decimal | None = None,
    rules: dict[str, object] | None = None,
) -> Account:
    """One more account; without wishes accNum counts on and the money is as in the settings."""
    number = max(user.accounts, default=0) + 1 if acc_num is None else acc_num
    account = Account(
        broker.book.new_account_id(),
        user.id,
        number,
        f"{user.server}#{user.name}#{len(user.accounts) + 1}#{number}",
        currency,
        broker.settings.start_balance if balance is None else balance,
        rules=rules or {},
    )
    user.accounts[number] = account.id
    broker.book.accounts[account.id] = account
    broker.book.journal.keep(account)
    return account


def _wanted(call: Context, name: str) -> str:
    value = text(call.body, name)
    if not value:
        raise Malformed(f"{name} must not be empty")
    return value


def _pair(call: Context, user: User) -> dict[str, str]:
    broker = call.broker
    at = call.now + call.skew_ms
    access, new_refresh = broker.people.issue(user, at, broker.settings)
    del user.refreshable[:-_KEPT_REFRESH]
    broker.book.journal.keep(user)
    expires = (at // 1000 + broker.settings.access_seconds) * 1000
    return {"accessToken": access, "refreshToken": new_refresh, "expireDate": iso(expires)}
