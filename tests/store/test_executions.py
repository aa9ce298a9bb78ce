"""Executions: one sender at a time is a fact of the schema; only who sees the truth moves one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bridge.domain.decide import Leave
from bridge.domain.intents import Intent
from bridge.domain.reasons import why
from bridge.domain.status import FINAL, Status
from bridge.domain.values import PositionSide, make_tag
from bridge.errors import LostRace
from bridge.store import executions
from bridge.store.db import Database
from bridge.store.executions import Execution, NewAttempt, NewExecution
from bridge.store.tables import routing
from bridge.store.tables.work import AttemptRow, ExecutionRow
from tests.domain.made import D
from tests.factories import (
    NOON,
    close_intent,
    make_account,
    make_alert,
    make_execution,
    make_hook,
    make_rule,
    make_user,
    open_intent,
)

S = Status
ATTEMPT = NewAttempt("0" * 64, None, None)
CLOSING = NewAttempt("0" * 64, "77", D("1.5"))
SECOND = timedelta(seconds=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@dataclass
class Desk:
    """One rule of one hook, with two accounts, and a way to make executions of it."""

    database: Database
    user: int
    hook: int
    rule: int
    accounts: tuple[int, int]
    made: int = 0

    def new(self, intent: Intent | None = None, **values: Any) -> NewExecution:
        """An execution of an alert of its own, not yet written."""
        self.made += 1
        with self.database.transaction() as db:
            hook = db.get_one(routing.HookRow, self.hook)
            alert = make_alert(db, hook).id
        return NewExecution(
            **{
                "user": self.user,
                "alert": alert,
                "signal_no": 0,
                "rule": self.rule,
                "account": self.accounts[0],
                "turn": self.made,
                "leg": 2,
                "instrument": "EURUSD",
                "action": "buy",
                "intent": intent or open_intent(),
                "shadow": None,
                "tag": make_tag(NOON, self.made.to_bytes(10, "big"), 2),
                "source_time": NOON,
                "received_at": NOON,
                "now": NOON,
                **values,
            }
        )

    def queued(self, intent: Intent | None = None, **values: Any) -> Execution:
        new = self.new(intent, **values)
        with self.database.transaction() as db:
            (made,) = executions.insert_many(db, [new])
        return self.seen(made.id, new.account)

    def seen(self, id: int, account: int | None = None) -> Execution:
        with self.database.reading() as db:
            rows = executions.unfinished(db, account or self.accounts[0])
        return next(e for e in rows if e.id == id)

    def start(self, execution: Execution, attempt: NewAttempt = ATTEMPT, **also: Any) -> Execution:
        with self.database.transaction() as db:
            executions.start(db, execution, 1, attempt, NOON, **also)
        return self.seen(execution.id, execution.account)

    def move(self, execution: Execution, new: Status, **also: Any) -> None:
        with self.database.transaction() as db:
            executions.move(db, execution, new, why("accepted", order="9"), NOON, **also)

    def row(self, execution: Execution) -> ExecutionRow:
        with self.database.reading() as db:
            return db.get_one(ExecutionRow, execution.id)


@pytest.fixture
def desk(database: Database) -> Desk:
    with database.transaction() as db:
        user = make_user(db)
        hook = make_hook(db, user)
        one, two = (make_account(db, user) for _ in range(2))
        rule = make_rule(db, hook, one, two)
        return Desk(database, user.id, hook.id, rule.id, (one.id, two.id))


# --- making and reading -----------------------------------------------------------------------


def test_an_execution_comes_back_as_it_was_made(desk: Desk) -> None:
    new = desk.new(close_intent(PositionSide.LONG), leg=1)
    with desk.database.transaction() as db:
        (made,) = executions.insert_many(db, [new])
    found = desk.seen(made.id)
    assert found.public_id == made.public_id
    assert (found.intent, found.kind, found.direction) == (new.intent, "close", "reduces")
    assert (found.status, found.attempt) == (S.QUEUED, 1)
    assert found.due_at < NOON  # at once, whatever the clocks say
    assert (found.tag, found.turn, found.leg, found.plan) == (new.tag, new.turn, 1, None)
    assert found.reduces
    assert found.family == (new.alert, 0, new.rule, new.account)


def test_many_are_written_at_once_in_their_order(desk: Desk) -> None:
    news = [desk.new() for _ in range(5)]
    with desk.database.transaction() as db:
        made = executions.insert_many(db, news)
        assert executions.insert_many(db, []) == []
    assert [m.id for m in made] == sorted(m.id for m in made)
    assert [desk.seen(m.id).tag for m in made] == [n.tag for n in news]


def test_a_lane_is_read_by_turn_then_leg_without_what_is_final(desk: Desk) -> None:
    third = desk.queued(turn=7, leg=2)
    second = desk.queued(turn=7, leg=1)
    first = desk.queued(turn=3, leg=2)
    done = desk.queued(turn=1)
    desk.queued(account=desk.accounts[1])
    desk.move(done, S.DENIED)
    with desk.database.reading() as db:
        assert [e.id for e in executions.unfinished(db, desk.accounts[0])] == [
            *(first.id, second.id, third.id),
        ]


@pytest.mark.parametrize("status", list(Status))
def test_only_what_is_not_final_is_unfinished(desk: Desk, status: Status) -> None:
    with desk.database.transaction() as db:
        hook, rule = db.get_one(routing.HookRow, desk.hook), db.get_one(routing.RuleRow, desk.rule)
        account = db.get_one(routing.AccountRow, desk.accounts[0])
        make_execution(db, make_alert(db, hook), rule, account, status=status)
    with desk.database.reading() as db:
        assert bool(executions.unfinished(db, desk.accounts[0])) is (status not in FINAL)


def test_earlier_legs_of_the_same_signal_are_found_also_when_final(desk: Desk) -> None:
    first = desk.queued(close_intent(), leg=1, turn=5)
    second = desk.queued(alert=first.alert, leg=2, turn=5)
    desk.queued(alert=first.alert, signal_no=1, leg=1, turn=5)
    desk.queued(leg=1, turn=5)
    desk.move(first, S.DENIED)
    with desk.database.reading() as db:
        (leg,) = executions.legs_of(db, second)
        assert (leg.id, leg.status) == (first.id, S.DENIED)
        assert executions.legs_of(db, first) == []


# --- one sender at a time ---------------------------------------------------------------------


def test_two_executions_of_an_account_are_never_sending_at_once(desk: Desk) -> None:
    one, other = desk.queued(), desk.queued(instrument="GBPUSD")
    desk.start(one)
    with pytest.raises(IntegrityError):
        desk.start(other)
    assert desk.seen(other.id).status is S.QUEUED


def test_another_account_sends_at_the_same_time(desk: Desk) -> None:
    desk.start(desk.queued())
    there = desk.start(desk.queued(account=desk.accounts[1]))
    assert there.status is S.SENDING


def test_nothing_is_sent_on_an_instrument_with_an_unknown(desk: Desk) -> None:
    one, same, other = desk.queued(), desk.queued(), desk.queued(instrument="GBPUSD")
    desk.move(desk.start(one), S.UNKNOWN)
    with pytest.raises(IntegrityError):
        desk.start(same)
    assert desk.start(other).status is S.SENDING


def test_two_unknowns_of_an_account_are_on_different_instruments(desk: Desk) -> None:
    one, other = desk.queued(), desk.queued(instrument="GBPUSD")
    desk.move(desk.start(one), S.UNKNOWN)
    desk.move(desk.start(other), S.UNKNOWN)
    with desk.database.reading() as db:
        rows = executions.unfinished(db, desk.accounts[0])
    assert {e.status for e in rows} == {S.UNKNOWN}


def test_of_many_that_start_one_execution_one_wins(desk: Desk) -> None:
    queued = desk.queued()

    def rush(fence: int) -> bool:
        try:
            with desk.database.transaction() as db:
                executions.start(db, queued, fence, ATTEMPT, NOON)
        except LostRace:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        won = list(pool.map(rush, range(10)))
    assert won.count(True) == 1
    assert desk.row(queued).fence == won.index(True)
    with desk.database.reading() as db:
        assert db.execute(sa.select(sa.func.count()).select_from(AttemptRow)).scalar_one() == 1


@pytest.mark.parametrize("again", ["tag", "leg"])
def test_a_tag_and_a_leg_are_used_once_for_ever(desk: Desk, again: str) -> None:
    first = desk.queued()
    desk.move(first, S.DENIED)
    values: dict[str, Any] = {"tag": first.tag} if again == "tag" else {"alert": first.alert}
    with pytest.raises(IntegrityError):
        desk.queued(**values)


# --- moves ------------------------------------------------------------------------------------


def test_a_start_is_written_down_with_its_attempt(desk: Desk) -> None:
    plan = (Leave("77", D("1.5"), D(0)),)
    kept = {"plan": executions.written_plan(plan), "quantity": D("1.50")}
    found = desk.start(desk.queued(close_intent()), CLOSING, **kept)
    assert (found.status, found.sent_at, found.plan) == (S.SENDING, NOON, plan)
    assert found.quantity == D("1.5")
    with desk.database.reading() as db:
        attempt = executions.last_attempt(db, found)
    assert attempt is not None
    assert (attempt.n, attempt.target, attempt.seen, attempt.wire) == (1, "77", D("1.5"), None)


def test_before_the_first_call_there_is_no_attempt(desk: Desk) -> None:
    with desk.database.reading() as db:
        assert executions.last_attempt(db, desk.queued()) is None


def test_an_answer_is_noted_on_its_attempt(desk: Desk) -> None:
    found = desk.start(desk.queued())
    with desk.database.transaction() as db:
        executions.answered(db, found, "accepted", NOON + SECOND)
        attempt = executions.last_attempt(db, found)
    assert attempt is not None
    assert attempt.wire == "accepted"


@pytest.mark.parametrize(
    ("new", "final"), [(S.FILLED, True), (S.REJECTED, True), (S.WORKING, False), (S.UNKNOWN, False)]
)
def test_a_move_writes_status_reason_and_the_end(desk: Desk, new: Status, final: bool) -> None:
    found = desk.start(desk.queued())
    desk.move(found, new, fill_price=D("1.10"))
    row = desk.row(found)
    assert (row.status, row.code) == (new.value, "accepted")
    assert row.reason == "Accepted by the broker as order 9."
    assert row.fill_price == D("1.1")
    assert (row.final_at == NOON) is final


def test_a_move_from_a_status_it_no_longer_has_is_lost(desk: Desk) -> None:
    found = desk.start(desk.queued())
    desk.move(found, S.UNKNOWN)
    with pytest.raises(LostRace):
        desk.move(found, S.FILLED)
    assert desk.seen(found.id).status is S.UNKNOWN


def test_a_move_that_the_table_does_not_know_is_a_fault_of_ours(desk: Desk) -> None:
    with pytest.raises(ValueError, match="cannot go from queued to filled"):
        desk.move(desk.queued(), S.FILLED)


def test_a_final_execution_does_not_move(desk: Desk) -> None:
    found = desk.start(desk.queued())
    desk.move(found, S.FILLED)
    with pytest.raises(ValueError, match="cannot go"):
        desk.move(replace(found, status=S.FILLED), S.CANCELLED)


# --- another attempt --------------------------------------------------------------------------


def again(desk: Desk, execution: Execution) -> Execution:
    reason = why("not_taken", seen="429", attempt=2)
    with desk.database.transaction() as db:
        executions.queue_again(db, execution, reason, NOON + SECOND)
    return desk.seen(execution.id)


def test_another_attempt_is_queued_with_the_next_number(desk: Desk) -> None:
    first = desk.start(desk.queued())
    second = again(desk, first)
    assert (second.status, second.attempt, second.due_at) == (S.QUEUED, 2, NOON + SECOND)
    assert second.tag == first.tag
    assert second.code == "not_taken"
    third = desk.start(second)
    with desk.database.reading() as db:
        attempt = executions.last_attempt(db, third)
    assert attempt is not None
    assert attempt.n == 2


def test_a_late_writer_of_an_earlier_attempt_changes_nothing(desk: Desk) -> None:
    first = desk.start(desk.queued())
    desk.start(again(desk, first))
    with pytest.raises(LostRace):
        desk.move(first, S.FILLED)
    with pytest.raises(LostRace):
        again(desk, first)
    assert desk.seen(first.id).status is S.SENDING


@pytest.mark.parametrize("status", [S.UNKNOWN, S.WORKING])
def test_an_open_that_may_have_reached_the_broker_is_never_queued_again(
    desk: Desk, status: Status
) -> None:
    found = desk.start(desk.queued())
    desk.move(found, status)
    with pytest.raises(ValueError, match="no next attempt"):
        again(desk, desk.seen(found.id))


@pytest.mark.parametrize("status", [S.UNKNOWN, S.WORKING])
def test_a_close_that_may_have_reached_the_broker_is_queued_again(
    desk: Desk, status: Status
) -> None:
    found = desk.start(desk.queued(close_intent()), CLOSING)
    desk.move(found, status)
    assert again(desk, desk.seen(found.id)).attempt == 2


# --- waiting ----------------------------------------------------------------------------------


def test_a_wait_says_what_for_and_until_when(desk: Desk) -> None:
    queued = desk.queued()
    with desk.database.transaction() as db:
        executions.wait(db, queued, why("rate_limited"), NOON + SECOND)
    found = desk.seen(queued.id)
    assert (found.status, found.due_at, found.code) == (S.QUEUED, NOON + SECOND, "rate_limited")
    assert found.waiting == "Waiting for the broker's rate limit."
    assert desk.start(found).waiting is None


@pytest.mark.parametrize(("absent", "reads"), [(True, 1), (False, 0)])
def test_a_look_counts_and_only_a_complete_one_counts_as_absent(
    desk: Desk, absent: bool, reads: int
) -> None:
    found = desk.start(desk.queued())
    desk.move(found, S.UNKNOWN)
    with desk.database.transaction() as db:
        executions.looked(db, replace(found, status=S.UNKNOWN), NOON + SECOND, absent=absent)
    found = desk.seen(found.id)
    assert (found.looks, found.absent_reads, found.due_at) == (1, reads, NOON + SECOND)


def test_what_holds_it_back_is_shown_and_taken_away(desk: Desk) -> None:
    queued = desk.queued()
    for text in ("Waiting for an earlier one.", None, None):
        with desk.database.transaction() as db:
            executions.say_waiting(db, desk.seen(queued.id), text)
        assert desk.seen(queued.id).waiting == text


def test_an_intent_may_turn_out_to_be_another_one(desk: Desk) -> None:
    queued = desk.queued(instrument=None)
    with desk.database.transaction() as db:
        executions.become(db, queued, close_intent(), instrument="EURUSD")
    found = desk.seen(queued.id)
    assert (found.intent, found.kind, found.direction) == (close_intent(), "close", "reduces")
    assert found.instrument == "EURUSD"


# --- figures ----------------------------------------------------------------------------------


def test_what_was_traded_last_is_read_ahead(desk: Desk) -> None:
    for name in ("EURUSD", "GBPUSD", None, "US30", "EURUSD"):
        desk.queued(instrument=name)
    with desk.database.reading() as db:
        recent = executions.recent_instruments(db, desk.accounts[0])
        assert recent == ("EURUSD", "US30", "GBPUSD")
        assert executions.recent_instruments(db, desk.accounts[0], 1) == ("EURUSD",)
