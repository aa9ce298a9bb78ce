"""Whose message it is: the first mark that fits, in a fixed order."""

import re
from collections.abc import Callable, Mapping

from bridge.dialects import generic_keys, words
from bridge.dialects.keyvalue_lines import looks_like_pairs
from bridge.dialects.messages import Message
from bridge.dialects.strict import Json
from bridge.domain.values import Action
from bridge.errors import Refused

Object = Mapping[str, Json]

_CODE = re.compile(r"(?:ENTER-(?:LONG|SHORT)|EXIT-(?:LONG|SHORT|ALL)|TV-STRATEGY)_")
_TRADERSPOST = words.spelled(
    "ticker action sentiment price signalPrice orderType limitPrice stopPrice trailAmount",
    "trailPercent quantity quantityType takeProfit stopLoss timeInForce expiresAt time interval",
    "extras cancel cancelOrderType delay extendedHours test ignoreTradingWindows optionType",
    "intrinsicValue expiration strikeCount strikesAway strikePrice",
)
_TRADERSPOST_ACTIONS = words.spelled("buy sell exit cancel add")
_OPENALGO = words.spelled(
    "apikey strategy symbol action exchange pricetype product quantity price trigger_price",
    "disclosed_quantity position_size",
)


STRONG = frozenset(("bridge", "algoway", "3commas", "wundertrading", "pickmytrade"))
"""Dialects whose marks nobody uses by chance: not even a pinned hook reads them as another's."""


def name_of(message: Message) -> str | None:
    """The dialect's name, or None when the message shows no mark of any."""
    value = message.value
    if isinstance(value, list):
        return _of_list(message)
    if value is not None:
        return _of_object(value)
    return next((name for name, fits in TEXT_MARKS if fits(message.text)), None)


def owners_of(message: Message) -> frozenset[str]:
    """The dialects of a JSON object, or of the objects of a list; nothing for a text."""
    value = message.value
    items = value if isinstance(value, list) else [value]
    return frozenset(_of_object(item) for item in items if isinstance(item, dict))


def _of_list(message: Message) -> str:
    """A list belongs to the one dialect of its objects."""
    owners = sorted(owners_of(message)) or ["json"]
    if len(owners) > 1:
        raise Refused(
            "dialects_mixed",
            None,
            f"The list holds messages of {' and '.join(owners)}. Send one alert for each.",
        )
    return owners[0]


def _of_object(value: Object) -> str:
    return next((name for name, fits in JSON_MARKS if fits(value)), "json")


def _commas3(value: Object) -> bool:
    return "bot_uuid" in value or {"message_type", "bot_id", "email_token"} <= value.keys()


def _wundertrading(value: Object) -> bool:
    code = value.get("code")
    return isinstance(code, str) and _CODE.match(code) is not None


def _traderspost(value: Object) -> bool:
    if not {"ticker", "action"} <= value.keys():
        return False
    action = value["action"]
    ours = not isinstance(action, str) or action.lower() in _TRADERSPOST_ACTIONS
    if not ours and words.find(str(action)) is not None:
        return False  # only json knows this word
    others = [k for k in value if k not in _TRADERSPOST]
    return not any(generic_keys.knows(k) for k in others)


def _signalstack(value: Object) -> bool:
    if not {"symbol", "action"} <= value.keys():
        return False
    if any(generic_keys.field_of(k) == "type" for k in value):
        return False  # there the prices say the type
    marked = {"class", "limit_price"} & value.keys()
    return bool(marked) or value["action"] in ("sell_short", "buy_to_cover")


def _openalgo_position(value: Object) -> bool:
    wanted = {"symbol", "action", "position_size"} <= value.keys() <= _OPENALGO
    return wanted and value["action"] in ("BUY", "SELL")


JSON_MARKS: tuple[tuple[str, Callable[[Object], bool]], ...] = (
    ("bridge", lambda v: "bridge" in v),
    ("algoway", lambda v: "platform_name" in v and "ticker" in v),
    ("algoway", lambda v: {"platform_name", "order_action"} <= v.keys()),
    ("3commas", _commas3),
    ("wundertrading", _wundertrading),
    ("pickmytrade", lambda v: {"token", "data"} <= v.keys() and not isinstance(v["data"], dict)),
    ("openalgo", lambda v: {"apikey", "symbol", "action"} <= v.keys()),
    ("traderspost", _traderspost),
    ("signalstack", _signalstack),
    ("openalgo", _openalgo_position),
)

_SENTENCE = re.compile(r"\border\s+(?:buy|sell)\s+@\s.{1,200}\bfilled\s+on\s", re.I | re.DOTALL)
_PINECONNECTOR = re.compile(
    r"[^,\s]+\s*,\s*(?:buy|sell|long|short|bull|bear|bullish|bearish|(?:buy|sell)(?:stop|limit)"
    r"|close[a-z]*|cancel(?:long|short)[a-z]*|newsltp[a-z]+|eaon|eaoff)\s*,",
    re.I,
)
_TRADESGNL = re.compile(r"[^,\s]+\s*,\s*[^,\s=]+\s*,\s*(?:buy|sell|close(?:buy|sell|all))\b", re.I)
_ALERTATRON = re.compile(r"[A-Za-z0-9_ -]{1,60}\([^()\n]{1,60}\)\s*\{", re.ASCII)
_COMMAND = re.compile(r"(?:^|;)\s*command\s*=", re.I)
_CROSSTRADE = re.compile(r"(?:^|;)\s*(?:key|instrument)\s*=", re.I)
_BARE_CODE = re.compile(r"(?:ENTER|EXIT)-(?:LONG|SHORT|ALL)_[^\n]+")
_AUTOVIEW = re.compile(r"(?:^|[\s|])[bc]=", re.I)
_WHOOK = re.compile(
    r"\s(?:(?:pos|position)\s+-?[0-9]|close\s+[0-9.]+%|[0-9.]+\$|(?-i:x)[0-9.]+(?:\s|$)"
    r"|limit:\S|cancel:\S)"
    r"|^[A-Za-z0-9_-]{1,40}\s+[A-Za-z0-9]{1,20}/[A-Za-z0-9:]{1,20}\s+(?:buy|sell|close)"
    r"(?:\s+[0-9.]+[$%]?)?\s*$",
    re.I | re.M,
)


def _crosstrade(text: str) -> bool:
    """A command beside the sender's key, or beside an instrument."""
    return _COMMAND.search(text) is not None and _CROSSTRADE.search(text) is not None


def _words(text: str) -> bool:
    """One side word stands at the front, or after a first word."""
    return any(_is_side(w) for w in text.split(None, 2)[:2])


def _is_side(text: str) -> bool:
    found = words.find(text)
    return found is not None and found.action in (Action.BUY, Action.SELL, Action.CLOSE)


TEXT_MARKS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("bridge", lambda t: t.split(None, 1)[0].lower() == "bridge"),
    ("tradingview", lambda t: _SENTENCE.search(t) is not None),
    ("pineconnector", lambda t: _PINECONNECTOR.match(t) is not None),
    ("tradesgnl", lambda t: _TRADESGNL.match(t) is not None),
    ("alertatron", lambda t: _ALERTATRON.match(t) is not None),
    ("crosstrade", _crosstrade),
    ("wundertrading", lambda t: _BARE_CODE.fullmatch(t) is not None),
    ("autoview", lambda t: _AUTOVIEW.search(t) is not None),
    ("whook", lambda t: _WHOOK.search(t) is not None),
    ("keyvalue", looks_like_pairs),
    ("words", _words),
)
