"""`tokens`: bearer tokens of the API. A token is told once, when it is made."""

from typing import Any

from marshmallow import Schema, fields

from bridge import routing
from bridge.schemas import Strict
from bridge.schemas.fields import Text
from bridge.store import people
from bridge.store.people import ApiToken
from bridge.web.api.answers import Id, ListQuery, Moment, Words
from bridge.web.api.bearer import author, caller
from bridge.web.api.paging import paged
from bridge.web.api.resource import Resource
from bridge.web.services import services

tokens = Resource("tokens", "Bearer tokens of this API.")


class TokenSchema(Strict):
    """What a token is for."""

    name = Text(most=60, required=True)


class TokenAnswerSchema(Schema):
    """A token that works. `token` is its text, told once and null afterwards."""

    id = Id(required=True)
    name = Words(required=True)
    created_at = Moment(required=True)
    token = Words(required=True, allow_none=True)


class TokenListSchema(Schema):
    """Tokens that work, newest first."""

    items = fields.List(fields.Nested(TokenAnswerSchema), required=True)
    next = Words(required=True, allow_none=True)


@tokens.get("/tokens")
@tokens.arguments(ListQuery, location="query")
@tokens.response(200, TokenListSchema)
def list_tokens(query: dict[str, Any]) -> Any:
    """Tokens that work, newest first, without their texts."""
    with services().pages.reading() as db:
        found = people.tokens_of(db, caller().user)
    return paged([_answer(token, None) for token in found], query)


@tokens.post("/tokens")
@tokens.arguments(TokenSchema)
@tokens.response(201, TokenAnswerSchema)
def create_token(said: dict[str, Any]) -> Any:
    """Make a token; its text is told here and never again."""
    with services().pages.transaction() as db:
        token, text = routing.add_token(db, author(), said["name"])
    return _answer(token, text)


@tokens.delete("/tokens/<token>")
@tokens.response(204)
def revoke_token(token: str) -> None:
    """End a token, at once."""
    with services().pages.transaction() as db:
        routing.revoke_token(db, author(), people.token_mine(db, caller().user, token))


def _answer(token: ApiToken, text: str | None) -> dict[str, Any]:
    return {
        "id": token.public_id,
        "name": token.name,
        "created_at": token.created_at,
        "token": text,
    }
