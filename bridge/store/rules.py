"""A user's rules ↔ domain values. What the rule says is kept as the JSON of its value."""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bridge.domain.rules import Mode, Rule, RuleAccount
from bridge.domain.written import read, write
from bridge.errors import NotFound, Refused
from bridge.store.tables.routing import (
    AccountRow,
    ConnectionRow,
    HookRow,
    RuleAccountRow,
    RuleRow,
)

_IN_COLUMNS = ("is", "id", "public_id", "name", "position", "mode", "accounts")
_RULE = (RuleRow.id, RuleRow.public_id, RuleRow.name, RuleRow.position, RuleRow.mode, RuleRow.spec)


@dataclass(frozen=True)
class OwnedRule:
    """A rule with its owner, its hook and how its accounts are written.

    `refs` maps an account's own number to its (kind, value), where kind is id, acc_num or any.
    """

    rule: Rule
    user: int
    hook: int
    hook_public_id: str
    hook_name: str
    refs: Mapping[int, tuple[str, str]]
    created_at: datetime
    changed_at: datetime


def of_hook(db: Session, hook: int) -> list[Rule]:
    """A hook's rules, whole, in their order: those that are off too, none that was removed."""
    query = (
        select(*_RULE)
        .where(RuleRow.hook == hook, RuleRow.removed_at.is_(None))
        .order_by(RuleRow.position, RuleRow.id)
    )
    rows = db.execute(query).all()
    if not rows:
        return []
    accounts = _accounts(db, RuleRow.hook == hook)
    return [_rule(row, [a for a, _ in accounts.get(row.id, ())]) for row in rows]


def save(
    db: Session,
    rule: Rule,
    *,
    user: int,
    hook: int,
    accounts: Sequence[tuple[int, Decimal]],
    now: datetime,
) -> Rule:
    """Write a rule on the given accounts; one whose `id` is 0 is new.

    Raises Refused when another rule of the user has the name.
    """
    try:
        key = _write(db, rule, user, hook, now)
    except IntegrityError as exc:
        raise Refused("name_taken", "name", f"A rule named '{rule.name}' exists already.") from exc
    db.execute(delete(RuleAccountRow).where(RuleAccountRow.rule == key))
    for account, multiplier in accounts:
        db.execute(insert(RuleAccountRow).values(rule=key, account=account, multiplier=multiplier))
    return _one(db, RuleRow.id == key).rule


def get(db: Session, user: int, public_id: str) -> OwnedRule:
    """A user's own rule. Raises NotFound, for another user's or a removed one too."""
    return _one(db, RuleRow.user == user, RuleRow.public_id == public_id)


def by_name(db: Session, user: int, name: str) -> OwnedRule | None:
    """A user's rule of exactly this name, or None."""
    return next(iter(_owned(db, RuleRow.user == user, RuleRow.name == name)), None)


def list_of(db: Session, user: int) -> list[OwnedRule]:
    """A user's rules, by hook and then in their order."""
    return _owned(db, RuleRow.user == user)


def remove(db: Session, rule: Rule, now: datetime) -> None:
    """Take a rule away; its executions keep pointing at it, and its name is free again."""
    db.execute(update(RuleRow).where(RuleRow.id == rule.id).values(removed_at=now, changed_at=now))


def _write(db: Session, rule: Rule, user: int, hook: int, now: datetime) -> int:
    values = {
        "hook": hook,
        "name": rule.name,
        "position": rule.position,
        "mode": rule.mode.value,
        "spec": _spec_text(rule),
        "changed_at": now,
    }
    if rule.id:
        db.execute(update(RuleRow).where(RuleRow.id == rule.id).values(**values))
        return rule.id
    fresh = {"public_id": secrets.token_hex(16), "user": user, "created_at": now}
    return db.scalars(insert(RuleRow).values(**fresh, **values).returning(RuleRow.id)).one()


def _spec_text(rule: Rule) -> str:
    said = {k: v for k, v in write(rule).items() if k not in _IN_COLUMNS}
    return json.dumps(said, ensure_ascii=False, sort_keys=True)


@lru_cache(maxsize=1024)
def _said(spec: str) -> Rule:
    """What a rule's JSON says; the same text always says the same, so it is read once."""
    blank = {"id": 0, "public_id": "", "name": "", "position": 0, "mode": "off", "accounts": []}
    return read(Rule, {**json.loads(spec), **blank})


def _rule(row: Any, accounts: Iterable[RuleAccount]) -> Rule:
    return replace(
        _said(row.spec),
        id=row.id,
        public_id=row.public_id,
        name=row.name,
        position=row.position,
        mode=Mode(row.mode),
        accounts=tuple(accounts),
    )


def _accounts(
    db: Session, *which: ColumnElement[bool]
) -> dict[int, list[tuple[RuleAccount, tuple[str, str]]]]:
    """By rule: each account, and how it is written."""
    query = (
        select(
            RuleAccountRow.rule,
            RuleAccountRow.multiplier,
            AccountRow.id,
            AccountRow.public_id,
            AccountRow.ref_kind,
            AccountRow.ref,
            ConnectionRow.name,
        )
        .join(RuleRow, RuleRow.id == RuleAccountRow.rule)
        .join(AccountRow, AccountRow.id == RuleAccountRow.account)
        .join(ConnectionRow, ConnectionRow.id == AccountRow.connection)
        .where(RuleRow.removed_at.is_(None), *which)
        .order_by(AccountRow.id)
    )
    found: dict[int, list[tuple[RuleAccount, tuple[str, str]]]] = {}
    for row in db.execute(query):
        account = RuleAccount(row.id, row.public_id, row.name, row.ref, row.multiplier)
        found.setdefault(row.rule, []).append((account, (row.ref_kind, row.ref)))
    return found


def _owned(db: Session, *which: ColumnElement[bool]) -> list[OwnedRule]:
    rows = db.execute(_with_hook().where(*which)).all()
    accounts = _accounts(db, *which)
    return [_owned_rule(row, accounts.get(row.id, [])) for row in rows]


def _with_hook() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *_RULE,
            RuleRow.user,
            RuleRow.hook,
            RuleRow.created_at,
            RuleRow.changed_at,
            HookRow.public_id.label("hook_public_id"),
            HookRow.name.label("hook_name"),
        )
        .join(HookRow, HookRow.id == RuleRow.hook)
        .where(RuleRow.removed_at.is_(None))
        .order_by(RuleRow.hook, RuleRow.position, RuleRow.id)
    )


def _owned_rule(row: Any, accounts: list[tuple[RuleAccount, tuple[str, str]]]) -> OwnedRule:
    return OwnedRule(
        rule=_rule(row, (a for a, _ in accounts)),
        user=row.user,
        hook=row.hook,
        hook_public_id=row.hook_public_id,
        hook_name=row.hook_name,
        refs={a.account: ref for a, ref in accounts},
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def _one(db: Session, *which: ColumnElement[bool]) -> OwnedRule:
    found = _owned(db, *which)
    if not found:
        raise NotFound("there is no such rule")
    return found[0]
