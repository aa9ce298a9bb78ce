"""`rules`: what is done with signals. Hooks and connections are named by id, or by name."""

from collections.abc import Callable
from typing import Any, TypeVar

from marshmallow import Schema, fields

from bridge import routing
from bridge.errors import NotFound, Refused
from bridge.schemas import RuleForm, RuleSchema, account_as_written, as_written
from bridge.schemas.fields import LevelOf, Number
from bridge.schemas.rules import STOPS, TARGETS, AccountRef, SymbolMap
from bridge.store import Session, connections
from bridge.store import hooks as stored_hooks
from bridge.store import rules as stored
from bridge.store.connections import ConnectionFacts
from bridge.store.hooks import Hook
from bridge.store.rules import OwnedRule
from bridge.web.api.answers import Id, ListQuery, Moment, Words
from bridge.web.api.bearer import author, caller
from bridge.web.api.paging import paged
from bridge.web.api.resource import Resource
from bridge.web.services import services

rules = Resource("rules", "What is done with signals, where, and how much.")
Found = TypeVar("Found")


class RuleAccountAnswerSchema(Schema):
    """Where a rule acts."""

    id = Id(required=True)
    connection = Id(required=True)
    account = AccountRef(required=True)
    multiplier = Number(required=True)


class RuleAnswerSchema(Schema):
    """A rule, whole. `warnings` are of all rules of its hook."""

    id = Id(required=True)
    name = Words(required=True)
    hook = Id(required=True)
    mode = Words(required=True)
    position = fields.Integer(required=True)
    when = fields.Dict(required=True)
    what = Words(required=True)
    opposite = Words(required=True)
    positions = Words(required=True)
    size = fields.Dict(required=True)
    stop_loss = LevelOf(STOPS, allow_none=True)
    take_profit = LevelOf(TARGETS, allow_none=True)
    order = fields.Dict(allow_none=True)
    unless = fields.Dict(required=True)
    symbols = SymbolMap(required=True)
    accounts = fields.List(fields.Nested(RuleAccountAnswerSchema), required=True)
    created_at = Moment(required=True)
    changed_at = Moment(required=True)
    warnings = fields.List(Words(), required=True)


class RuleListSchema(Schema):
    """Rules, newest first."""

    items = fields.List(fields.Nested(RuleAnswerSchema), required=True)
    next = Words(required=True, allow_none=True)


@rules.get("/rules")
@rules.arguments(ListQuery, location="query")
@rules.response(200, RuleListSchema)
def list_rules(query: dict[str, Any]) -> Any:
    """Rules, newest first; `position` tells in which order those of a hook act."""
    with services().pages.reading() as db:
        found = stored.list_of(db, caller().user)
        warnings = {hook: routing.warnings_at(db, hook) for hook in {r.hook for r in found}}
        ids = _connection_ids(db)
    found.sort(key=lambda owned: owned.rule.id, reverse=True)
    return paged([_answer(r, ids, warnings[r.hook]) for r in found], query)


@rules.post("/rules")
@rules.arguments(RuleSchema)
@rules.response(201, RuleAnswerSchema)
def create_rule(form: RuleForm) -> Any:
    """Add a rule."""
    with services().pages.transaction() as db:
        return _saved(db, form, None)


@rules.get("/rules/<rule>")
@rules.response(200, RuleAnswerSchema)
def one_rule(rule: str) -> Any:
    """One rule."""
    with services().pages.reading() as db:
        found = stored.get(db, caller().user, rule)
        return _answer(found, _connection_ids(db), routing.warnings_at(db, found.hook))


@rules.put("/rules/<rule>")
@rules.arguments(RuleSchema)
@rules.response(200, RuleAnswerSchema)
def replace_rule(form: RuleForm, rule: str) -> Any:
    """Write a rule anew, whole; what is left out is not in it any more."""
    with services().pages.transaction() as db:
        return _saved(db, form, stored.get(db, caller().user, rule))


@rules.delete("/rules/<rule>")
@rules.response(204)
def remove_rule(rule: str) -> None:
    """Take a rule away. What is queued by it already goes on."""
    with services().pages.transaction() as db:
        routing.remove_rule(db, author(), stored.get(db, caller().user, rule))


def _saved(db: Session, form: RuleForm, old: OwnedRule | None) -> dict[str, Any]:
    user = caller().user
    hook = _hook(db, user, form.hook)
    kept = routing.save_rule(
        db, author(), form, hook, lambda name: _connection(db, user, name), old
    )
    owned = stored.get(db, user, kept.public_id)
    return _answer(owned, _connection_ids(db), routing.warnings_at(db, hook.id))


def _hook(db: Session, user: int, name: str) -> Hook:
    found = _found(lambda: stored_hooks.mine(db, user, name))
    hook = found or stored_hooks.by_name(db, user, name)
    if hook is None:
        raise Refused("unknown_hook", "hook", f"You have no hook '{name}'.")
    return hook


def _connection(db: Session, user: int, name: str) -> ConnectionFacts:
    found = _found(lambda: connections.mine(db, user, name))
    connection = found or connections.by_name(db, user, name)
    if connection is None:
        raise Refused("unknown_connection", "accounts", f"You have no connection '{name}'.")
    return connection


def _found(look: Callable[[], Found]) -> Found | None:
    try:
        return look()
    except NotFound:
        return None


def _connection_ids(db: Session) -> dict[str, str]:
    return {c.name: c.public_id for c in connections.list_of(db, caller().user)}


def _answer(owned: OwnedRule, ids: dict[str, str], warnings: list[str]) -> dict[str, Any]:
    rule = owned.rule
    return {
        **as_written(rule),
        "stop_loss": rule.stop_loss,
        "take_profit": rule.take_profit,
        "order": as_written(rule).get("order"),
        "id": rule.public_id,
        "hook": owned.hook_public_id,
        "accounts": [
            {
                "id": account.public_id,
                "connection": ids[account.connection],
                "account": account_as_written(*owned.refs[account.account]),
                "multiplier": account.multiplier,
            }
            for account in rule.accounts
        ],
        "created_at": owned.created_at,
        "changed_at": owned.changed_at,
        "warnings": warnings,
    }
