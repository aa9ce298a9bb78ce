"""The fault switchboard: which call is spoilt, and how.

| fault | arguments | what happens |
|---|---|---|
| delay | s, jitter, before | the answer comes late; with `before` the work is late as well |
| drip | bytes_per_s | the answer trickles |
| drop_before | | connection reset, nothing done |
| drop_after | | done, connection reset without a byte |
| hang | s | done, connection held open without a byte |
| truncate | n | done, answer cut after n bytes of its body |
| empty, no_order_id | | done, 200 with nothing, or without the order id |
| oversize | mb | done, answer padded |
| status | code, html, processed, text | that status, with or without the work done |
| rate_limited | retry_after | 429 |
| unauthorized | | 401 |
| revoke | | the user's tokens die, then the call goes on |
| login_fails | | 401 to a login |
| redirect | code, location | 3xx |
| close_idle | | a kept-alive connection is reset when it is used again |
| late | s, answer | a placement happens later; told `drop`, `hang`, `ok` or a status |
| stale | s | lists as they were so long ago |
| partial_list | missing | so many rows fewer, and `hasMore` |
| hide | ids | rows with this id or strategyId left out |
| tag_lost, tag_cut | k | strategyId missing, or cut, in lists |
| no_children, partial_fill, slow_fill | ratio; s | what becomes of this order |
| refuse | text | refused with these words |
| skew | s | Date, token and row times are off |
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_LISTS = ("orders", "ordersHistory", "positions", "executions")
_PLACE = "POST /trade/accounts/{a}/orders"
_LOGINS = ("POST /auth/jwt/token", "POST /auth/jwt/refresh")
_CLOSES = ("DELETE /trade/positions/{positionId}", "DELETE /trade/accounts/{a}/positions")
_LIST_ROUTES = tuple(f"GET /trade/accounts/{{a}}/{name}" for name in _LISTS)

# fault → the routes it can happen to; None: any
KINDS: Mapping[str, tuple[str, ...] | None] = {
    **dict.fromkeys(
        (
            "delay", "drip", "drop_before", "drop_after", "hang", "truncate", "empty", "oversize",
            "status", "rate_limited", "unauthorized", "revoke", "redirect", "close_idle",
            "refuse", "skew",
        )
    ),
    "no_order_id": (_PLACE,),
    "login_fails": _LOGINS,
    "late": (_PLACE,),
    "stale": _LIST_ROUTES,
    "partial_list": _LIST_ROUTES,
    "hide": _LIST_ROUTES,
    "tag_lost": _LIST_ROUTES,
    "tag_cut": _LIST_ROUTES,
    "no_children": (_PLACE,),
    "partial_fill": (_PLACE, *_CLOSES),
    "slow_fill": (_PLACE, *_CLOSES),
}  # fmt: skip
ROW_FAULTS = frozenset({"hide", "tag_lost", "tag_cut"})


class WrongRule(ValueError):
    """A rule names no fault, no route, or an argument of the wrong kind."""


@dataclass
class Rule:
    """One line of the switchboard with its counters."""

    fault: str
    route: str = "*"
    args: Mapping[str, Any] = field(default_factory=dict)
    account: str | None = None
    tag: str | None = None
    after: int = 0
    """So many matching calls go unharmed first."""
    times: int | None = None
    """How many calls it spoils; None: all."""
    p: float = 1.0
    seed: int = 1
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.fault not in KINDS:
            raise WrongRule(f"no such fault: {self.fault!r}")
        # The same seed spoils the same calls again; nothing here is secret.
        self._chance = random.Random(self.seed)  # noqa: S311

    def concerns(self, call: "Call") -> bool:
        routes = KINDS[self.fault]
        if self.route not in ("*", call.route) or (routes and call.route not in routes):
            return False
        if self.account is not None and self.account != call.account:
            return False
        if self.fault == "close_idle" and not call.reused:
            return False
        return self.fault in ROW_FAULTS or self.tag is None or self.tag == call.tag

    def strikes(self) -> bool:
        """Count this matching call; whether it is spoilt."""
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        if self._chance.random() >= self.p:
            return False
        self.hits += 1
        return True

    def number(self, name: str, default: float = 0) -> float:
        value = self.args.get(name, default)
        return float(value)

    def as_json(self) -> dict[str, Any]:
        return {
            "route": self.route,
            "fault": self.fault,
            "args": dict(self.args),
            "match": {"account": self.account, "tag": self.tag},
            "after": self.after,
            "times": self.times,
            "p": self.p,
            "seed": self.seed,
            "seen": self.seen,
            "hits": self.hits,
        }


@dataclass(frozen=True, slots=True)
class Call:
    """What a rule may look at."""

    route: str
    account: str | None
    tag: str | None
    reused: bool = False


class Faults:
    """The rules in their order; the first that strikes decides."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def __bool__(self) -> bool:
        return bool(self.rules)

    def put(self, wanted: list[Mapping[str, Any]], routes: frozenset[str]) -> None:
        """Replace all rules, all or none."""
        self.rules = [read_rule(rule, routes) for rule in wanted]

    def clear(self) -> None:
        self.rules = []

    def strike(self, call: Call) -> Rule | None:
        for rule in self.rules:
            if rule.concerns(call) and rule.strikes():
                return rule
        return None


_NUMBERS = frozenset({"s", "jitter", "bytes_per_s", "n", "mb", "code", "missing", "k", "ratio"})


def read_rule(wanted: Mapping[str, Any], routes: frozenset[str]) -> Rule:
    """A rule as JSON writes it."""
    names = {"route", "fault", "args", "match", "after", "times", "p", "seed"}
    odd = sorted(set(wanted) - names - {"seen", "hits"})
    if odd:
        raise WrongRule(f"no such key: {', '.join(odd)}")
    route = wanted.get("route", "*")
    if route != "*" and route not in routes:
        raise WrongRule(f"no such route: {route!r}")
    match = wanted.get("match") or {}
    args = wanted.get("args") or {}
    if not isinstance(match, dict) or not isinstance(args, dict):
        raise WrongRule("match and args are objects")
    for name in _NUMBERS & set(args):
        _number(args[name], name)
    account = match.get("account")
    return Rule(
        fault=str(wanted.get("fault")),
        route=route,
        args=args,
        account=None if account is None else str(account),
        tag=match.get("tag"),
        after=int(_number(wanted.get("after", 0), "after")),
        times=None if wanted.get("times") is None else int(_number(wanted["times"], "times")),
        p=_number(wanted.get("p", 1), "p"),
        seed=int(_number(wanted.get("seed", 1), "seed")),
    )


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise WrongRule(f"{name} is a number")
    try:
        return float(value)
    except ValueError:
        raise WrongRule(f"{name} is a number") from None
