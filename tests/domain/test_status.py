"""An execution's status only moves forward, along one table."""

from graphlib import TopologicalSorter
from itertools import product

import pytest

from bridge.domain.status import (
    FINAL,
    IN_FLIGHT,
    MOVES,
    NEXT_ATTEMPT,
    SENTENCES,
    UNFINISHED,
    Status,
    check_move,
    check_next_attempt,
)

S = Status
ENDS = {S.FILLED, S.REJECTED, S.CANCELLED}

TABLE = {
    S.QUEUED: {S.SENDING, S.DENIED, S.EXPIRED, S.CANCELLED, S.SHADOWED},
    S.SENDING: {S.WORKING, S.UNKNOWN, S.NOT_PLACED, *ENDS},
    S.UNKNOWN: {S.WORKING, S.NOT_PLACED, S.NEEDS_REVIEW, *ENDS},
    S.WORKING: ENDS,
    S.NEEDS_REVIEW: {S.WORKING, S.NOT_PLACED, *ENDS},
    S.NOT_PLACED: {S.WORKING, *ENDS},
}


@pytest.mark.parametrize(("old", "new"), [*product(Status, Status)])
def test_an_execution_moves_only_along_the_table(old: Status, new: Status) -> None:
    if new in TABLE.get(old, set()):
        check_move(old, new)
    else:
        with pytest.raises(ValueError, match=f"cannot go from {old} to {new}"):
            check_move(old, new)


def test_the_table_has_no_way_round() -> None:
    order = TopologicalSorter({old: set(ways) for old, ways in MOVES.items()})
    assert set(order.static_order()) == set(Status)


def test_every_status_but_the_first_has_a_way_in() -> None:
    reached = set().union(*MOVES.values())
    assert set(Status) - reached == {S.QUEUED}


@pytest.mark.parametrize(
    "status", [S.FILLED, S.REJECTED, S.CANCELLED, S.DENIED, S.EXPIRED, S.SHADOWED]
)
def test_a_final_status_is_final(status: Status) -> None:
    assert not MOVES[status]
    assert status in FINAL
    with pytest.raises(ValueError, match="no next attempt"):
        check_next_attempt(status, reduces=True)


def test_in_flight_is_what_may_be_at_the_broker_without_an_answer() -> None:
    assert {S.SENDING, S.UNKNOWN} == IN_FLIGHT


def test_unfinished_and_final_share_nothing_and_miss_nothing() -> None:
    assert set(Status) == UNFINISHED | FINAL
    assert not UNFINISHED & FINAL
    assert {S.QUEUED, S.SENDING, S.UNKNOWN, S.WORKING, S.NEEDS_REVIEW} == UNFINISHED


@pytest.mark.parametrize("old", list(Status))
@pytest.mark.parametrize("reduces", [True, False])
def test_only_a_close_gets_another_attempt_once_it_may_have_reached_the_broker(
    old: Status, reduces: bool
) -> None:
    allowed = old is S.SENDING or (reduces and old in {S.UNKNOWN, S.WORKING})
    if allowed:
        check_next_attempt(old, reduces=reduces)
    else:
        with pytest.raises(ValueError, match="no next attempt"):
            check_next_attempt(old, reduces=reduces)


def test_a_next_attempt_never_starts_from_an_end() -> None:
    assert not set(NEXT_ATTEMPT) & FINAL


def test_every_status_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Status)
    assert all(text.endswith(".") for text in SENTENCES.values())
