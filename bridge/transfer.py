"""USE CASE. Import and export of connections, hooks and rules as one JSON file.

The broker is never called: accounts are kept as written and resolved at the first sign-in.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from bridge import dialects, references, routing
from bridge.audit import Event, record
from bridge.config import Settings
from bridge.domain.values import plain
from bridge.errors import Fault, Invalid, NotFound, Refused
from bridge.routing import Author
from bridge.schemas import (
    HookEntry,
    ImportForm,
    ImportSchema,
    RuleForm,
    UserForm,
    account_as_written,
    as_written,
    loaded,
)
from bridge.sealing import Keys
from bridge.store import Session, connections, hooks, people, rules
from bridge.store.connections import ConnectionFacts
from bridge.store.db import Database
from bridge.store.hooks import Hook
from bridge.store.people import User
from bridge.store.rules import OwnedRule
from bridge.store.signing_in import hash_password

ACTOR = "import"
FIRST_TOKEN = "import"  # noqa: S105 - a token's name, not a secret


@dataclass(frozen=True)
class _Run:
    """One import: who, with what, into where."""

    db: Session
    keys: Keys
    settings: Settings
    author: Author
    rotate_hooks: bool


def import_file(
    database: Database,
    keys: Keys,
    settings: Settings,
    data: Any,
    *,
    rotate_hooks: bool,
    new_token: bool,
    now: datetime,
) -> dict[str, Any]:
    """Add and update by name what the file holds, all of it or nothing; what it lacks stays.

    Hook URLs and the API token are told once; later they are None unless asked for anew.
    Raises Invalid with every fault of the file, or Refused.
    """
    form = _form(database, settings, data)
    password_hash = _hash_for_new(database, form.user)
    with database.transaction() as db:
        user = _user(db, form.user, password_hash, now)
        run = _Run(db, keys, settings, Author(user.id, ACTOR, now), rotate_hooks)
        faults = [*references.faults_of(db, settings, data), *_faults(run, form)]
        if faults:
            raise Invalid(faults)
        answer = _take(run, form, user)
        answer["api_token"] = _token(run, new_token=new_token)
        _note(run, form)
    return answer


def export(database: Database, email: str, now: datetime) -> dict[str, Any]:
    """A user's connections, hooks and rules as a file without secrets, in the form of the import.

    Raises NotFound when there is no such user.
    """
    with database.transaction() as db:
        user = people.by_email(db, email)
        if user is None:
            raise NotFound(f"there is no user {email}")
        record(db, Event.EXPORT_DONE, now=now, user=user.id, actor="export", subject=user.email)
        return {
            "user": {"email": user.email},
            "connections": [_connection_out(c) for c in connections.list_of(db, user.id)],
            "hooks": [_hook_out(hook) for hook in hooks.list_of(db, user.id)],
            "rules": [rule_out(owned) for owned in rules.list_of(db, user.id)],
        }


def check_dialect(dialect: str) -> None:
    """Raises Refused for a dialect that is not read."""
    known = (dialects.AUTO, *dialects.NAMES)
    if dialect not in known:
        raise Refused("not_a_choice", "dialect", f"'{dialect}' is not one of {', '.join(known)}.")


def rule_out(owned: OwnedRule) -> dict[str, Any]:
    """A rule as the import file writes it."""
    accounts = [
        {
            "connection": account.connection,
            "account": account_as_written(*owned.refs[account.account]),
            "multiplier": plain(account.multiplier),
        }
        for account in owned.rule.accounts
    ]
    return {**as_written(owned.rule), "hook": owned.hook_name, "accounts": accounts}


def _form(database: Database, settings: Settings, data: Any) -> ImportForm:
    """The file's form. Raises Invalid with what its shape and its references have wrong."""
    try:
        form: ImportForm = loaded(ImportSchema(), data)
    except Invalid as exc:
        with database.reading() as db:
            more = list(references.faults_of(db, settings, data))
        named = {fault.field for fault in exc.faults}
        raise Invalid([*exc.faults, *(f for f in more if f.field not in named)]) from exc
    return form


def _hash_for_new(database: Database, form: UserForm) -> str | None:
    """The hash of a new user's password, made before any transaction: it takes its time."""
    with database.reading() as db:
        known = people.by_email(db, form.email) is not None
    if known:
        return None
    if form.password is None:
        raise Refused("missing", "user.password", "A new user needs a password.")
    with _at("user"):
        return hash_password(form.password.value)


def _user(db: Session, form: UserForm, password_hash: str | None, now: datetime) -> User:
    known = people.by_email(db, form.email)
    if known is not None:
        return known
    if password_hash is None:
        raise Refused("missing", "user.password", "A new user needs a password.")
    made = people.create_user(db, form.email, password_hash, now)
    record(db, Event.USER_CREATED, now=now, user=made.id, actor=ACTOR, subject=made.email)
    return made


def _faults(run: _Run, form: ImportForm) -> Iterator[Fault]:
    """What only the database and the settings can tell."""
    db, user = run.db, run.author.user
    for i, entry in enumerate(form.connections):
        new = connections.by_name(db, user, entry.name) is None
        if new and entry.password is None:
            at = f"connections[{i}].password"
            yield Fault("missing", at, "A new connection needs its password.")
    for i, hook in enumerate(form.hooks):
        old = hooks.by_name(db, user, hook.name)
        yield from _fault_of(f"hooks[{i}]", partial(routing.check_signature, old, hook))


def _fault_of(path: str, check: Callable[[], None]) -> Iterator[Fault]:
    try:
        check()
    except Refused as exc:
        yield replace(exc.fault, field=f"{path}.{exc.fault.field}")


@contextmanager
def _at(path: str) -> Iterator[None]:
    """Say where in the file something was refused."""
    try:
        yield
    except Refused as exc:
        fault = exc.fault
        raise Refused(fault.code, f"{path}.{fault.field}", fault.message) from exc


def _take(run: _Run, form: ImportForm, user: User) -> dict[str, Any]:
    kept_connections = {}
    for i, entry in enumerate(form.connections):
        with _at(f"connections[{i}]"):
            old = connections.by_name(run.db, user.id, entry.name)
            if old is None:
                kept = routing.add_connection(run.db, run.keys, run.author, entry)
            else:
                kept = routing.change_connection(run.db, run.keys, run.author, old, entry)
        kept_connections[entry.name] = kept.public_id
    urls = {entry.name: _hook(run, i, entry) for i, entry in enumerate(form.hooks)}
    kept_rules = {f.rule.name: _rule(run, i, f) for i, f in enumerate(form.rules)}
    return {
        "user": {"id": user.public_id, "email": user.email},
        "api_token": None,
        "hooks": urls,
        "connections": kept_connections,
        "rules": kept_rules,
        "warnings": _warnings(run, form),
    }


def _hook(run: _Run, i: int, entry: HookEntry) -> str | None:
    """The hook's URL when it is new or rotated, else None."""
    with _at(f"hooks[{i}]"):
        old = hooks.by_name(run.db, run.author.user, entry.name)
        if old is None:
            _, token = routing.add_hook(run.db, run.keys, run.author, entry)
        else:
            routing.change_hook(run.db, run.keys, run.author, old, entry)
            if not run.rotate_hooks:
                return None
            token = routing.rotate_hook(run.db, run.author, old)
    return routing.hook_url(run.settings.url, token)


def _rule(run: _Run, i: int, form: RuleForm) -> str:
    """The rule's public id. Where no position is written, the order in the file is the order."""
    placed = replace(form, position=i if form.position is None else form.position)
    user = run.author.user
    with _at(f"rules[{i}]"):
        old = rules.by_name(run.db, user, form.rule.name)
        hook = _named_hook(run.db, user, form.hook)
        kept = routing.save_rule(
            run.db, run.author, placed, hook, lambda n: _named_connection(run.db, user, n), old
        )
    return kept.public_id


def _named_hook(db: Session, user: int, name: str) -> Hook:
    hook = hooks.by_name(db, user, name)
    if hook is None:
        raise Refused("unknown_hook", "hook", f"There is no hook named '{name}'.")
    return hook


def _named_connection(db: Session, user: int, name: str) -> ConnectionFacts:
    connection = connections.by_name(db, user, name)
    if connection is None:
        raise Refused("unknown_connection", "accounts", f"There is no connection named '{name}'.")
    return connection


def _warnings(run: _Run, form: ImportForm) -> list[str]:
    names = dict.fromkeys([*(h.name for h in form.hooks), *(r.hook for r in form.rules)])
    found = (_named_hook(run.db, run.author.user, name) for name in names)
    return [warning for hook in found for warning in routing.warnings_at(run.db, hook.id)]


def _token(run: _Run, *, new_token: bool) -> str | None:
    if not new_token and people.ever_had_token(run.db, run.author.user):
        return None
    return routing.add_token(run.db, run.author, FIRST_TOKEN)[1]


def _note(run: _Run, form: ImportForm) -> None:
    counts: Sequence[tuple[str, Sequence[object]]] = (
        ("connection", form.connections),
        ("hooks", form.hooks),
        ("rules", form.rules),
    )
    record(
        run.db,
        Event.IMPORT_DONE,
        now=run.author.now,
        user=run.author.user,
        actor=ACTOR,
        data={key: len(entries) for key, entries in counts},
    )


def _connection_out(connection: ConnectionFacts) -> dict[str, Any]:
    return {
        "name": connection.name,
        "environment": connection.environment,
        "email": connection.email,
        "server": connection.server,
    }


def _hook_out(hook: Hook) -> dict[str, Any]:
    return {
        "name": hook.name,
        "dialect": hook.dialect,
        "time": hook.time,
        "window": hook.window,
        "enabled": hook.enabled,
        "allow_from": list(hook.allow_from),
        "signature": {"scheme": hook.signature.scheme} if hook.signature else None,
    }
