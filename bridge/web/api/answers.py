"""The forms of the API's answers, and of the queries that ask for them."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from bridge.domain.status import AlertStatus, Status
from bridge.domain.values import rfc3339, utc_from
from bridge.schemas import Strict, Told
from bridge.schemas.fields import Choice, Number, Said, Text, Whole

PUBLIC_ID = r"^[0-9a-f]{32}$"


class Id(Said, fields.Field[str]):
    """A public id."""

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "pattern": PUBLIC_ID}


class Moment(Said, fields.Field[datetime]):
    """A time: RFC 3339, in answers UTC with milliseconds."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        when = utc_from(value) if isinstance(value, str) else None
        if when is None:
            raise ValidationError(
                Told("bad_time", "This must be a time with a zone, as 2026-01-02T03:04:05Z.")
            )
        return when

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


class Words(Said, fields.Field[str]):
    """A text in an answer."""

    def openapi(self) -> dict[str, Any]:
        return {"type": "string"}


class FaultSchema(Schema):
    """One thing that is wrong."""

    code = Words(required=True)
    field = Words(required=True, allow_none=True)
    message = Words(required=True)


class ErrorSchema(Schema):
    """An error: one fault, or `code` invalid with several."""

    code = Words(required=True)
    field = Words(allow_none=True)
    message = Words()
    errors = fields.List(fields.Nested(FaultSchema))


class ListQuery(Strict):
    """Which page of a list."""

    after = Text(most=64)
    limit = Whole(least=1, most=200, load_default=50)


class PartQuery(ListQuery):
    """Which part of a list, by time too."""

    since = Moment()
    until = Moment()

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        if "since" in data and "until" in data and data["since"] >= data["until"]:
            raise ValidationError({"until": [Told("reversed", "'until' must be after 'since'.")]})


class AlertsQuery(PartQuery):
    """Which alerts."""

    hook = Text(most=64)
    status = Choice(s.value for s in AlertStatus)


class ExecutionsQuery(PartQuery):
    """Which executions."""

    alert = Text(most=64)
    rule = Text(most=64)
    account = Text(most=64)
    status = Choice(s.value for s in Status)
    symbol = Text(most=80)


class AuditQuery(PartQuery):
    """Which audit entries."""

    event = Text(most=60)
    alert = Text(most=64)
    execution = Text(most=64)


class AlertSchema(Schema):
    """An alert as a list shows it."""

    id = Id(required=True)
    hook = Id(required=True)
    received_at = Moment(required=True)
    status = Words(required=True)
    dialect = Words(required=True, allow_none=True)
    reason = Words(required=True, allow_none=True)
    duplicate_of = Id(required=True, allow_none=True)
    executions = fields.List(Id(), required=True)


class AlertWholeSchema(AlertSchema):
    """An alert with all that was kept of it."""

    source_time = Moment(required=True, allow_none=True)
    test = fields.Boolean(required=True)
    code = Words(required=True, allow_none=True)
    field = Words(required=True, allow_none=True)
    conflict = fields.Boolean(required=True)
    body = Words(required=True)
    content_type = Words(required=True, allow_none=True)
    sender = Words(required=True, allow_none=True)
    signals = fields.List(fields.Dict(), required=True)
    repairs = fields.List(Words(), required=True)
    not_honoured = fields.List(fields.Dict(), required=True)
    unmatched = fields.List(fields.Dict(), required=True)


class ExecutionSchema(Schema):
    """An execution as a list shows it."""

    id = Id(required=True)
    alert = Id(required=True)
    rule = Id(required=True)
    account = Id(required=True)
    kind = Words(required=True)
    status = Words(required=True)
    reason = Words(required=True, allow_none=True)
    action = Words(required=True)
    symbol = Words(required=True, allow_none=True)
    quantity = Number(required=True, allow_none=True)
    tag = Words(required=True)
    broker_order_id = Words(required=True, allow_none=True)
    position_id = Words(required=True, allow_none=True)
    created_at = Moment(required=True)
    sent_at = Moment(required=True, allow_none=True)
    answered_at = Moment(required=True, allow_none=True)
    final_at = Moment(required=True, allow_none=True)


class ExecutionWholeSchema(ExecutionSchema):
    """An execution with how it was decided and what came of it."""

    code = Words(required=True, allow_none=True)
    waiting = Words(required=True, allow_none=True)
    signal_no = fields.Integer(required=True)
    leg = fields.Integer(required=True)
    direction = Words(required=True)
    side = Words(required=True, allow_none=True)
    attempt = fields.Integer(required=True)
    intent = fields.Dict(required=True)
    arithmetic = fields.List(Words(), required=True)
    fill_price = Number(required=True, allow_none=True)
    fill_lots = Number(required=True, allow_none=True)
    source_time = Moment(required=True)
    received_at = Moment(required=True)


class EntrySchema(Schema):
    """An audit entry; `call` is the redacted broker call with its answer."""

    id = Id(required=True)
    at = Moment(required=True)
    actor = Words(required=True)
    event = Words(required=True)
    alert = Id(required=True, allow_none=True)
    execution = Id(required=True, allow_none=True)
    subject = Words(required=True, allow_none=True)
    reason = Words(required=True, allow_none=True)
    data = fields.Dict(required=True, allow_none=True)
    call = fields.Dict(required=True, allow_none=True)


def list_of(item: type[Schema], name: str) -> type[Schema]:
    """The form of a list's answer: the rows and where the next begin."""
    return type(
        name,
        (Schema,),
        {
            "__doc__": "Some rows, newest first; `next` goes into `after`.",
            "items": fields.List(fields.Nested(item), required=True),
            "next": Words(required=True, allow_none=True),
        },
    )


AlertList = list_of(AlertSchema, "AlertList")
ExecutionList = list_of(ExecutionSchema, "ExecutionList")
EntryList = list_of(EntrySchema, "AuditList")
