"""Loss-free repairs of broken JSON, each recorded. Side, symbol, size and levels are never touched.

The text is cut into tokens from left to right, once; what is no token ends the attempt. The result
must then pass the strict parser in full.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.dialects import strict
from bridge.errors import Refused

TRAILING_COMMA = "trailing_comma_removed"
COMMENT = "comment_removed"
KEY_QUOTED = "key_quoted"
CURLY_QUOTES = "curly_quotes_read_as_quotes"
SINGLE_QUOTES = "single_quotes_read_as_quotes"
PYTHON_WORDS = "python_words_read_as_json"
BRACES = "outer_braces_added"
DESCRIPTOR = "symbol_descriptor_read_as_its_symbol"

_CURLY = "\u201c\u201d\u201e\u201f\uff02"
_SINGLE_CURLY = "\u2018\u2019\u201a\u201b\uff07"
_TOKEN = re.compile(
    r"(?P<space>\s++)"
    r'|(?P<string>"(?:[^"\\\n]+|\\.)*+")'
    r"|(?P<single>'[^'\"\\\n]*+')"
    rf"|(?P<curly>[{_CURLY}][^{_CURLY}\"\\\n]*+[{_CURLY}])"
    rf"|(?P<curly_single>[{_SINGLE_CURLY}][^{_SINGLE_CURLY}'\"\\\n]*+[{_SINGLE_CURLY}])"
    r"|(?P<comment>//[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/)"
    r"|(?P<mark>[{}\[\],:])"
    r"|(?P<number>-?[0-9][0-9.eE+\-]*+)"
    r"|(?P<bare>[A-Za-z_][A-Za-z0-9_\-]*+)"
)
_MEMBERS = re.compile(r'"[^"\\\n]+"\s*:')
_MAX_TOKENS = 4_096
_PYTHON = {"True": "true", "False": "false", "None": "null"}
_DESCRIPTOR = re.compile(r"=(\{[^{}]{1,400}\})")
_SYMBOL = re.compile(r"[A-Za-z0-9_.:/!\-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Mended:
    """A text that may now be JSON, and what was done to it."""

    text: str
    repairs: tuple[str, ...]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def read_mended(text: str) -> tuple[strict.Json, tuple[str, ...]]:
    """The value of a text that is JSON, or is after loss-free repairs; else the first refusal."""
    try:
        return strict.read_json(text), ()
    except strict.NotJson as broken:
        mended = mend(text)
        if mended is None:
            raise
        try:
            return strict.read_json(mended.text), mended.repairs
        except strict.NotJson:
            raise broken from None


def mend(text: str) -> Mended | None:
    """The text after every listed repair it needs, or None when no repair applies."""
    repairs: list[str] = []
    text, found = without_descriptors(text)
    if found:
        repairs.append(DESCRIPTOR)
    if _MEMBERS.match(text):
        text = "{" + text + "}"
        repairs.append(BRACES)
    tokens = _tokens(text)
    if tokens is None or _quotes_inside(tokens):
        return None
    written = _written(tokens, repairs)
    return None if written is None else Mended(written, tuple(dict.fromkeys(repairs)))


def without_descriptors(text: str) -> tuple[str, bool]:
    """The chart's `={"symbol":"X:Y", …}` replaced by its symbol, and whether there was one."""
    if "={" not in text:
        return text, False
    changed = _DESCRIPTOR.sub(lambda found: _inner_symbol(found[1]), text)
    return changed, changed != text


def _inner_symbol(descriptor: str) -> str:
    try:
        value = strict.read_json(descriptor)
    except strict.NotJson:
        value = None
    symbol = value.get("symbol") if isinstance(value, dict) else None
    if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol):
        raise Refused(
            "symbol_unreadable",
            "symbol",
            "The chart sent a description in place of the symbol, and no symbol stands in it. "
            "Write the symbol into the message instead of {{ticker}}.",
        )
    return symbol


def _tokens(text: str) -> list[_Token] | None:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None or len(tokens) > _MAX_TOKENS:
            return None
        if found.lastgroup != "space":
            tokens.append(_Token(found.lastgroup, found[0]))
        at = found.end()
    return tokens


def _quotes_inside(tokens: Sequence[_Token]) -> bool:
    """Whether a kind of quote that delimits also stands inside a text: then it is not certain."""
    kinds = {t.kind for t in tokens}
    inside = "".join(t.text for t in tokens if t.kind == "string")
    return ("curly" in kinds and any(c in inside for c in _CURLY)) or (
        "single" in kinds and "'" in inside
    )


def _written(tokens: Sequence[_Token], repairs: list[str]) -> str | None:
    kept = [t for t in tokens if t.kind != "comment"]
    if len(kept) < len(tokens):
        repairs.append(COMMENT)
    out: list[str] = []
    for i, token in enumerate(kept):
        following = kept[i + 1].text if i + 1 < len(kept) else ""
        if token.text == "," and following in ("}", "]"):
            repairs.append(TRAILING_COMMA)
            continue
        piece = _piece(token, out[-1] if out else "", following, repairs)
        if piece is None:
            return None
        out.append(piece)
    return " ".join(out)


def _piece(token: _Token, before: str, following: str, repairs: list[str]) -> str | None:
    if token.kind in ("single", "curly", "curly_single"):
        repairs.append(SINGLE_QUOTES if token.kind == "single" else CURLY_QUOTES)
        return f'"{token.text[1:-1]}"'
    if token.kind != "bare":
        return token.text
    if following == ":" and before in ("{", ","):
        repairs.append(KEY_QUOTED)
        return f'"{token.text}"'
    if token.text in _PYTHON:
        repairs.append(PYTHON_WORDS)
        return _PYTHON[token.text]
    return token.text if token.text in ("true", "false", "null") else None
