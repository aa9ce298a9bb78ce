"""What every resource of the API shares: its place, its token, its strict reading of input."""

from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Request
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint
from flask_smorest.arguments import FlaskParser
from flask_smorest.spec import MarshmallowPlugin
from marshmallow import RAISE, Schema, ValidationError

from bridge.schemas import invalid, load_json
from bridge.web.api.answers import ErrorSchema
from bridge.web.api.bearer import require_token

PREFIX = "/api/v1"


class StrictParser(FlaskParser):  # type: ignore[misc]  # smorest ships no types
    """Reads bodies with our own JSON, refuses what it does not know, and names every fault."""

    DEFAULT_UNKNOWN_BY_LOCATION: Mapping[str, str | None] = {"json": None, "query": RAISE}

    def load_json(self, req: Request, schema: Schema) -> Any:
        return load_json(req.get_data(cache=False))

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        ((_, messages),) = error.messages_dict.items()
        raise invalid(ValidationError(messages)) from error


class Resource(Blueprint):  # type: ignore[misc]  # smorest ships no types
    """One resource under the API's prefix, behind a bearer token."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(f"api-{name}", __name__, url_prefix=PREFIX, description=description)
        self.before_request(require_token)


class Api(SmorestApi):  # type: ignore[misc]  # smorest ships no types
    """The description of the API. Errors are answered where all of Bridge's are."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        """Left to `web.errors`."""


def plugin() -> MarshmallowPlugin:
    """Names each schema by its class, so that none is described twice."""
    return MarshmallowPlugin(schema_name_resolver=_name)


def _name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return str(kind.__name__).removesuffix("Schema")


def describe(_: Any, field: Any, **__: Any) -> dict[str, Any]:
    """What our own fields say of themselves in the description; null where they allow it."""
    said: dict[str, Any] = field.openapi() if hasattr(field, "openapi") else {}
    if field.allow_none and isinstance(said.get("type"), str):
        said = {**said, "type": [said["type"], "null"]}
        if "enum" in said:
            said["enum"] = [*said["enum"], None]
    return said
