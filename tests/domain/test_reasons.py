"""Every cause has its sentence, and every sentence is used."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from bridge.domain.reasons import REASONS, Reason, why
from tests.domain.made import D

BRIDGE = Path(__file__).parents[2] / "bridge"

LATER = {"halted", "draining", "by_person"}
"""Sentences of halts and of reviews by a person, which nothing asks for yet."""

INDIRECT = {"test_message", "shadow_mode"}
"""Asked for by the word that an execution's `shadow` holds."""


def figures(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def asked_for() -> Iterator[tuple[str, str, set[str]]]:
    """Every `why("code", figure=…)` of the source: where, code, figures."""
    for path in BRIDGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "why"):
                continue
            if node.args and isinstance(node.args[0], ast.Constant):
                given = {k.arg or "**" for k in node.keywords}
                yield f"{path.name}:{node.lineno}", str(node.args[0].value), given


@pytest.mark.parametrize("code", sorted(REASONS))
def test_every_cause_is_a_sentence_of_its_figures(code: str) -> None:
    reason = why(code, **dict.fromkeys(figures(REASONS[code]), "this"))
    assert reason.code == code
    assert reason.text[0].isupper() or REASONS[code].startswith("{")
    assert "{" not in reason.text
    assert re.search(r"[.!?]$", REASONS[code]) or REASONS[code].endswith("{text}")


def test_no_cause_that_is_asked_for_is_missing() -> None:
    missing = [(at, code) for at, code, _ in asked_for() if code not in REASONS]
    assert missing == []


def test_every_cause_is_given_its_figures() -> None:
    wrong = [
        (at, code, sorted(given ^ figures(REASONS[code])))
        for at, code, given in asked_for()
        if code in REASONS and given != figures(REASONS[code])
    ]
    assert wrong == []


def test_no_sentence_is_unused() -> None:
    used = {code for _, code, _ in asked_for()}
    assert set(REASONS) - used - INDIRECT == LATER


def test_numbers_are_shown_plainly() -> None:
    reason = why("under_minimum", lots=D("1E-3"), minimum=D("0.010"))
    assert str(reason) == "Denied: 0.001 lots is under the instrument's minimum of 0.01."


def test_an_unknown_cause_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        why("because")


def test_a_reason_reads_as_its_sentence() -> None:
    assert f"{Reason('x', 'Because.')}" == "Because."
