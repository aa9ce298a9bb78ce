"""`preview`: what a pasted message would do at a hook. Nothing is stored and nothing is sent."""

from typing import Any

from marshmallow import Schema, ValidationError, fields

from bridge.preview import preview as computed
from bridge.schemas import Strict, Told
from bridge.schemas.fields import Said, Text
from bridge.web.api.answers import FaultSchema, Words
from bridge.web.api.bearer import caller
from bridge.web.api.resource import Resource
from bridge.web.services import services

preview = Resource("preview", "What a pasted message would do.")
LONGEST = 64 * 1024


class Message(Said, fields.Field[str]):
    """A message as it would arrive at the hook, on any number of lines."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or len(value) > LONGEST:
            raise ValidationError(Told("no_text", f"This must be a text of up to {LONGEST}."))
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": LONGEST}


class PreviewSchema(Strict):
    """A message and the hook it would arrive at."""

    hook = Text(most=64, required=True)
    message = Message(required=True)


class PreviewAnswerSchema(Schema):
    """What the message says, which rules act with which legs, and why the others do not."""

    dialect = Words(required=True, allow_none=True)
    signals = fields.List(fields.Dict(), required=True)
    repairs = fields.List(Words(), required=True)
    not_honoured = fields.List(fields.Dict(), required=True)
    refusal = fields.Nested(FaultSchema, required=True, allow_none=True)
    test = fields.Boolean(required=True)
    matches = fields.List(fields.Dict(), required=True)
    unmatched = fields.List(fields.Dict(), required=True)


@preview.post("/preview")
@preview.arguments(PreviewSchema)
@preview.response(200, PreviewAnswerSchema)
def show_preview(said: dict[str, str]) -> Any:
    """Compute what a message would do; the broker is not asked."""
    raw = said["message"].encode("utf-8")
    return computed(services().pages, caller().user, said["hook"], raw)
