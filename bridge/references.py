"""What a file names that nothing bears, or that is not allowed here.

Read from what was given, whether or not its form loads, so that all its faults are told at once.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bridge import dialects
from bridge.config import Settings
from bridge.errors import Fault
from bridge.store import Session, connections, hooks, people


def faults_of(db: Session, settings: Settings, data: Any) -> Iterator[Fault]:
    """Unknown dialects, hooks and connections, and environments that are not allowed here."""
    given = data if isinstance(data, Mapping) else {}
    user = _user(db, given.get("user"))
    known_hooks = _names(given, "hooks") | {h.name for h in _owned(db, user, hooks.list_of)}
    known = _names(given, "connections") | {c.name for c in _owned(db, user, connections.list_of)}
    yield from _environments(given, settings)
    yield from _dialects(given)
    for i, rule in _rows(given, "rules"):
        yield from _rule(f"rules[{i}]", rule, known_hooks, known)


def _user(db: Session, given: Any) -> int | None:
    email = given.get("email") if isinstance(given, Mapping) else None
    user = people.by_email(db, email) if isinstance(email, str) else None
    return None if user is None else user.id


def _owned(db: Session, user: int | None, listed: Any) -> Any:
    return [] if user is None else listed(db, user)


def _rows(given: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = given.get(key)
    for i, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, Mapping):
            yield i, row


def _names(given: Mapping[str, Any], key: str) -> set[str]:
    return {row["name"].strip() for _, row in _rows(given, key) if isinstance(row.get("name"), str)}


def _environments(given: Mapping[str, Any], settings: Settings) -> Iterator[Fault]:
    for i, row in _rows(given, "connections"):
        if row.get("environment") == "live" and not settings.allow_live:
            yield Fault(
                "live_not_allowed",
                f"connections[{i}].environment",
                "Live connections are switched off on this server; BRIDGE_ALLOW_LIVE=yes allows "
                "them.",
            )


def _dialects(given: Mapping[str, Any]) -> Iterator[Fault]:
    known = (dialects.AUTO, *dialects.NAMES)
    for i, row in _rows(given, "hooks"):
        said = row.get("dialect", dialects.AUTO)
        if isinstance(said, str) and said.strip() not in known:
            text = f"'{said}' is not one of {', '.join(known)}."
            yield Fault("not_a_choice", f"hooks[{i}].dialect", text)


def _rule(
    path: str, rule: Mapping[str, Any], known_hooks: set[str], known: set[str]
) -> Iterator[Fault]:
    hook = rule.get("hook")
    if isinstance(hook, str) and hook.strip() not in known_hooks:
        yield Fault("unknown_hook", f"{path}.hook", f"There is no hook named '{hook}'.")
    for i, account in _rows(rule, "accounts"):
        name = account.get("connection")
        if isinstance(name, str) and name.strip() not in known:
            yield Fault(
                "unknown_connection",
                f"{path}.accounts[{i}].connection",
                f"There is no connection named '{name}'.",
            )
