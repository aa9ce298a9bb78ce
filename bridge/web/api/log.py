"""`alerts`, `executions`, `audit`: what happened and why, read only."""

from collections.abc import Mapping
from typing import Any

from bridge.store import listings
from bridge.store.listings import Range
from bridge.web.api.answers import (
    AlertList,
    AlertsQuery,
    AlertWholeSchema,
    AuditQuery,
    EntryList,
    EntrySchema,
    ExecutionList,
    ExecutionsQuery,
    ExecutionWholeSchema,
)
from bridge.web.api.bearer import caller
from bridge.web.api.resource import Resource
from bridge.web.services import services

alerts = Resource("alerts", "Messages that arrived at hooks.")
executions = Resource("executions", "What was done about them, and what came of it.")
audit = Resource("audit", "Every entry of the audit log, broker calls with their answers.")


@alerts.get("/alerts")
@alerts.arguments(AlertsQuery, location="query")
@alerts.response(200, AlertList)
def list_alerts(query: dict[str, Any]) -> Any:
    """Alerts, newest first."""
    with services().pages.reading() as db:
        return listings.alerts(db, caller().user, _part(query), **query)


@alerts.get("/alerts/<alert>")
@alerts.response(200, AlertWholeSchema)
def one_alert(alert: str) -> Any:
    """One alert, whole."""
    with services().pages.reading() as db:
        return listings.alert(db, caller().user, alert)


@executions.get("/executions")
@executions.arguments(ExecutionsQuery, location="query")
@executions.response(200, ExecutionList)
def list_executions(query: dict[str, Any]) -> Any:
    """Executions, newest first."""
    with services().pages.reading() as db:
        return listings.executions(db, caller().user, _part(query), **query)


@executions.get("/executions/<execution>")
@executions.response(200, ExecutionWholeSchema)
def one_execution(execution: str) -> Any:
    """One execution, whole."""
    with services().pages.reading() as db:
        return listings.execution(db, caller().user, execution)


@audit.get("/audit")
@audit.arguments(AuditQuery, location="query")
@audit.response(200, EntryList)
def list_entries(query: dict[str, Any]) -> Any:
    """Audit entries, newest first."""
    with services().pages.reading() as db:
        return listings.entries(db, caller().user, _part(query), **query)


@audit.get("/audit/<entry>")
@audit.response(200, EntrySchema)
def one_entry(entry: str) -> Any:
    """One audit entry."""
    with services().pages.reading() as db:
        return listings.entry(db, caller().user, entry)


def _part(query: dict[str, Any]) -> Range:
    """Takes the part of the list out of a query; the filters stay in it."""
    part: Mapping[str, Any] = {
        key: query.pop(key) for key in ("limit", "after", "since", "until") if key in query
    }
    return Range(**part)
