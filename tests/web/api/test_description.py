"""The API's own description is valid, and generated requests never end in a 5xx."""

import json
import warnings
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from tests.web.api.conftest import Program


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The description does not depend on the database."""
    return sqlite_url


def described(app: Flask) -> dict[str, Any]:
    told = app.test_client().get("/api/v1/openapi.json")
    assert told.status_code == 200
    return dict(told.json or {})


def test_the_description_is_valid_openapi(app: Flask) -> None:
    validate(described(app))


def test_every_operation_asks_for_a_token_and_says_how_it_fails(app: Flask) -> None:
    spec = described(app)
    assert spec["security"] == [{"bearer": []}]
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            assert "default" in operation["responses"], path
            assert operation["summary"], path


def test_decimals_are_described_as_texts(app: Flask) -> None:
    spec = described(app)
    quantity = spec["components"]["schemas"]["Execution"]["properties"]["quantity"]
    assert quantity["type"] == ["string", "null"]
    assert quantity["format"] == "decimal"


@pytest.mark.slow
def test_generated_requests_never_end_in_a_5xx(app: Flask, alice: Program) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis
        from hypothesis import HealthCheck, given, settings

        schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
        for found in schema.get_all_operations():
            operation = found.ok()  # type: ignore[union-attr]

            @given(case=operation.as_strategy())
            @settings(
                max_examples=12,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            def answered(case: Any) -> None:
                told = case.call(headers={"Authorization": f"Bearer {alice.token}"})
                assert told.status_code < 500, (case.method, case.path, told.status_code)
                assert told.status_code == 204 or json.loads(told.content) is not None

            answered()
