"""Alert syntaxes: bytes → signals. One file per syntax; `DIALECTS` is the list."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from bridge.dialects import (
    alertatron,
    algoway,
    autoview,
    bridge,
    commas3,
    crosstrade,
    generic,
    keyvalue,
    openalgo,
    pickmytrade,
    pineconnector,
    placeholders,
    plain,
    recognition,
    signalstack,
    strict,
    traderspost,
    tradesgnl,
    tradingview,
    whook,
    wundertrading,
)
from bridge.dialects.messages import Message, open_message
from bridge.dialects.notes import Notes
from bridge.domain.identity import body_key, canonical_json, canonical_text
from bridge.domain.signals import Parsed, Refusal, Signal
from bridge.errors import Refused

AUTO = "auto"


class Form(Enum):
    """What a dialect's messages are written in."""

    JSON = (True,)
    TEXT = (False,)
    EITHER = (True, False)


@dataclass(frozen=True)
class Dialect:
    """A syntax we read: its name, what makes signals of its messages, and their form."""

    name: str
    read: Callable[[Message, Notes], tuple[Signal, ...]]
    form: Form

    def claims(self, message: Message) -> bool:
        """Whether a message bears this dialect's marks before any other's."""
        return recognition.name_of(message) == self.name


DIALECTS: tuple[Dialect, ...] = (
    Dialect(bridge.NAME, bridge.read, Form.EITHER),
    Dialect(traderspost.NAME, traderspost.read, Form.JSON),
    Dialect(algoway.NAME, algoway.read, Form.JSON),
    Dialect(wundertrading.NAME, wundertrading.read, Form.EITHER),
    Dialect(commas3.NAME, commas3.read, Form.JSON),
    Dialect(pickmytrade.NAME, pickmytrade.read, Form.JSON),
    Dialect(signalstack.NAME, signalstack.read, Form.JSON),
    Dialect(openalgo.NAME, openalgo.read, Form.JSON),
    Dialect(generic.NAME, generic.read, Form.JSON),
    Dialect(tradingview.NAME, tradingview.read, Form.TEXT),
    Dialect(pineconnector.NAME, pineconnector.read, Form.TEXT),
    Dialect(tradesgnl.NAME, tradesgnl.read, Form.TEXT),
    Dialect(autoview.NAME, autoview.read, Form.TEXT),
    Dialect(whook.NAME, whook.read, Form.TEXT),
    Dialect(alertatron.NAME, alertatron.read, Form.TEXT),
    Dialect(crosstrade.NAME, crosstrade.read, Form.TEXT),
    Dialect(keyvalue.NAME, keyvalue.read, Form.TEXT),
    Dialect(plain.NAME, plain.read, Form.TEXT),
)
NAMES = tuple(d.name for d in DIALECTS)
_READERS = {d.name: d for d in DIALECTS}


def parse(raw: bytes, dialect: str = AUTO) -> Parsed | Refusal:
    """What a body asks for, or why it is not taken. Never raises."""
    notes = Notes()
    name: str | None = None
    try:
        message = open_message(raw, notes)
        name = recognition.name_of(message) if dialect == AUTO else _pinned(dialect, message)
        reader = _reader(name, message)
        signals = reader.read(message, notes)
    except Refused as refused:
        fault = refused.fault
        return Refusal(
            fault.code, fault.field, fault.message, name, tuple(notes.repairs), notes.secret
        )
    return Parsed(
        dialect=reader.name,
        signals=signals,
        repairs=tuple(notes.repairs),
        not_honoured=tuple(notes.not_honoured),
        id=notes.id,
        test=notes.test,
        secret=notes.secret,
    )


def _pinned(dialect: str, message: Message) -> str:
    """The dialect a hook names; TradingView's strategy JSON is read as JSON."""
    if dialect not in _READERS:
        raise Refused(
            "dialect_not_supported", None, f"The hook's dialect '{dialect[:40]}' is not known."
        )
    strong = recognition.owners_of(message) & recognition.STRONG
    if strong and dialect not in strong:
        raise Refused(
            "dialect_differs",
            None,
            f"The hook takes {dialect} only, and this is a message of {min(strong)}.",
        )
    if dialect == tradingview.NAME and message.value is not None:
        return generic.NAME
    if (message.value is not None) not in _READERS[dialect].form.value:
        kind = "JSON" if message.value is not None else "text"
        raise Refused(
            "not_understood", None, f"The hook takes {dialect} only, and this message is {kind}."
        )
    return dialect


def _reader(name: str | None, message: Message) -> Dialect:
    if name is None:
        if left := placeholders.first_in(message.text):
            raise placeholders.unfilled(None, left)
        raise Refused(
            "not_understood",
            None,
            "No instruction is recognised in the message. Send our JSON, or a text of a known "
            "dialect.",
        )
    return _READERS[name]


def identity_of(raw: bytes) -> str:
    """The key of a body that names no id; equal for every spelling of one message."""
    try:
        text, _ = strict.read_text(raw)
    except Refused:
        return body_key(raw)
    try:
        return body_key(canonical_json(strict.read_json(text)))
    except Refused:
        return body_key(canonical_text(text))
