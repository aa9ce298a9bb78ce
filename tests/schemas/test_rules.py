"""A rule is taken as it is written, or every fault in it is named."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.intents import Opposite
from bridge.domain.rules import Mode, OrderForm, Size, Unless, What, When
from bridge.domain.signals import Level, LevelKind
from bridge.domain.values import OrderType, Secret, Unit
from bridge.errors import Invalid
from bridge.schemas import (
    AccountForm,
    ConnectionSchema,
    HookSchema,
    ImportSchema,
    RuleForm,
    RuleSchema,
    UserSchema,
    as_written,
    loaded,
)
from bridge.schemas.signatures import SignatureEntry

LEAST: dict[str, Any] = {
    "name": "follow",
    "hook": "main",
    "mode": "live",
    "what": "follow",
    "accounts": [{"connection": "prop", "account": "7"}],
    "size": {"mode": "lots", "value": "0.1"},
}
MOST: dict[str, Any] = {
    **LEAST,
    "position": 4,
    "when": {"symbols": ["EURUSD"], "actions": ["buy", "close"], "strategy": ["trend"]},
    "what": "inverse",
    "accounts": [{"connection": "prop", "account": {"id": "7"}, "multiplier": "0.25"}],
    "size": {
        "mode": "as_alert",
        "unit": "units",
        "fallback": {"mode": "lots", "value": "0.01"},
        "cap": "2",
    },
    "opposite": "hedge",
    "positions": "own",
    "stop_loss": {"percent": "1.5"},
    "take_profit": {"r": "2"},
    "order": {"type": "stop", "offset": {"points": "30"}},
    "unless": {"max_age": "2.5", "spread": "0.0002", "open_positions": 3, "require": "not_long"},
    "symbols": {"BINANCE:BTCUSDT": "BTCUSD.x"},
}


def form(**change: Any) -> RuleForm:
    read: RuleForm = loaded(RuleSchema(), {**LEAST, **change})
    return read


def faults(**change: Any) -> set[tuple[str, str | None]]:
    with pytest.raises(Invalid) as raised:
        form(**change)
    return {(f.code, f.field) for f in raised.value.faults}


def test_what_is_left_out_has_the_documented_meaning() -> None:
    rule = form().rule
    assert rule.when == When(("*",), ("*",), ())
    assert (rule.opposite, rule.own_only) == (Opposite.CLOSE, False)
    assert rule.unless == Unless(timedelta(seconds=60), None, None, None)
    assert (rule.stop_loss, rule.take_profit, rule.order) == (None, None, None)
    assert rule.symbols == {}
    assert form().position is None


def test_every_key_becomes_a_value() -> None:
    read: RuleForm = loaded(RuleSchema(), MOST)
    rule = read.rule
    assert (rule.mode, rule.what) == (Mode.LIVE, What.INVERSE)
    assert rule.when == When(("EURUSD",), ("buy", "close"), ("trend",))
    assert rule.size == Size("as_alert", None, Unit.UNITS, "lots", Decimal("0.01"), Decimal(2))
    assert (rule.opposite, rule.own_only) == (Opposite.HEDGE, True)
    assert rule.stop_loss == Level(LevelKind.PERCENT, Decimal("1.5"))
    assert rule.order == OrderForm(OrderType.STOP, None, Level(LevelKind.POINTS, Decimal(30)))
    assert rule.unless == Unless(timedelta(seconds=2.5), Decimal("0.0002"), 3, "not_long")
    assert read.accounts == (AccountForm("prop", "id", "7", Decimal("0.25")),)
    assert read.position == 4


def test_a_rule_is_written_back_as_it_was_read() -> None:
    read: RuleForm = loaded(RuleSchema(), MOST)
    written = {**as_written(read.rule), "hook": MOST["hook"], "accounts": MOST["accounts"]}
    assert written == MOST


@pytest.mark.parametrize(
    ("account", "kind", "ref"),
    [
        ("7", "any", "7"),
        (Decimal(7), "any", "7"),
        (7, "any", "7"),
        ({"id": "77"}, "id", "77"),
        ({"acc_num": Decimal(1)}, "acc_num", "1"),
    ],
)
def test_accounts_are_kept_as_written(account: Any, kind: str, ref: str) -> None:
    (read,) = form(accounts=[{"connection": "prop", "account": account}]).accounts
    assert (read.kind, read.ref, read.multiplier) == (kind, ref, Decimal(1))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": ""}, {("bad_text", "name")}),
        ({"name": 5}, {("no_text", "name")}),
        ({"name": "a\nb"}, {("bad_text", "name")}),
        ({"mode": "on"}, {("not_a_choice", "mode")}),
        ({"what": None}, {("null", "what")}),
        ({"position": "1.5"}, {("out_of_range", "position")}),
        ({"when": []}, {("no_object", "when")}),
        ({"when": {"symbols": []}}, {("list_length", "when.symbols")}),
        ({"when": {"symbols": "EURUSD"}}, {("no_list", "when.symbols")}),
        ({"when": {"actions": ["buy", "fly"]}}, {("not_a_choice", "when.actions[1]")}),
        ({"when": {"strategy": [1]}}, {("no_text", "when.strategy")}),
        ({"when": {"expression": "a"}}, {("not_carried_out", "when.expression")}),
        ({"size": {}}, {("missing", "size.mode")}),
        ({"size": {"mode": "lots"}}, {("missing", "size.value")}),
        ({"size": {"mode": "lots", "value": 0}}, {("too_small", "size.value")}),
        ({"size": {"mode": "lots", "value": True}}, {("number_unreadable", "size.value")}),
        ({"size": {"mode": "lots", "value": "1_0"}}, {("number_unreadable", "size.value")}),
        ({"size": {"mode": "lots", "value": "\u0661"}}, {("number_unreadable", "size.value")}),
        ({"size": {"mode": "lots", "value": 1, "unit": "lots"}}, {("no_meaning", "size.unit")}),
        ({"size": {"mode": "as_alert", "value": 1}}, {("no_meaning", "size.value")}),
        ({"size": {"mode": "as_alert", "unit": "cash"}}, {("not_carried_out", "size.unit")}),
        (
            {"size": {"mode": "as_alert", "fallback": {"mode": "cash", "value": 1}}},
            {("not_carried_out", "size.fallback.mode")},
        ),
        (
            {"size": {"mode": "as_alert", "fallback": {"mode": "lots"}}},
            {("missing", "size.fallback.value")},
        ),
        ({"size": {"mode": "lots", "value": 1, "cap": 0}}, {("too_small", "size.cap")}),
        ({"stop_loss": {"r": 1}}, {("level_unreadable", "stop_loss")}),
        ({"stop_loss": {}}, {("level_unreadable", "stop_loss")}),
        ({"stop_loss": 5}, {("level_unreadable", "stop_loss")}),
        ({"stop_loss": {"pips": -1}}, {("too_small", "stop_loss.pips")}),
        ({"take_profit": {"pips": "x"}}, {("number_unreadable", "take_profit.pips")}),
        ({"order": {"type": "market", "price": 1}}, {("no_meaning", "order.price")}),
        (
            {"order": {"type": "limit", "price": 1, "offset": {"pips": 1}}},
            {("two_prices", "order.offset")},
        ),
        (
            {"order": {"type": "limit", "offset": {"price": 1}}},
            {("level_unreadable", "order.offset")},
        ),
        ({"unless": {"max_age": 0}}, {("too_small", "unless.max_age")}),
        ({"unless": {"max_age": 10**9}}, {("too_large", "unless.max_age")}),
        ({"unless": {"open_positions": 0}}, {("out_of_range", "unless.open_positions")}),
        ({"unless": {"require": "rich"}}, {("not_a_choice", "unless.require")}),
        ({"unless": {"windows": None}}, {("not_carried_out", "unless.windows")}),
        ({"symbols": []}, {("no_object", "symbols")}),
        ({"symbols": {"a": ""}}, {("bad_text", "symbols.a")}),
        (
            {"accounts": [{}]},
            {("missing", "accounts[0].connection"), ("missing", "accounts[0].account")},
        ),
        (
            {"accounts": [{"connection": "p", "account": {"id": 1, "acc_num": 1}}]},
            {("account_unreadable", "accounts[0].account")},
        ),
        (
            {"accounts": [{"connection": "p", "account": "1", "multiplier": 0}]},
            {("too_small", "accounts[0].multiplier")},
        ),
        (
            {"accounts": [{"connection": "p", "account": "1", "multiplier": "0.000000001"}]},
            {("too_fine", "accounts[0].multiplier")},
        ),
        (
            {"accounts": [{"connection": "p", "account": "1"}, {"connection": "p", "account": 1}]},
            {("twice", "accounts[1]")},
        ),
        ({"user_id": 1}, {("unknown_key", "user_id")}),
    ],
)
def test_each_fault_has_its_code_and_its_place(
    change: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    assert faults(**change) == expected


def test_sizes_of_the_language_that_are_not_computed_say_so() -> None:
    for mode in ("cash", "percent_equity", "risk_cash", "risk_percent", "percent_position"):
        assert faults(size={"mode": mode, "value": 1}) == {("not_carried_out", "size.mode")}


@given(
    st.dictionaries(
        st.sampled_from(sorted(MOST)),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=5)
        | st.lists(st.integers())
        | st.dictionaries(
            st.sampled_from(["mode", "value", "price", "type", "id"]), st.text(max_size=3)
        ),
    )
)
def test_no_data_do_anything_but_load_or_be_refused(change: dict[str, Any]) -> None:
    try:
        form(**change)
    except Invalid as refused:
        assert all(f.message for f in refused.faults)  # noqa: PT017


def test_a_hook_says_which_keys_were_given() -> None:
    entry = loaded(HookSchema(), {"name": " main ", "secret": None, "allow_from": ["::1"]})
    assert entry.name == "main"
    assert entry.said == {"name", "secret", "allow_from"}
    assert entry.allow_from == ("::1",)


def _signed(secret: str | None) -> dict[str, Any]:
    return {"scheme": "github", "secret": secret}


def _standard(secret: str) -> dict[str, Any]:
    return {"scheme": "standard_webhooks", "secret": secret}


@pytest.mark.parametrize("text", ["whsec_" + "A" * 32, "A" * 32, "A" * 86, "A" * 86 + "=="])
def test_a_standard_webhooks_secret_may_lack_prefix_and_padding(text: str) -> None:
    entry = loaded(HookSchema(), {"name": "main", "signature": _standard(text)})
    assert entry.signature == SignatureEntry("standard_webhooks", Secret(text))
    assert text not in repr(entry)


@pytest.mark.parametrize(
    ("hook", "code", "field"),
    [
        ({"window": -1}, "out_of_range", "window"),
        ({"window": 29}, "out_of_range", "window"),
        ({"window": 3601}, "out_of_range", "window"),
        ({"enabled": "yes"}, "no_flag", "enabled"),
        ({"secret": "short"}, "bad_secret", "secret"),
        ({"allow_from": ["example.com"]}, "bad_address", "allow_from[0]"),
        ({"allow_from": [5]}, "bad_address", "allow_from[0]"),
        ({"dialect": "B!"}, "bad_text", "dialect"),
        ({"signature": "github"}, "no_object", "signature"),
        ({"signature": {"secret": "long enough"}}, "missing", "signature.scheme"),
        ({"signature": {"scheme": "md5"}}, "not_a_choice", "signature.scheme"),
        ({"signature": {"scheme": ["github"]}}, "not_a_choice", "signature.scheme"),
        ({"signature": {"scheme": "github", "key": "x"}}, "unknown_key", "signature.key"),
        ({"signature": _signed("short")}, "bad_secret", "signature.secret"),
        ({"signature": _signed("pasted with a line\n")}, "bad_secret", "signature.secret"),
        ({"signature": _signed("half a pair \ud800")}, "bad_secret", "signature.secret"),
        ({"signature": _signed("x" * 201)}, "bad_secret", "signature.secret"),
        ({"signature": _signed(None)}, "null", "signature.secret"),
        ({"signature": _standard("not base64 at all")}, "bad_secret", "signature.secret"),
        ({"signature": _standard("whsec_" + "A" * 31)}, "bad_secret", "signature.secret"),
        ({"signature": _standard("whsec_" + "A" * 87)}, "bad_secret", "signature.secret"),
        ({"signature": _standard("whsk_" + "A" * 32)}, "bad_secret", "signature.secret"),
    ],
)
def test_a_wrong_hook_is_refused_by_name(hook: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Invalid) as raised:
        loaded(HookSchema(), {"name": "main", **hook})
    assert [(f.code, f.field) for f in raised.value.faults] == [(code, field)]


def test_a_password_is_taken_as_it_is_and_cannot_be_printed() -> None:
    data = {"name": "n", "environment": "demo", "email": "a@b.c", "server": "S"}
    entry = loaded(ConnectionSchema(), {**data, "password": " p "})
    assert entry.password == Secret(" p ")
    assert " p " not in repr(entry)


@pytest.mark.parametrize("email", ["", "a", "a@b@c", "a b@c", "@c", 5])
def test_an_address_has_one_at_sign(email: Any) -> None:
    with pytest.raises(Invalid):
        loaded(UserSchema(), {"email": email})


def test_a_name_stands_once_in_its_list() -> None:
    file = {
        "user": {"email": "a@b.c"},
        "hooks": [{"name": "main"}, {"name": "main "}, {"name": 5}, "x"],
        "rules": [LEAST, LEAST],
    }
    with pytest.raises(Invalid) as raised:
        loaded(ImportSchema(), file)
    assert {(f.code, f.field) for f in raised.value.faults} == {
        ("twice", "hooks[1].name"),
        ("no_text", "hooks[2].name"),
        ("no_object", "hooks[3]"),
        ("twice", "rules[1].name"),
    }


@pytest.mark.parametrize("data", [None, [], "x", Decimal(1)])
def test_a_file_is_an_object(data: Any) -> None:
    with pytest.raises(Invalid) as raised:
        loaded(ImportSchema(), data)
    assert raised.value.faults[0].code == "no_object"
