"""Left-over placeholders: what a sender forgot, or was unable, to fill in."""

import re

from bridge.errors import Refused

_PLACEHOLDER = re.compile(
    r"\{\{[^{}\n]{0,200}\}\}|%[A-Za-z][A-Za-z_]{2,40}%|\{[A-Za-z][A-Za-z_.]{0,60}\}"
)
_TEMPLATE_WORDS = frozenset(
    (
        *("SYMBOL", "TICKER", "ACTION", "SIDE", "AMOUNT", "QUANTITY", "QTY", "CONTRACTS"),
        *("PRICE", "LIMITPRICE", "STOPPRICE", "ACCOUNT", "YOURSYMBOL", "YOURTICKER"),
    )
)
_KNOWN = re.compile(
    r"\{\{\s*(?:ticker|exchange|close|open|high|low|volume|time|timenow|interval|plot_1?[0-9]"
    r'|plot\("[^"]*"\)|syminfo\.(?:base)?currency|strategy\.(?:order\.(?:action|contracts|price|id'
    r"|comment|alert_message)|position_size|(?:prev_)?market_position(?:_size)?))\s*\}\}"
)


def first_in(text: str) -> str | None:
    """The first placeholder that stands in a text, or None."""
    found = _PLACEHOLDER.search(text)
    return found[0] if found else None


def is_template_word(text: str) -> bool:
    """Whether a whole value is a word from a manual, in the place of the thing it stands for."""
    word = re.sub(r"[\s_<>\[\]-]", "", text)
    return word in _TEMPLATE_WORDS or (word.upper() in _TEMPLATE_WORDS and word.islower())


def unfilled(field: str | None, name: str) -> Refused:
    """The refusal for a placeholder that arrived as it was typed."""
    where = f"'{field}'" if field else "The message"
    return Refused("placeholder_unfilled", field, f"{where} still holds {name[:80]}: {_hint(name)}")


def _hint(name: str) -> str:
    if name.startswith("{{strategy.") and _KNOWN.fullmatch(name):
        return (
            "it was not filled in. Strategy placeholders work only in the alert of a strategy, "
            "and none work in Pine's alert()."
        )
    if _KNOWN.fullmatch(name):
        return "it was not filled in. Placeholders work in the alert's message, not in alert()."
    if name.startswith("{{"):
        return "TradingView has no placeholder of this name. Correct it or leave the field out."
    return "the sender did not fill it in. Write the value, or the sender's own placeholder."
