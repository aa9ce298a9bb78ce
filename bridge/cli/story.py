"""The demo's story: what a trader's alerts look like, and how each must end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EMAIL = "trader@example.com"
HOOK = "TradingView"
PAPER_LOGIN = "paper-trader@example.com"

RULES: tuple[Mapping[str, Any], ...] = (
    {
        "name": "Follow EURUSD",
        "hook": HOOK,
        "mode": "live",
        "when": {"symbols": ["EURUSD"], "actions": ["*"]},
        "what": "follow",
        "opposite": "reverse",
        "accounts": [{"connection": "Paper", "account": {"acc_num": "1"}, "multiplier": "1"}],
        "size": {"mode": "as_alert", "unit": "lots", "fallback": {"mode": "lots", "value": "0.10"}},
        "stop_loss": {"pips": "40"},
    },
    {
        "name": "Bitcoin, never when the spread is wide",
        "hook": HOOK,
        "mode": "live",
        "when": {"symbols": ["BTCUSD"], "actions": ["buy", "sell"]},
        "what": "follow",
        "accounts": [{"connection": "Paper", "account": {"acc_num": "1"}, "multiplier": "1"}],
        "size": {"mode": "lots", "value": "0.05"},
        "unless": {"spread": "0.01"},
    },
    {
        "name": "Ether as the alert says",
        "hook": HOOK,
        "mode": "live",
        "when": {"symbols": ["ETHUSD"], "actions": ["buy", "sell"]},
        "what": "long_only",
        "accounts": [{"connection": "Paper", "account": {"acc_num": "1"}, "multiplier": "1"}],
        "size": {"mode": "as_alert", "unit": "lots"},
    },
)


@dataclass(frozen=True)
class Scene:
    """One alert, and how it must end: the alert's status, then (kind, status) per execution."""

    title: str
    body: str
    alert: str
    executions: tuple[tuple[str, str], ...] = ()


_BUY = (
    '{"bridge":1,"action":"buy","symbol":"EURUSD","quantity":"0.10","unit":"lots",'
    '"take_profit":{"pips":80},"comment":"breakout"}'
)

STORY: tuple[Scene, ...] = (
    Scene("buy 0.10 EURUSD", _BUY, "accepted", (("place", "filled"),)),
    Scene(
        "add 0.05, in TradingView's placeholders",
        '{"ticker":"FX:EURUSD","order_action":"buy","order_contracts":"0.05",'
        '"position_size":"0.15","market_position":"long","prev_market_position":"long",'
        '"prev_market_position_size":"0.10"}',
        "accepted",
        (("place", "filled"),),
    ),
    Scene("the first alert, sent again", _BUY, "duplicate"),
    Scene(
        "reverse to short, TradingView's own sentence",
        "Trend (20, 5): order sell @ 0.25 filled on EURUSD. New strategy position is -0.1",
        "accepted",
        (("close", "filled"), ("place", "filled")),
    ),
    Scene(
        "close half",
        '{"bridge":1,"action":"close","symbol":"EURUSD","quantity":50,"unit":"percent_position"}',
        "accepted",
        (("close", "filled"),),
    ),
    Scene(
        "target 0: be flat",
        '{"bridge":1,"action":"target","symbol":"EURUSD","quantity":0}',
        "accepted",
        (("close", "filled"),),
    ),
    Scene(
        "a placeholder that was never filled",
        '{"bridge":1,"action":"{{strategy.order.action}}","symbol":"EURUSD","quantity":"0.10"}',
        "refused",
    ),
    Scene(
        "buy BTCUSD, but the spread is too wide for the rule",
        '{"ticker":"BTCUSD","side":"buy","price":"77260.5"}',
        "accepted",
        (("place", "denied"),),
    ),
    Scene(
        "buy 200 ether with 100,000 dollars",
        '{"bridge":1,"action":"buy","symbol":"ETHUSD","quantity":"200","unit":"lots"}',
        "accepted",
        (("place", "rejected"),),
    ),
)


def import_file(password: str, paper_password: str) -> dict[str, Any]:
    """The demo's connections, hooks and rules as one import file."""
    return {
        "user": {"email": EMAIL, "password": password},
        "connections": [
            {
                "name": "Paper",
                "environment": "paper",
                "email": PAPER_LOGIN,
                "password": paper_password,
                "server": "PAPER",
            }
        ],
        "hooks": [{"name": HOOK, "dialect": "auto", "time": "bar"}],
        "rules": [dict(rule) for rule in RULES],
    }
