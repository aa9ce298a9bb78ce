"""`bridge doctor`: looks at settings, database and every connection, and places nothing."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import click

from bridge.cli.show import json_option, tell_json, tell_table
from bridge.errors import BrokerTrouble, CannotOpen, Refused, UnknownInstrument, WrongSettings

if TYPE_CHECKING:
    from bridge.brokers.base import AccountBroker
    from bridge.cli.ready import Ready
    from bridge.observe import Brokers
    from bridge.store.connections import AccountFacts, ConnectionFacts

OK, CARE, WRONG = "ok", "care", "wrong"

_MOST_SKEW = timedelta(seconds=2)
_MOST_SYMBOLS = 12
_PROBE = "EURUSD"
_PATIENCE = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what, how it stands (ok, care, wrong), in plain words."""

    about: str
    state: str
    text: str


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look at settings, database and every connection. Places nothing.

    Exit code 1 when something is wrong.
    """
    findings = []
    for finding in examine():
        findings.append(finding)
        if sys.stderr.isatty():
            click.echo(f"looked at {finding.about}", err=True)
    wrong = any(f.state == WRONG for f in findings)
    if as_json:
        tell_json({"ok": not wrong, "findings": [asdict(f) for f in findings]})
    else:
        tell_table(("", "about", "finding"), [(f.state, f.about, f.text) for f in findings])
    if wrong:
        click.get_current_context().exit(1)


def examine() -> Iterator[Finding]:
    """Everything there is to look at, one by one."""
    from bridge.cli.ready import ready

    try:
        with ready() as here:
            yield Finding("settings", OK, "Every setting can be used, and both keys are there.")
            yield Finding("database", OK, _database_words(here))
            yield from _connections(here)
    except WrongSettings as exc:
        for sentence in exc.sentences:
            yield Finding("settings", WRONG, sentence)


def _database_words(here: "Ready") -> str:
    kind = "SQLite" if here.settings.sqlite else "Postgres"
    return f"{kind} has the newest schema, and a commit survives a power cut."


def _connections(here: "Ready") -> Iterator[Finding]:
    from bridge.config import Timings
    from bridge.observe import Brokers
    from bridge.store import connections

    with here.database.reading() as db:
        known = connections.list_of(db, None)
    if not known:
        yield Finding("connections", CARE, "There are none yet; `bridge import` adds them.")
    brokers = Brokers(here.database, here.keys, here.settings, Timings(), here.now)
    try:
        for connection in known:
            yield from _connection(here, brokers, connection)
    finally:
        brokers.close()


def _connection(
    here: "Ready", brokers: "Brokers", connection: "ConnectionFacts"
) -> Iterator[Finding]:
    about = f"connection {connection.name}"
    if connection.environment == "paper" and here.settings.paper_url is None:
        text = "It uses the paper broker that runs inside `bridge run`; that one is not asked."
        yield Finding(about, CARE, text)
        return
    try:
        yield _clock(here, connection, about)
        yield _signed_in(brokers, connection, about)
    except (Refused, CannotOpen, BrokerTrouble) as exc:
        yield Finding(about, WRONG, _sentence(exc))
        return
    from bridge.store import connections

    with here.database.reading() as db:
        named = connections.accounts_at(db, connection.id)
    for account in named:
        yield from _account(here, brokers, connection, account)


def _signed_in(brokers: "Brokers", connection: "ConnectionFacts", about: str) -> Finding:
    from bridge.observe import Calls

    found = brokers.login(connection).accounts(Calls())
    shown = ", ".join(f"{a.id} (accNum {a.acc_num}, {a.currency})" for a in found) or "none"
    return Finding(about, OK if found else CARE, f"Signed in; its accounts: {shown}.")


def _account(
    here: "Ready", brokers: "Brokers", connection: "ConnectionFacts", account: "AccountFacts"
) -> Iterator[Finding]:
    from bridge.observe import Calls, Unresolved

    about = f"account {account.ref} of {connection.name}"
    try:
        opened = brokers.open(account.id, Calls())
        yield Finding(about, OK, f"Is the account {opened.account.broker_id}.")
        yield _tags(opened.broker, about)
        for symbol in _symbols(here, account):
            yield _instrument(opened.broker, symbol, f"{symbol} at {about}")
    except Unresolved:
        text = (
            f"'{account.ref}' does not fit exactly one account of the login; write the account as "
            '{"id": …} or {"acc_num": …}.'
        )
        yield Finding(about, WRONG, text)
    except (Refused, BrokerTrouble) as exc:
        yield Finding(about, WRONG, _sentence(exc))


def _tags(broker: "AccountBroker", about: str) -> Finding:
    if broker.tags_visible:
        return Finding(about, OK, "The broker's config was read, and it lists orders by our tag.")
    text = "The broker does not show our tag in its lists, so nothing is opened here."
    return Finding(about, WRONG, text)


def _instrument(broker: "AccountBroker", symbol: str, about: str) -> Finding:
    try:
        instrument = broker.instrument(symbol)
    except UnknownInstrument as exc:
        near = f"; near: {', '.join(exc.near)}" if exc.near else ""
        return Finding(about, CARE, f"{exc.matches} instruments have exactly this name{near}.")
    quote = broker.quote(instrument)
    text = (
        f"Bid {quote.bid}, ask {quote.ask}; lots from {instrument.min_lot} in steps of "
        f"{instrument.lot_step}; market {instrument.status or 'unknown'}."
    )
    return Finding(about, OK if instrument.fully_open else CARE, text)


def _symbols(here: "Ready", account: "AccountFacts") -> list[str]:
    """What the account's rules name, by the broker's names; else one that nearly all have."""
    from bridge.domain.instruments import mapped_symbol
    from bridge.domain.rules import ANY
    from bridge.store import rules

    with here.database.reading() as db:
        acting = [r.rule for r in rules.list_of(db, account.user) if account.id in r.refs]
    named = [
        mapped_symbol(symbol, rule.symbols)
        for rule in acting
        for symbol in (*rule.when.symbols, *rule.symbols)
        if symbol != ANY
    ]
    return list(dict.fromkeys(named))[:_MOST_SYMBOLS] or [_PROBE]


def _clock(here: "Ready", connection: "ConnectionFacts", about: str) -> Finding:
    """How far our clock is from the broker's, by the Date of any answer. Raises Refused."""
    from bridge.observe import base_url

    theirs = _date_at(base_url(connection.environment, here.settings))
    if theirs is None:
        return Finding(about, CARE, "The broker did not tell its time, so clocks are not compared.")
    # a Date has whole seconds: its moment is, on average, half a second later
    skew = here.now() - theirs - timedelta(milliseconds=500)
    seconds = f"{skew.total_seconds():+.1f} s"
    if abs(skew) > _MOST_SKEW:
        return Finding(about, CARE, f"Our clock is {seconds} from the broker's; set it by NTP.")
    return Finding(about, OK, f"Our clock agrees with the broker's ({seconds}).")


def _date_at(url: str) -> datetime | None:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.head(url, timeout=_PATIENCE, allow_redirects=False)
        except requests.RequestException:
            return None  # what is wrong with the connection is told by the sign-in
    try:
        return parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None


def _sentence(exc: Exception) -> str:
    text = str(exc) or type(exc).__name__
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
