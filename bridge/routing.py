"""Connections, hooks, rules and tokens as their owner changes them, each with its audit entry.

Every function works in the caller's transaction, so a change and its entry are one commit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bridge import signing
from bridge.audit import Event, record
from bridge.domain.rules import Rule, warnings_of
from bridge.domain.values import Action
from bridge.errors import Refused
from bridge.schemas import ConnectionEntry, HookEntry, RuleForm
from bridge.sealing import DataKey, Keys, new_data_key, open_data_key, seal
from bridge.store import Session, connections, executions, hooks, people, rules
from bridge.store.connections import ConnectionFacts, ConnectionForm
from bridge.store.hooks import Hook, HookForm, Signature
from bridge.store.rules import OwnedRule

_NOT_BY_RULES = (Action.MODIFY, Action.HALT)

FindConnection = Callable[[str], ConnectionFacts]
"""The connection a rule names. Raises NotFound or Refused."""


@dataclass(frozen=True)
class Author:
    """On whose behalf something changes, by whom, when."""

    user: int
    actor: str
    now: datetime


def check_environment(environment: str, *, allow_live: bool) -> None:
    """Raises Refused for live connections on a server that does not allow them."""
    if environment == "live" and not allow_live:
        raise Refused(
            "live_not_allowed",
            "environment",
            "Live connections are switched off on this server; BRIDGE_ALLOW_LIVE=yes allows them.",
        )


def add_connection(
    db: Session, keys: Keys, author: Author, entry: ConnectionEntry
) -> ConnectionFacts:
    """A new connection, its password sealed. Raises Refused without a password."""
    if entry.password is None:
        raise Refused("missing", "password", "A new connection needs its password.")
    sealing = _sealing(db, keys, author, entry.password.value)
    made = connections.create(db, author.user, _form(entry), sealing, author.now)
    _note(db, Event.CONNECTION_CREATED, author, made.name, _shown(entry))
    return made


def change_connection(
    db: Session, keys: Keys, author: Author, old: ConnectionFacts, entry: ConnectionEntry
) -> ConnectionFacts:
    """The connection as the entry says; without a password the old one stays.

    Raises Refused for another login without its password: the old one is not sent there.
    """
    sealing = None
    other = connections.is_other_login(old, _form(entry))
    if other and executions.any_unfinished_at(db, old.id):
        # what is in flight would be looked for, and found absent, at somebody else's account
        raise Refused(
            "in_use", "email", "The login cannot change while orders of it are unfinished."
        )
    if entry.password is None and other:
        raise Refused("missing", "password", "Another login needs its own password.")
    if entry.password is not None:
        sealing = _sealing(db, keys, author, entry.password.value)
    new = connections.change(db, old, _form(entry), sealing, author.now)
    changed = _differences(connections.form_of(old), connections.form_of(new))
    changed += ["password"] if sealing is not None else []
    if changed:
        _note(db, Event.CONNECTION_CHANGED, author, new.name, {**_shown(entry), "changed": changed})
    return new


def add_hook(db: Session, keys: Keys, author: Author, entry: HookEntry) -> tuple[Hook, str]:
    """A new hook and its token, told once. Raises Refused for a signature without its secret."""
    check_signature(None, entry)
    form = _merged(HookForm(entry.name), entry)
    made, token = hooks.create(db, author.user, form, author.now)
    signature = _signature(db, keys, author, made, entry)
    if signature is not None:
        made = hooks.set_signature(db, made, signature)
    _note(db, Event.HOOK_CREATED, author, made.name, {"dialect": made.dialect})
    return made, token


def change_hook(db: Session, keys: Keys, author: Author, old: Hook, entry: HookEntry) -> Hook:
    """The hook with the keys that the entry states; the others stay as they were.

    A new signing secret leaves the one before live for another 24 hours.
    """
    check_signature(old, entry)
    form = _merged(hooks.form_of(old), entry)
    changed = _differences(hooks.form_of(old), form)
    new = hooks.change(db, old, form) if changed else old
    signature = _signature(db, keys, author, new, entry)
    if signature != new.signature:
        new = hooks.set_signature(db, new, signature)
        changed.append("signature")
    if not changed:
        return old
    _note(db, Event.HOOK_CHANGED, author, new.name, {"changed": changed})
    return new


def check_signature(old: Hook | None, entry: HookEntry) -> None:
    """Raises Refused for a signature that states no secret and has none to keep."""
    wanted = entry.signature
    if wanted is None or wanted.secret is not None:
        return
    known = old.signature if old is not None else None
    if known is None or known.scheme != wanted.scheme:
        raise Refused("missing", "signature.secret", "A new signature needs its secret.")


def rotate_hook(db: Session, author: Author, hook: Hook) -> str:
    """A new token, told once; the one before works for another 24 hours."""
    token = hooks.rotate(db, hook, author.now)
    until = author.now + hooks.OVERLAP
    _note(db, Event.HOOK_ROTATED, author, hook.name, {"until": until})
    return token


def hook_url(base: str, token: str) -> str:
    """A hook's address."""
    return f"{base}/hook/{token}"


def save_rule(
    db: Session,
    author: Author,
    form: RuleForm,
    hook: Hook,
    find: FindConnection,
    old: OwnedRule | None = None,
) -> Rule:
    """The rule as the form says, new or in place of an old one."""
    accounts = [
        (_account(db, find(a.connection), a.kind, a.ref, author.now), a.multiplier)
        for a in form.accounts
    ]
    if len({account for account, _ in accounts}) < len(accounts):
        raise Refused("twice", "accounts", "An account stands in the rule twice.")
    named = replace(
        form.rule,
        id=old.rule.id if old else 0,
        position=_position(db, form, hook, old),
    )
    kept = rules.save(db, named, user=author.user, hook=hook.id, accounts=accounts, now=author.now)
    if old is None:
        _note(db, Event.RULE_CREATED, author, kept.name, {"mode": kept.mode, "hook": hook.name})
    elif kept != old.rule or hook.id != old.hook:
        changed = _differences(old.rule, kept)
        data = {"mode": kept.mode, "hook": hook.name, "changed": changed}
        _note(db, Event.RULE_CHANGED, author, kept.name, data)
    return kept


def remove_rule(db: Session, author: Author, owned: OwnedRule) -> None:
    """Take a rule away."""
    rules.remove(db, owned.rule, author.now)
    _note(db, Event.RULE_REMOVED, author, owned.rule.name, {"hook": owned.hook_name})


def add_token(db: Session, author: Author, name: str) -> tuple[people.ApiToken, str]:
    """A new API token and its text, told once."""
    made, text = people.create_token(db, author.user, name, author.now)
    _note(db, Event.TOKEN_CREATED, author, name, {})
    return made, text


def revoke_token(db: Session, author: Author, token: people.ApiToken) -> None:
    """End an API token."""
    people.revoke_token(db, token, author.now)
    _note(db, Event.TOKEN_REVOKED, author, token.name, {})


def warnings_at(db: Session, hook: int) -> list[str]:
    """What a careful reader would point at in the rules of one hook."""
    found = rules.of_hook(db, hook)
    return [*warnings_of(found), *(w for rule in found for w in _not_by_rules(rule))]


def _not_by_rules(rule: Rule) -> list[str]:
    return [
        f"Rule '{rule.name}' names the action {action.value}, which rules do not carry out yet."
        for action in _NOT_BY_RULES
        if action.value in rule.when.actions
    ]


def _account(db: Session, connection: ConnectionFacts, kind: str, ref: str, now: datetime) -> int:
    return connections.account_for(db, connection, kind, ref, now).id


def _position(db: Session, form: RuleForm, hook: Hook, old: OwnedRule | None) -> int:
    if form.position is not None:
        return form.position
    if old is not None and old.hook == hook.id:
        return old.rule.position
    return max((r.position + 1 for r in rules.of_hook(db, hook.id)), default=0)


def _form(entry: ConnectionEntry) -> ConnectionForm:
    return ConnectionForm(entry.name, entry.environment, entry.server, entry.email)


def _shown(entry: ConnectionEntry) -> dict[str, Any]:
    return {"environment": entry.environment, "server": entry.server}


def _signature(
    db: Session, keys: Keys, author: Author, hook: Hook, entry: HookEntry
) -> Signature | None:
    """How the hook's alerts must be signed once the entry holds."""
    wanted = entry.signature
    if "signature" not in entry.said:
        return hook.signature
    if wanted is None:
        return None
    if wanted.secret is None:
        return hook.signature
    data_key = _data_key(db, keys, author)
    return signing.changed(data_key, hook, wanted.scheme, wanted.secret, author.now)


def _data_key(db: Session, keys: Keys, author: Author) -> DataKey:
    user = author.user
    wrapped = people.ensure_data_key(db, user, lambda: new_data_key(keys, user), author.now)
    return open_data_key(keys, wrapped, user)


def _sealing(db: Session, keys: Keys, author: Author, password: str) -> connections.Seal:
    user, data_key = author.user, _data_key(db, keys, author)

    def sealing(place: str) -> str:
        field = connections.PASSWORD_FIELD
        return seal(data_key, password, user=user, object=place, field=field)

    return sealing


def _merged(form: HookForm, entry: HookEntry) -> HookForm:
    """The form with what the entry states."""
    stated: dict[str, Any] = {
        key: getattr(entry, key)
        for key in ("name", "dialect", "time", "window", "enabled", "allow_from")
        if key in entry.said
    }
    if "secret" in entry.said:
        secret = entry.secret
        stated["secret_hash"] = None if secret is None else hooks.hash_of(secret.value)
    return replace(form, **stated)


def _differences(old: Any, new: Any) -> list[str]:
    """The names of the fields in which two values of one kind differ."""
    names = type(old).__dataclass_fields__
    return [name for name in names if getattr(old, name) != getattr(new, name)]


def _note(db: Session, event: Event, author: Author, subject: str, data: Mapping[str, Any]) -> None:
    record(
        db,
        event,
        now=author.now,
        user=author.user,
        actor=author.actor,
        subject=subject,
        data=data,
    )
