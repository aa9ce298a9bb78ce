"""Published rate limits, and what stands in for those that make no sense."""

from datetime import timedelta

import pytest

from bridge.brokers.base import Limit
from bridge.brokers.tradelocker import limits


def entry(**changed: object) -> dict[str, object]:
    usual = {"rateLimitType": "QUOTES", "measure": "MINUTES", "intervalNum": 2, "limit": 60}
    return {**usual, **changed}


def test_a_published_limit_replaces_the_assumed_one() -> None:
    found = limits.read_limits([entry(), entry(rateLimitType="GET_ORDERS", measure="SECONDS")])
    assert found["QUOTES"] == Limit(60, timedelta(minutes=2))
    assert found["GET_ORDERS"] == Limit(60, timedelta(seconds=2))
    assert found["GET_POSITIONS"] == limits.ASSUMED["GET_POSITIONS"]


@pytest.mark.parametrize(
    "published",
    [
        None,
        {},
        ["x"],
        [{}],
        [entry(limit=0)],
        [entry(limit=-1)],
        [entry(limit=None)],
        [entry(limit="many")],
        [entry(intervalNum=0)],
        [entry(intervalNum=10**9)],
        [entry(measure="FORTNIGHTS")],
        [entry(rateLimitType="SOMETHING_NEW")],
    ],
)
def test_a_limit_that_makes_no_sense_leaves_what_we_assume(published: object) -> None:
    assert limits.read_limits(published) == limits.ASSUMED


def test_cancels_and_closes_are_paced_as_their_nearest_kin() -> None:
    assert (limits.CANCEL, limits.CLOSE) == ("MODIFY_ORDER", "MODIFY_POSITION")
