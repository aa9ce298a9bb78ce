"""Pairs of key and value as text: `SYMBOL=X;SIGNAL=BUY`, one a line, or spaced after a command."""

import re
from dataclasses import dataclass

from bridge.dialects import fields, words
from bridge.dialects.mending import DESCRIPTOR, without_descriptors
from bridge.dialects.notes import Notes
from bridge.errors import Refused

QUOTES_REMOVED = "doubled_quotes_removed"
LINE_BREAKS_READ = "written_line_breaks_read"

_QUOTED = re.compile(r'""[^"]*""')
_PAIRS = re.compile(r"(?:[;,\n\s]*+[A-Za-z_][A-Za-z0-9_ ]{0,40}[=:][^;,\n=]*+)+[;,\n\s]*+")
_SPEAKS = re.compile(
    r"\b(?:action|order_action|side|signal|signal_type|direction|command|cmd)\s*[=:]", re.I
)
_COMMAND = re.compile(
    r"(?:trade:)?([A-Za-z0-9_-]{1,40}):(long|short|buy|sell|close|cancel|cancelall)(?=\s|$)", re.I
)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]{0,40}")
_MAX_PAIRS = 64


@dataclass(frozen=True)
class Lines:
    """The pairs of a text, and what its first lines say alone."""

    pairs: dict[str, str]
    side: str | None = None
    symbol: str | None = None


def looks_like_pairs(text: str) -> bool:
    """Whether every part is a pair that goes with an action, perhaps behind a side or a symbol."""
    if _COMMAND.match(text):
        return True
    side, _, rest = _headed(unwrapped(text)[0])
    speaks = side is not None or _SPEAKS.search(rest) is not None
    return speaks and _PAIRS.fullmatch(_plain(rest)) is not None


def unwrapped(text: str) -> tuple[str, tuple[str, ...]]:
    r"""The text without `""…""` around it, and with each written `\n` as a line break."""
    repairs = []
    if _QUOTED.fullmatch(text):
        text = text[2:-2].strip()
        repairs.append(QUOTES_REMOVED)
    if "\\n" in text and "\n" not in text:
        text = text.replace("\\r\\n", "\n").replace("\\n", "\n").strip()
        repairs.append(LINE_BREAKS_READ)
    return text, tuple(repairs)


def commands(text: str) -> list[Lines] | None:
    """The lines `account:command key=value …` of a text, or None where it begins otherwise."""
    if not _COMMAND.match(text):
        return None
    return [_command(line.strip()) for line in text.splitlines() if line.strip()]


def read_pairs(text: str, notes: Notes) -> Lines:
    """The pairs of a text with one kind of separator."""
    text, repairs = unwrapped(text)
    notes.repaired(*repairs)
    side, symbol, rest = _headed(text)
    plain = _plain(rest)
    if symbol is not None or plain != rest:
        notes.repaired(DESCRIPTOR)
    return Lines(_by_key(_parts(plain)), side, symbol)


def _plain(text: str) -> str:
    return without_descriptors(text)[0]


def _headed(text: str) -> tuple[str | None, str | None, str]:
    """The side and the symbol's description that stand alone in the first lines; the rest."""
    side: str | None = None
    symbol: str | None = None
    while text:
        line, _, rest = text.partition("\n")
        line = line.strip()
        if symbol is None and line.startswith("={") and line.endswith("}"):
            symbol = _plain(line)
        elif side is None and len(line) < 40 and words.find(line) is not None:
            side = line
        else:
            break
        text = rest.lstrip()
    return side, symbol, text


def _parts(text: str) -> list[str]:
    """The pairs' texts, cut at the one separator of the message."""
    parts = [p.strip() for p in text.split(_separator(text))]
    return [p for p in parts if p]


def _separator(text: str) -> str:
    if ";" in text:
        return ";"
    by_comma = [p.strip() for p in text.split(",")]
    if len(by_comma) > 1 and not any("\n" in p for p in by_comma):
        return ","
    return "\n"


def _by_key(parts: list[str]) -> dict[str, str]:
    mark = "=" if all("=" in p for p in parts) else ":"
    pairs: dict[str, str] = {}
    for part in parts:
        key, found, value = part.partition(mark)
        if not found or not _KEY.fullmatch(key.strip()) or "\n" in part:
            raise Refused(
                "line_unknown",
                None,
                f"{fields.shown(part)} is no pair of key and value. Write one pair after the "
                "other, with one kind of separator.",
            )
        _put(pairs, key.strip(), value.strip())
    return pairs


def _put(pairs: dict[str, str], key: str, value: str) -> None:
    if any(key.casefold() == k.casefold() for k in pairs):
        raise Refused("duplicate_key", key, f"The key '{key}' stands twice. Keep one of them.")
    if len(pairs) >= _MAX_PAIRS:
        raise Refused("too_many_fields", None, f"The text has more than {_MAX_PAIRS} pairs.")
    pairs[key] = value


def _command(line: str) -> Lines:
    found = _COMMAND.match(line)
    if found is None:
        raise Refused(
            "line_unknown", None, f"{fields.shown(line)} is no 'account:command key=value …'."
        )
    pairs: dict[str, str] = {"account": found[1]}
    for word in line[found.end() :].split():
        key, mark, value = word.partition("=")
        if not mark or not _KEY.fullmatch(key):
            raise Refused("line_unknown", None, f"{fields.shown(word)} is no key=value.")
        _put(pairs, key, value)
    return Lines(pairs, side=found[2])
