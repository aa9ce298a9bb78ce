"""The broker's own client and ours hear the same from paper, and both hear what is written here."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.paper import Paper, PaperSettings, create_paper
from bridge.paper.routes import NAMES
from bridge.paper.server import running
from tests.checks import locks
from tests.contract import scenario
from tests.contract.compare import differences, numbered, unlike
from tests.contract.ours import Ours
from tests.contract.scenario import SCENARIO, Answer, step

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements-contract.txt"
PLACE = ROOT / ".venv/contract"
STILL = PaperSettings(limit_factor=Decimal(1000), fill_delay_ms=0, walk=False)

Tellings = dict[str, list[Answer | None]]


@pytest.fixture
def paper() -> Iterator[Paper]:
    """A broker whose clock and prices stand still, so that both clients must see the same."""
    paper = create_paper(seed=1, settings=STILL)
    paper.control.call("POST", "/clock", {"advance_ms": 0})
    yield paper
    paper.close()


def test_the_environment_of_the_official_client_is_there_as_locked() -> None:
    assert list(locks.unsafe(LOCK.read_text())) == []
    assert locks.pinned(LOCK.read_text())["tradelocker"] == "0.56.2"
    assert (PLACE / ".ready").is_file(), "make test installs it"
    assert (PLACE / ".ready").read_text() == LOCK.read_text()


@pytest.mark.slow
def test_both_clients_hear_the_same_and_what_is_written(paper: Paper) -> None:
    now = paper.clock.now()
    with running(paper) as base, _official_client(base, now) as official:
        ours = {title: _told_by_us(paper, base, title, now) for title in SCENARIO}
        theirs = _answers_of(official)
    assert theirs.keys() == ours.keys()
    wrong = [
        f"{title}: {fault}"
        for title, chapter in SCENARIO.items()
        for fault in differences(chapter, theirs[title], ours[title])
    ]
    assert wrong == []
    for official_signs in (True, False):
        calls = [seen for seen in paper.wire if (seen.query.get("ref") == "py_c") is official_signs]
        assert {seen.route for seen in calls} == NAMES


@contextmanager
def _official_client(base: str, now: int) -> Iterator["subprocess.Popen[str]"]:
    """What it logs holds tokens and passwords: it is thrown away unread."""
    client = subprocess.Popen(
        [PLACE / "bin/python", "-B", "-m", "tests.contract.official", base, str(now)],
        cwd=ROOT,
        env={"PATH": os.defpath, "NO_PROXY": "*"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with client:
        try:
            yield client
        finally:
            client.kill()


def _answers_of(official: "subprocess.Popen[str]") -> Tellings:
    told, _ = official.communicate(timeout=120)
    assert official.returncode == 0, "the official client could not be run"
    answers: dict[str, Any] = json.loads(told)
    crashed = {title: told for title, told in answers.items() if isinstance(told, str)}
    assert crashed == {}
    return answers


def _told_by_us(paper: Paper, base: str, title: str, now: int) -> list[Answer | None]:
    speaker = Ours(paper, base, scenario.email_of("ours", title), now)
    try:
        return speaker.tell(SCENARIO[title])
    finally:
        speaker.login.close()


# The comparison itself.


@pytest.mark.parametrize(
    ("wanted", "found", "faults"),
    [
        ({"a": "1"}, {"a": "1", "b": "2"}, 0),
        ({"a": "1"}, {"a": "2"}, 1),
        ({"a": None}, {}, 0),
        ({"rows": [{"a": "1"}]}, {"rows": []}, 1),
        ({"rows": [{"a": "1"}]}, {"rows": [{"a": "2"}]}, 1),
        ({"a": scenario.SOME}, {"a": "x"}, 0),
        ({"a": scenario.SOME}, {"a": None}, 1),
    ],
)
def test_an_expectation_names_what_it_cares_for(wanted: Any, found: Any, faults: int) -> None:
    assert len(list(unlike(wanted, found))) == faults


def test_clients_must_agree_in_every_field_and_each_with_the_sentence() -> None:
    chapter = (step("it is", "look", {"a": "1"}), step("only we", "look", {"b": "1"}, only="ours"))
    same: list[Answer | None] = [{"a": "1"}, None]
    assert list(differences(chapter, same, [{"a": "1"}, {"b": "1"}])) == []
    assert len(list(differences(chapter, same, [{"a": "1", "c": "2"}, {"b": "1"}]))) == 1
    assert len(list(differences(chapter, same, [{"a": "2"}, {"b": "2"}]))) == 3


def test_unnamed_ids_agree_by_where_they_stood_first() -> None:
    one, other = "7277816997907785466", "7277816997846856994"
    told = numbered([{"x": one, "rows": [other]}, {"y": one}, None])
    assert told == [{"x": "id 1", "rows": ["id 2"]}, {"y": "id 1"}, None]
