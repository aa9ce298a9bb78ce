"""The documented words for what to do; any other word is refused, never completed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bridge.dialects.fields import shown
from bridge.domain.values import Action, PositionSide
from bridge.errors import Refused

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


@dataclass(frozen=True)
class Word:
    """What one word asks for.

    `action` None: the word needs a side besides (open). `side` is the position concerned.
    `order`: the word names an order (buy), not a position (long).
    """

    action: Action | None
    side: PositionSide | None = None
    order: bool = False
    break_even: bool = False


_SPELLINGS: tuple[tuple[Word, str], ...] = (
    (Word(Action.BUY, LONG, order=True), "buy bto"),
    (Word(Action.BUY, LONG), "long bull bullish enterlong entrylong openlong 开多"),
    (Word(Action.SELL, SHORT, order=True), "sell"),
    (Word(Action.SELL, SHORT), "short bear bearish entershort entryshort openshort sellshort 开空"),
    (Word(Action.CLOSE), "close exit flat flatten closeall"),
    (Word(Action.CLOSE, LONG), "stc closelong exitlong reducelong"),
    (Word(Action.CLOSE, SHORT), "closeshort exitshort reduceshort buytocover"),
    (Word(Action.CANCEL), "cancel cancelall"),
    (Word(Action.MODIFY), "modify"),
    (Word(Action.MODIFY, break_even=True), "breakeven"),
    (Word(Action.REVERSE), "reverse"),
    (Word(None), "open entry"),
)
WORDS: Mapping[str, Word] = MappingProxyType(
    {spelling: word for word, spellings in _SPELLINGS for spelling in spellings.split()}
)
_JOINTS = re.compile(r"[\s_\-]+")
_EXIT_REPORT = re.compile(r"(?:tp|sl|take ?profit|stop ?loss|target)\s*[0-9]?")


def spelled(*lines: str) -> frozenset[str]:
    """The words that stand in some lines."""
    return frozenset(" ".join(lines).split())


def find(text: str) -> Word | None:
    """The meaning of a word in any case, joined by blank, `_` or `-`; None when not documented."""
    return WORDS.get(_JOINTS.sub("", text.strip()).casefold())


def read(text: str, field: str) -> Word:
    """The meaning of a word, or a refusal that says what was found."""
    found = find(text)
    if found is None:
        raise Refused(
            "action_unknown",
            field,
            f"'{field}' is {shown(text)}, which is no documented action. "
            "Known are buy, sell, long, short, close, exit, flat, cancel, modify, reverse.",
        )
    return found


def exit_report(text: str) -> Word | None:
    """`tp1`, `stop_loss` as the type of a signal: an exit is reported, so that much is closed."""
    words = _JOINTS.sub(" ", text.strip()).casefold()
    return Word(Action.CLOSE) if _EXIT_REPORT.fullmatch(words) else None


def combine(found: Sequence[tuple[str, Word]]) -> Word:
    """One meaning of several words of one message; words that disagree are refused."""
    meaning = found[0][1]
    for path, word in found[1:]:
        joined = _joined(meaning, word) or _joined(word, meaning)
        if joined is None:
            fields = ", ".join(f"'{p}'" for p, _ in found)
            raise Refused("two_sides", path, f"{fields} do not say the same. Keep one of them.")
        meaning = joined
    if meaning.action is None:
        path = found[0][0]
        raise Refused(
            "side_missing", path, f"'{path}' opens a position, but which side is not said."
        )
    return meaning


def _joined(first: Word, second: Word) -> Word | None:
    """What two words mean together, when the second only makes the first more exact."""
    if (first.action, first.side) == (second.action, second.side):
        return Word(first.action, first.side, first.order and second.order, first.break_even)
    if second.side is None or second.action not in (Action.BUY, Action.SELL):
        return None
    match first.action:
        case None:
            return second
        case Action.CLOSE if first.side is None and not second.order:
            return Word(Action.CLOSE, second.side)
        case Action.CLOSE if first.side is not None:
            closing = second.side is not first.side if second.order else second.side is first.side
            return first if closing else None
        case Action.MODIFY if first.side is None:
            return Word(Action.MODIFY, second.side, break_even=first.break_even)
        case Action.REVERSE | Action.CANCEL if first.side is None and second.order:
            return Word(first.action, second.side)
        case _:
            return None
