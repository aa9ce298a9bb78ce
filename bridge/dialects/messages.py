"""Message: a body opened as far as every dialect needs it, before anyone asks what it means."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from bridge.dialects import mending, placeholders, strict
from bridge.dialects.notes import Notes
from bridge.domain.identity import is_secret_key
from bridge.errors import Refused

BOM_REMOVED = "byte_order_mark_removed"
URL_DECODED = "url_encoding_undone"
JSON_IN_TEXT = "json_read_from_a_json_text"
UNWRAPPED = "text_read_from_its_wrapper"

_CONTENT_KEYS = frozenset(("text", "content", "message", "msg"))
_RELAY_KEYS = frozenset(
    ("username", "avatar_url", "icon_emoji", "icon_url", "channel", "tts", "chat_id", "parse_mode")
)
_DOUBLY_QUOTED = re.compile(r'""[^"{\[]+""')
_URL_ENCODED = re.compile(r"[A-Za-z0-9._~+*'()!-]*%[0-9A-Fa-f]{2}[A-Za-z0-9._~%+*'()!-]*", re.ASCII)


@dataclass(frozen=True)
class Message:
    """A trimmed text, with its JSON object or list where it is one."""

    text: str
    value: "dict[str, strict.Json] | list[strict.Json] | None" = None


def open_message(raw: bytes, notes: Notes) -> Message:
    """The body as text, or as the JSON in it; loss-free repairs are noted, the rest is refused."""
    text, had_bom = strict.read_text(raw)
    if had_bom:
        notes.repaired(BOM_REMOVED)
    return _inside(_opened(_url_decoded(text.strip(), notes), notes), notes)


def _url_decoded(text: str, notes: Notes) -> str:
    if not _URL_ENCODED.fullmatch(text):
        return text
    decoded, _ = strict.read_text(unquote_to_bytes(text.replace("+", " ")))
    notes.repaired(URL_DECODED)
    return decoded.strip()


def _opened(text: str, notes: Notes) -> Message:
    if not text.startswith(("{", "[", '"')) or _DOUBLY_QUOTED.fullmatch(text):
        return Message(text)
    try:
        value, repairs = mending.read_mended(text)
    except strict.NotJson as broken:
        raise _better(broken, text) from broken
    notes.repaired(*repairs)
    if isinstance(value, str):
        return _from_text(value.strip(), text, notes)
    return Message(text, value) if isinstance(value, dict | list) else Message(text)


def _better(broken: strict.NotJson, text: str) -> Refused:
    """The refusal that helps most: a placeholder left in the text is why it is no JSON."""
    name = placeholders.first_in(text)
    return placeholders.unfilled(None, name) if name else broken


def _from_text(inner: str, outer: str, notes: Notes) -> Message:
    """JSON that stands whole inside a JSON text is opened once; any other text is left alone."""
    if not inner.startswith(("{", "[")):
        return Message(outer)
    value, repairs = mending.read_mended(inner)
    notes.repaired(JSON_IN_TEXT, *repairs)
    return Message(inner, value) if isinstance(value, dict | list) else Message(outer)


def _inside(message: Message, notes: Notes) -> Message:
    """What a relay wrapped: an object whose only content is one text is looked into, once."""
    value = message.value
    if not isinstance(value, dict):
        return message
    content = [k for k in value if not is_secret_key(k) and k.casefold() not in _RELAY_KEYS]
    if len(content) != 1 or content[0].casefold() not in _CONTENT_KEYS:
        return message
    text = value[content[0]]
    if not isinstance(text, str) or not text.strip():
        return message
    _keep_secret(value, notes)
    notes.repaired(UNWRAPPED)
    return _opened(text.strip(), notes)


def _keep_secret(value: "dict[str, strict.Json]", notes: Notes) -> None:
    for key in ("secret", "token", "passphrase", "password"):
        found = value.get(key)
        if isinstance(found, str) and found:
            notes.keep_secret(found)
