"""The audit log as the server renders it: what is shown, to whom, filtered, paged, kept fresh."""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge.audit import Event
from bridge.domain.signals import Level, LevelKind, Signal
from bridge.domain.status import AlertStatus, Status
from bridge.domain.values import Action, Unit
from bridge.store.db import Database
from bridge.store.reads import NOTHING
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.people import UserRow
from bridge.store.tables.routing import AccountRow, HookRow, RuleRow
from bridge.store.tables.work import AlertRow, ExecutionRow
from bridge.web.pages.audit import PAGE
from bridge.web.pages.filters import STATUSES
from bridge.web.pages.showing import ALERT_SENTENCES, EVENTS, TONES
from tests.factories import (
    NOON,
    close_intent,
    make_account,
    make_alert,
    make_call,
    make_entry,
    make_execution,
    make_hook,
    make_rule,
)
from tests.people import ThreePeople
from tests.web.conftest import As, Clock

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "${jndi:ldap://x}",
    "</textarea><svg/onload=alert(1)>",
)


@dataclass(frozen=True)
class Desk:
    """Where somebody's alerts come in and go out."""

    database: Database
    hook: HookRow
    account: AccountRow
    rule: RuleRow

    def executed(self, status: Status = Status.FILLED, **values: Any) -> ExecutionRow:
        """An alert with one execution."""
        received = values.pop("received_at", NOON)
        body, signal = values.pop("body", None), values.pop("signal", None)
        with self.database.transaction() as db:
            alert = make_alert(db, self.hook, received_at=received, body=body, signal=signal)
            make_entry(db, Event.ALERT_ACCEPTED, alert)
            execution = make_execution(db, alert, self.rule, self.account, status=status, **values)
            make_entry(db, Event.EXECUTION_QUEUED, alert, execution)
        return execution

    def only_alert(self, status: AlertStatus, **values: Any) -> AlertRow:
        """An alert without an execution."""
        with self.database.transaction() as db:
            alert = make_alert(db, self.hook, status=status.value, **values)
            make_entry(db, Event.ALERT_REFUSED, alert)
        return alert


def desk_of(database: Database, user: UserRow, name: str = "TV") -> Desk:
    with database.transaction() as db:
        hook = make_hook(db, user, name=f"{name} hook")
        account = make_account(db, user, name=f"{name} account")
        return Desk(database, hook, account, make_rule(db, hook, account, name=f"{name} rule"))


@pytest.fixture
def desk(database: Database, people: ThreePeople) -> Desk:
    return desk_of(database, people.alice)


@pytest.fixture
def alice(people: ThreePeople, browser_of: As, clock: Clock) -> FlaskClient:
    clock.now = NOON + timedelta(minutes=5)
    return browser_of(people.alice)


@pytest.fixture
def bob(people: ThreePeople, browser_of: As, alice: FlaskClient) -> FlaskClient:
    return browser_of(people.bob)


def keys(text: str) -> list[str]:
    """The rows of a page, from above."""
    return re.findall(r'id="row-([0-9a-f]{32})"', text)


def rows(client: FlaskClient, query: str = "") -> list[str]:
    return keys(client.get(f"/audit{query}").text)


def figures(client: FlaskClient, query: str = "") -> str:
    text = client.get(f"/audit{query}").text
    inside = re.search(r'id="figures".*?</dl>', text, re.S)
    assert inside is not None
    return " ".join(re.sub(r"<[^>]+>", " ", inside[0].partition(">")[2]).split())


# --- the list --------------------------------------------------------------------------------


def test_there_is_a_row_for_each_execution_and_for_each_alert_without(
    alice: FlaskClient, desk: Desk
) -> None:
    first = desk.executed()
    refused = desk.only_alert(AlertStatus.REFUSED, reason="Not understood.", signals="[]")
    last = desk.executed(Status.DENIED, reason="Denied: the market is CLOSED, not fully open.")
    page = alice.get("/audit").text
    assert keys(page) == [last.public_id, refused.public_id, first.public_id]
    for shown in ("TV hook", "TV rule", "TV account", "EURUSD", "Not understood.", "the market is"):
        assert shown in page


def test_executions_of_one_alert_stand_in_their_order(alice: FlaskClient, desk: Desk) -> None:
    first = desk.executed()
    with desk.database.transaction() as db:
        alert = db.get_one(AlertRow, first.alert)
        second = make_execution(db, alert, desk.rule, desk.account, leg=3)
    assert rows(alice) == [first.public_id, second.public_id]


def test_alice_and_bob_see_their_own_rows_only(
    alice: FlaskClient, bob: FlaskClient, desk: Desk, people: ThreePeople
) -> None:
    execution = desk.executed()
    theirs = desk_of(desk.database, people.bob, "Bob").executed()
    assert rows(alice) == [execution.public_id]
    assert rows(bob) == [theirs.public_id]
    seen = bob.get("/audit").text
    assert not any(f"TV {thing}" in seen for thing in ("hook", "rule", "account"))
    assert rows(bob, f"?hook={desk.hook.public_id}") == []
    assert rows(bob, f"?account={desk.account.public_id}") == []
    assert bob.get(f"/audit?after={execution.public_id}").status_code == 404


def test_bob_gets_404_for_alices_alert(alice: FlaskClient, bob: FlaskClient, desk: Desk) -> None:
    alert = desk.only_alert(AlertStatus.UNMATCHED)
    assert alice.get(f"/alerts/{alert.public_id}").status_code == 200
    assert bob.get(f"/alerts/{alert.public_id}").status_code == 404
    beside = bob.get(f"/audit?open={alert.public_id}")
    assert beside.status_code == 200
    assert "EURUSD" not in beside.text


def test_no_number_of_a_row_is_shown(alice: FlaskClient, desk: Desk) -> None:
    with desk.database.transaction() as db:
        for _ in range(3):
            make_alert(db, desk.hook, body="x", signals="[]", status="refused")
    execution = desk.executed()
    page = alice.get("/audit").text + alice.get(f"/alerts/{alert_of(desk, execution)}").text
    for address in re.findall(r'(?:href|hx-get|data-[a-z]+|id|value)="([^"]*)"', page):
        assert not re.search(r"(^|[/=-])[0-9]{1,9}($|[?&])", address), address


def alert_of(desk: Desk, execution: ExecutionRow) -> str:
    with desk.database.reading() as db:
        row: AlertRow = db.get_one(AlertRow, execution.alert)
        return row.public_id


# --- filters ---------------------------------------------------------------------------------


def test_each_filter_keeps_what_it_names(
    alice: FlaskClient, desk: Desk, people: ThreePeople
) -> None:
    row = desk.executed(instrument="XAUUSD", broker_order_id="998877")
    gold, tag = row.public_id, row.tag
    other = desk_of(desk.database, people.alice, "Other")
    denied = other.executed(Status.DENIED, reason="Denied: 100% of it_is over.").public_id
    refused = other.only_alert(
        AlertStatus.REFUSED, body="Große Nachricht \\o/", signals="[]"
    ).public_id
    for query, kept in (
        ("symbol=xauusd", [gold]),
        ("symbol=EURUSD", [denied]),
        ("symbol=EUR", []),
        ("status=denied", [denied]),
        ("status=refused", [refused]),
        (f"hook={other.hook.public_id}", [refused, denied]),
        (f"account={desk.account.public_id}", [gold]),
        ("q=998877", [gold]),
        (f"q={tag}", [gold]),
        (f"q={refused}", [refused]),
        ("q=100%25%20of%20it_is", [denied]),
        ("q=100_", []),
        ("q=große", [refused]),
        ("q=\\o/", [refused]),
        ("q=nachricht", [refused]),
        ("q=quantity", [denied, gold]),
        (f"hook={other.hook.public_id}&status=denied&symbol=eurusd", [denied]),
    ):
        assert rows(alice, f"?{query}") == kept, query


def test_a_symbol_is_found_in_alerts_without_execution(alice: FlaskClient, desk: Desk) -> None:
    signal = Signal(Action.BUY, "OANDA:EURUSD")
    alert = desk.only_alert(AlertStatus.UNMATCHED, signal=signal)
    assert rows(alice, "?symbol=EURUSD") == [alert.public_id]
    assert rows(alice, "?symbol=OANDA:EURUSD") == [alert.public_id]
    assert rows(alice, "?symbol=URUSD") == []


def test_windows_count_back_from_now(alice: FlaskClient, desk: Desk, clock: Clock) -> None:
    ages = {"15m": timedelta(minutes=10), "2h": timedelta(hours=1), "24h": timedelta(hours=20)}
    made = [
        desk.executed(received_at=clock.now - age).public_id
        for age in (timedelta(days=40), *reversed(ages.values()))
    ]
    newest_first = made[::-1]
    assert rows(alice, "?window=15m") == newest_first[:1]
    assert rows(alice, "?window=2h") == newest_first[:2]
    assert rows(alice, "?window=24h") == rows(alice) == newest_first[:3]
    assert rows(alice, "?window=all") == newest_first


def test_from_and_to_choose_a_window_of_ones_own(alice: FlaskClient, desk: Desk) -> None:
    old = desk.executed(received_at=NOON - timedelta(days=3))
    desk.executed()
    for query in (
        "from=2026-02-27T12:00&to=2026-02-27T12:01",
        "from=2026-02-27T13:00%2B01:00&to=2026-02-27T12:01:00.000Z",
        "to=2026-02-27T12:00&from=2026-02-27T12:01",
    ):
        assert rows(alice, f"?{query}") == [old.public_id], query
    assert rows(alice, "?to=2026-03-01") == [old.public_id]


def test_each_chip_takes_its_own_filter_off(alice: FlaskClient, desk: Desk) -> None:
    desk.executed()
    page = alice.get(f"/audit?status=filled&q=a%26b&hook={desk.hook.public_id}&window=2h").text
    chips = re.findall(r'<a href="(/audit[^"]*)"><span>(\w+)</span>', re.sub(r">\s+<", "><", page))
    assert [name for _, name in chips] == ["Hook", "Status", "Search", "Window"]
    without = {name: address.replace("&amp;", "&") for address, name in chips}
    assert without["Status"] == f"/audit?hook={desk.hook.public_id}&q=a%26b&window=2h"
    assert without["Window"] == f"/audit?hook={desk.hook.public_id}&status=filled&q=a%26b"


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense&window=nonsense&hook=1&account=-1&after=0&open=x",
        "from=yesterday&to=0001-01-01T00:00:00%2B14:00",
        "from=2026-13-99&to=" + "9" * 500,
        "q=%00&symbol=%00%00",
        "q=' OR 1=1 --&symbol=%27;DROP TABLE alert;--",
        "q=\\&symbol=\\%25_",
        "limit=1000000000&offset=-1&sort=password",
        "cursor=%00&window=24h&window=all",
    ],
)
def test_a_filter_that_is_none_changes_nothing(query: str, alice: FlaskClient, desk: Desk) -> None:
    desk.executed()
    assert alice.get(f"/audit?{query}").status_code == 200
    assert alice.get(f"/audit/news?{query}").status_code in (200, 204)


def test_figures_are_those_of_the_filter(alice: FlaskClient, desk: Desk) -> None:
    def answered(milliseconds: int) -> dict[str, Any]:
        return {"answered_at": NOON + timedelta(milliseconds=milliseconds)}

    for milliseconds in range(10, 210, 10):
        desk.executed(**answered(milliseconds))
    desk.executed(Status.REJECTED, instrument="XAUUSD", **answered(5000))
    desk.executed(Status.DENIED, instrument="XAUUSD")
    desk.only_alert(AlertStatus.REFUSED, signals="[]")
    assert figures(alice) == (
        "Alerts 23 Filled 91 % 20 of 22 Rejected or denied 9 % 2 Answer p50 / p95 110 ms / 200 ms"
    )
    assert figures(alice, "?symbol=XAUUSD") == (
        "Alerts 2 Filled 0 % 0 of 2 Rejected or denied 100 % 2 Answer p50 / p95 5.00 s / 5.00 s"
    )
    assert figures(alice, "?status=unknown") == (
        "Alerts 0 Filled – 0 of 0 Rejected or denied – 0 Answer p50 / p95 – / –"
    )


def test_older_pages_follow_without_a_gap(alice: FlaskClient, desk: Desk) -> None:
    with desk.database.transaction() as db:
        made = []
        for n in range(PAGE + 5):
            alert = make_alert(db, desk.hook, received_at=NOON + timedelta(seconds=n))
            for leg in range(2):
                execution = make_execution(db, alert, desk.rule, desk.account, leg=leg)
                made.append((-n, leg, execution.public_id))
    expected = [key for _, _, key in sorted(made)]
    seen: list[str] = []
    address = "/audit?symbol=EURUSD"
    while True:
        page = alice.get(address).text
        seen += keys(page)
        older = re.search(r'rel="next"\s+href="([^"]+)"', page)
        if older is None:
            break
        address = older[1].replace("&amp;", "&")
        assert address.startswith("/audit?symbol=EURUSD&after=")
    assert seen == expected
    assert "hx-get" not in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("", "No alert in the last 24 hours"), ("?status=filled", "No alert matches these filters")],
)
def test_an_empty_list_says_why_and_what_to_do(
    query: str, sentence: str, alice: FlaskClient, desk: Desk
) -> None:
    page = alice.get(f"/audit{query}").text
    assert sentence in page
    assert "how everything" in page


def test_without_a_hook_the_way_to_one_is_shown(alice: FlaskClient) -> None:
    assert "No hook yet" in alice.get("/audit").text


# --- what is new -----------------------------------------------------------------------------


def cursor_of(text: str) -> str:
    found = re.search(r'id="cursor"\s+name="cursor"\s+value="([^"]+)"', text)
    assert found is not None
    return found[1]


def test_nothing_new_is_answered_204(alice: FlaskClient, desk: Desk) -> None:
    assert alice.get(f"/audit/news?cursor={NOTHING}").status_code == 204
    desk.executed()
    cursor = cursor_of(alice.get("/audit").text)
    answer = alice.get(f"/audit/news?cursor={cursor}")
    assert (answer.status_code, answer.data) == (204, b"")


def test_new_and_changed_rows_come_once(alice: FlaskClient, desk: Desk) -> None:
    changing = desk.executed(Status.WORKING)
    still = desk.executed()
    before = alice.get("/audit").text
    new = desk.executed()
    with desk.database.transaction() as db:
        row = db.get_one(ExecutionRow, changing.id)
        row.status = Status.FILLED
        make_entry(db, Event.EXECUTION_FILLED, None, row)
    told = alice.get(f"/audit/news?cursor={cursor_of(before)}").text
    assert keys(told) == [new.public_id, changing.public_id]
    assert still.public_id not in told
    assert mark_of(told, changing) != mark_of(before, changing)
    assert "Alerts" in told
    assert alice.get(f"/audit/news?cursor={cursor_of(told)}").status_code == 204


def mark_of(text: str, execution: ExecutionRow) -> str:
    found = re.search(rf'id="row-{execution.public_id}"[^>]*data-mark="(\w+)"', text)
    assert found is not None
    return found[1]


def test_an_entry_that_commits_late_is_not_missed(alice: FlaskClient, desk: Desk) -> None:
    late = desk.executed(Status.WORKING)
    with desk.database.transaction() as db:
        # stands for a number given out by a transaction that has not committed yet
        newest = AuditRow(
            id=1000,
            public_id="f" * 32,
            at=NOON,
            user=desk.hook.user,
            actor="x",
            event="rule.changed",
        )
        db.add(newest)
    cursor = cursor_of(alice.get("/audit").text)
    with desk.database.transaction() as db:
        db.add(
            AuditRow(
                id=999,
                public_id="e" * 32,
                at=NOON,
                user=desk.hook.user,
                actor="bridge",
                event=Event.EXECUTION_FILLED.value,
                execution=late.id,
            )
        )
    assert keys(alice.get(f"/audit/news?cursor={cursor}").text) == [late.public_id]


def test_a_row_that_left_the_filter_says_so(alice: FlaskClient, desk: Desk) -> None:
    queued = desk.executed(Status.QUEUED)
    page = alice.get("/audit?status=queued").text
    with desk.database.transaction() as db:
        row = db.get_one(ExecutionRow, queued.id)
        row.status = Status.DENIED
        make_entry(db, Event.EXECUTION_DENIED, None, row)
    told = alice.get(f"/audit/news?status=queued&cursor={cursor_of(page)}").text
    assert re.search(rf'id="row-{queued.public_id}"[^>]*data-unfit', told)
    told = alice.get(f"/audit/news?cursor={cursor_of(page)}").text
    assert "data-unfit" not in told


def test_bob_gets_no_news_of_alices(alice: FlaskClient, bob: FlaskClient, desk: Desk) -> None:
    desk.executed()
    cursor = cursor_of(alice.get("/audit").text)
    assert bob.get(f"/audit/news?cursor={NOTHING}").status_code == 204
    desk.executed()
    assert bob.get(f"/audit/news?cursor={NOTHING}").status_code == 204
    with desk.database.transaction() as db:
        make_entry(db, Event.RULE_CHANGED, user=None)
    assert bob.get(f"/audit/news?cursor={cursor}").status_code == 404


def test_a_page_signed_out_meanwhile_is_told(app: Any) -> None:
    answer = app.test_client().get("/audit/news", headers={"HX-Request": "true"})
    assert answer.status_code == 401


# --- one alert in full -----------------------------------------------------------------------


def in_full(client: FlaskClient, public_id: str, **headers: str) -> str:
    text = client.get(f"/alerts/{public_id}", headers=headers).text
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_an_alert_in_full_tells_its_whole_life(alice: FlaskClient, desk: Desk) -> None:
    execution = desk.executed(
        arithmetic='["0.1 lots, as the alert says"]',
        broker_order_id="360287970190331221",
        position_id="443322",
        fill_price=Decimal("1.08424"),
        fill_lots=Decimal("0.1"),
        reason="Filled 0.1 at 1.08424.",
        signal=Signal(
            Action.BUY, "EURUSD", Decimal("0.1"), Unit.LOTS,
            stop_loss=Level(LevelKind.PIPS, Decimal(20)),
        ),
    )  # fmt: skip
    with desk.database.transaction() as db:
        call = make_call(NOON + timedelta(milliseconds=20), 120)
        alert = db.get_one(AlertRow, execution.alert)
        alert.repairs = '["A comma before the last brace was dropped."]'
        alert.not_honoured = '[{"is": "NotHonoured", "field": "leverage", "reason": "Not used."}]'
        alert.unmatched = '[{"rule": "Gold", "signal": 0, "code": "x", "reason": "Not listed."}]'
        sent, answered = NOON + timedelta(milliseconds=20), NOON + timedelta(milliseconds=140)
        make_entry(db, Event.EXECUTION_SENDING, alert, execution, now=sent)
        make_entry(db, Event.EXECUTION_WORKING, alert, execution, now=answered, call=call)
    told = in_full(alice, alert.public_id)
    for part in (
        "Buy EURUSD by market order.",
        "0.1 lots, as the alert says",
        "0.1 at 1.08424",
        "360287970190331221",
        "443322",
        execution.tag,
        "Received",
        "From 52.89.214.238 (TradingView)",
        "Written down as sending +20 ms",
        "140 ms Accepted by the broker +120 ms",
        "POST /trade/accounts/700001/orders 200 · 120 ms",
        "orderId",
        "drawn to time, 140 ms in all",
        "stop loss 20 pips away",
        "A comma before the last brace was dropped.",
        "leverage : Not used.",
        "Gold : Not listed.",
    ):
        assert part in told, part


def test_every_status_of_an_execution_is_told_in_full(alice: FlaskClient, desk: Desk) -> None:
    for status in Status:
        execution = desk.executed(status, intent=close_intent(), action="close", instrument=None)
        told = in_full(alice, alert_of(desk, execution))
        assert status.value.replace("_", " ") in told
        assert "Close everything open in every instrument." in told


def test_an_alert_without_execution_says_why(alice: FlaskClient, desk: Desk) -> None:
    first = desk.only_alert(AlertStatus.UNMATCHED)
    duplicate = desk.only_alert(AlertStatus.DUPLICATE, duplicate_of=first.id)
    conflict = desk.only_alert(AlertStatus.DUPLICATE, duplicate_of=first.id, conflict=True)
    refused = desk.only_alert(
        AlertStatus.REFUSED,
        signals="[]",
        body=b"\xff\x00 not text",
        dialect=None,
        sender=None,
        content_type=None,
        code="utf8",
        field="body",
        reason="The body is not text.",
    )
    assert "no rule acts on it" in in_full(alice, first.public_id)
    assert f"The first of its kind is {first.public_id}" in in_full(alice, duplicate.public_id)
    assert "Its id was used before with another body" in in_full(alice, conflict.public_id)
    told = in_full(alice, refused.public_id)
    assert "The body is not text." in told
    assert "Field: body" in told
    assert r"\xff⟨U+0000⟩ not text" in told


def test_beside_the_list_only_the_alert_is_sent(alice: FlaskClient, desk: Desk) -> None:
    alert = desk.only_alert(AlertStatus.UNMATCHED)
    beside = alice.get(f"/alerts/{alert.public_id}", headers={"HX-Request": "true"}).text
    assert "<html" not in beside
    assert "<article" in beside


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_shown_inert_everywhere(
    hostile: str, alice: FlaskClient, desk: Desk, people: ThreePeople
) -> None:
    with desk.database.transaction() as db:
        hook = make_hook(db, people.alice, name=hostile)
        account = make_account(db, people.alice, name=hostile)
        rule = make_rule(db, hook, account, name=hostile)
        signal = Signal(Action.BUY, hostile, comment=hostile)
        alert = make_alert(db, hook, signal=signal, body=hostile, sender=hostile[:60])
        call = make_call(answer=hostile, request=hostile, error=hostile, status=None)
        execution = make_execution(
            db, alert, rule, account, instrument=hostile, reason=hostile, broker_order_id=hostile
        )
        make_entry(db, Event.EXECUTION_UNKNOWN, alert, execution, reason=hostile, call=call)
    addresses = ("/audit", f"/audit?q={hostile}", f"/alerts/{alert.public_id}")
    for page in [alice.get(address).text for address in addresses]:
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<svg/" not in page
        assert " 49 " not in page
        assert "{{7*7}}" in page or hostile != "{{7*7}}"


def test_what_hides_or_turns_text_is_named(alice: FlaskClient, desk: Desk) -> None:
    alert = desk.only_alert(AlertStatus.REFUSED, signals="[]", body="EUR\u202eUSD\u200b")
    assert "EUR⟨U+202E⟩USD⟨U+200B⟩" in in_full(alice, alert.public_id)


def test_a_message_is_laid_out_without_changing_it(alice: FlaskClient, desk: Desk) -> None:
    body = '{"side":"buy","side":"sell","qty":0.10,"list":[],"in":{"a":[1,{}]},"t":"a, {b}: [c]"}'
    alert = desk.only_alert(AlertStatus.REFUSED, signals="[]", body=body)
    page = alice.get(f"/alerts/{alert.public_id}").text
    shown = re.search(r'aria-label="The message, laid out">(.*?)</pre>', page, re.S)
    assert shown is not None
    text = re.sub(r"<[^>]+>", "", shown[1]).replace("&#34;", '"')
    assert text == (
        '{\n  "side": "buy",\n  "side": "sell",\n  "qty": 0.10,\n  "list": [],\n  "in": {\n'
        '    "a": [\n      1,\n      {}\n    ]\n  },\n  "t": "a, {b}: [c]"\n}'
    )


def test_every_status_has_a_pill_and_every_event_of_an_execution_has_words() -> None:
    assert set(TONES) == {*Status, *AlertStatus}
    assert set(ALERT_SENTENCES) == set(AlertStatus)
    assert {*STATUSES, "accepted"} == set(TONES)
    about = {e for e in Event if e.value.startswith("execution.")}
    assert about <= set(EVENTS)
