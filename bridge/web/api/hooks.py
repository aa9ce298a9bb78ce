"""`hooks`: secret inbound addresses. An address is told once: when it is made or rotated."""

from dataclasses import replace
from typing import Any

from marshmallow import Schema, fields

from bridge import routing
from bridge.schemas import HookEntry, HookSchema
from bridge.schemas.fields import Text
from bridge.store import hooks as stored
from bridge.store.hooks import Hook
from bridge.transfer import check_dialect
from bridge.web.api.answers import Id, ListQuery, Moment, Words
from bridge.web.api.bearer import author, caller
from bridge.web.api.paging import paged
from bridge.web.api.resource import Resource
from bridge.web.services import encryption_keys, services

hooks = Resource("hooks", "Secret inbound addresses.")


class HookChangeSchema(HookSchema):
    """What is to change; what is left out stays. `secret`, `signature` null: none is asked for."""

    name = Text(most=80)


class SignatureAnswerSchema(Schema):
    """How a hook's alerts must be signed."""

    scheme = Words(required=True)


class HookAnswerSchema(Schema):
    """A hook. `url` is told once, when the hook is made or rotated, and null afterwards."""

    id = Id(required=True)
    name = Words(required=True)
    dialect = Words(required=True)
    time = Words(required=True)
    window = fields.Integer(required=True)
    enabled = fields.Boolean(required=True)
    asks_secret = fields.Boolean(required=True)
    allow_from = fields.List(Words(), required=True)
    signature = fields.Nested(SignatureAnswerSchema, required=True, allow_none=True)
    created_at = Moment(required=True)
    url = Words(required=True, allow_none=True)


class HookListSchema(Schema):
    """Hooks, newest first."""

    items = fields.List(fields.Nested(HookAnswerSchema), required=True)
    next = Words(required=True, allow_none=True)


@hooks.get("/hooks")
@hooks.arguments(ListQuery, location="query")
@hooks.response(200, HookListSchema)
def list_hooks(query: dict[str, Any]) -> Any:
    """Hooks, newest first."""
    with services().pages.reading() as db:
        found = stored.list_of(db, caller().user)
    return paged([_answer(hook, None) for hook in reversed(found)], query)


@hooks.post("/hooks")
@hooks.arguments(HookSchema)
@hooks.response(201, HookAnswerSchema)
def create_hook(entry: HookEntry) -> Any:
    """Add a hook; its `url` is told here and never again."""
    check_dialect(entry.dialect)
    with services().pages.transaction() as db:
        hook, token = routing.add_hook(db, encryption_keys(), author(), entry)
    return _answer(hook, token)


@hooks.get("/hooks/<hook>")
@hooks.response(200, HookAnswerSchema)
def one_hook(hook: str) -> Any:
    """One hook."""
    with services().pages.reading() as db:
        return _answer(stored.mine(db, caller().user, hook), None)


@hooks.patch("/hooks/<hook>")
@hooks.arguments(HookChangeSchema)
@hooks.response(200, HookAnswerSchema)
def change_hook(entry: HookEntry, hook: str) -> Any:
    """Change a hook; its address stays."""
    with services().pages.transaction() as db:
        old = stored.mine(db, caller().user, hook)
        stated = entry if "dialect" in entry.said else replace(entry, dialect=old.dialect)
        check_dialect(stated.dialect)
        changed = routing.change_hook(db, encryption_keys(), author(), old, stated)
    return _answer(changed, None)


@hooks.post("/hooks/<hook>/rotate")
@hooks.response(200, HookAnswerSchema)
def rotate_hook(hook: str) -> Any:
    """Give a hook a new address; the old one works for another 24 hours."""
    with services().pages.transaction() as db:
        old = stored.mine(db, caller().user, hook)
        token = routing.rotate_hook(db, author(), old)
    return _answer(old, token)


def _answer(hook: Hook, token: str | None) -> dict[str, Any]:
    base = services().settings.url
    return {
        "id": hook.public_id,
        "name": hook.name,
        "dialect": hook.dialect,
        "time": hook.time,
        "window": hook.window,
        "enabled": hook.enabled,
        "asks_secret": hook.secret_hash is not None,
        "allow_from": list(hook.allow_from),
        "signature": {"scheme": hook.signature.scheme} if hook.signature else None,
        "created_at": hook.created_at,
        "url": None if token is None else routing.hook_url(base, token),
    }
