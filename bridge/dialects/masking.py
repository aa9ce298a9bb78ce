"""A body as it may be stored: what follows a secret's key is `***`, all else is byte for byte.

Works on text that is no JSON at all, on broken JSON and on JSON inside a JSON text, in one pass.
"""

import re
from collections.abc import Iterator
from typing import NewType

from bridge.domain.identity import is_secret_key

MaskedBody = NewType("MaskedBody", bytes)

MASK = "***"
_QUOTES = "\"'\u201c\u201d\u201e\u201f\u2018\u2019\uff02\uff07"
_ESCAPE = re.compile(r"\\u00([0-9a-fA-F]{2})")
_KEY = re.compile(
    r"(?<![A-Za-z0-9_.\-])"
    r"(?=[A-Za-z0-9_.\-]*?(?:secret|token|pass|pwd|pin|key|licen|auth|\\u00))"
    r"((?:[A-Za-z0-9_.\-]|(?<!\\)\\u00[0-9a-f]{2})++)"
    rf"\\*+[{_QUOTES}]?\s*+[:=]\s*+",
    re.IGNORECASE,
)
_BARE_END = re.compile(r"[\s,;&|}\])]")
_PAIR_END = re.compile(r"[;\n]")
_QUOTE_RUN = re.compile(r'(\\*+)"')
_BRACKET = re.compile(r'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)
_LICENCE = re.compile(r"\s*([0-9]{6,})\s*,\s*[A-Za-z]")


def mask(raw: bytes) -> MaskedBody:
    """The body with every secret's value masked."""
    text = raw.decode("utf-8", "surrogateescape")
    out: list[str] = []
    done = 0
    for begin, end in _secrets(text):
        out += [text[done:begin], MASK]
        done = end
    out.append(text[done:])
    return MaskedBody("".join(out).encode("utf-8", "surrogateescape"))


def _secrets(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets stand, from the front."""
    at = 0
    if licence := _LICENCE.match(text):
        yield licence.span(1)
        at = licence.end(1)
    bare_end = _PAIR_END if ";" in text and not text.lstrip().startswith(("{", "[")) else _BARE_END
    while found := _KEY.search(text, at):
        at = found.end()
        if _names_a_secret(found[1]):
            begin, at = _value(text, at, bare_end)
            if at > begin:
                yield begin, at


def _names_a_secret(key: str) -> bool:
    if "\\" in key:
        key = _ESCAPE.sub(lambda e: chr(int(e[1], 16)), key)
    return is_secret_key(key)


def _value(text: str, start: int, bare_end: re.Pattern[str]) -> tuple[int, int]:
    """Where the value that begins at `start` stands: inside its quotes, or up to its end."""
    quoted = _QUOTE_RUN.match(text, start)
    if quoted is not None:
        return quoted.end(), _quote_end(text, quoted.end(), len(quoted[1]))
    opening = text[start : start + 1]
    if opening and opening in _QUOTES:
        closing = re.compile(f"[{_QUOTES}\n]").search(text, start + 1)
        return start + 1, closing.start() if closing else len(text)
    if opening and opening in "{[":
        return start, _balanced_end(text, start)
    end = bare_end.search(text, start)
    return start, end.start() if end else len(text)


def _quote_end(text: str, start: int, depth: int) -> int:
    """The end of a text opened by a quote behind `depth` backslashes."""
    for run in _QUOTE_RUN.finditer(text, start):
        slashes = len(run[1])
        if (depth == 0 and slashes % 2 == 0) or (depth and slashes <= depth):
            return run.start() if depth else run.end() - 1
    return len(text)


def _balanced_end(text: str, start: int) -> int:
    depth = 0
    for token in _BRACKET.finditer(text, start):
        depth += (token[0] in "{[") - (token[0] in "}]")
        if depth == 0:
            return token.end()
    return len(text)
